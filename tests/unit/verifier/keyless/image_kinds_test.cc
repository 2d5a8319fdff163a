// Every kind of complete image signature, by certificates and by keys of which more is asked than a
// signature.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keyless/image_fixture.h"
#include "private_sigstore/trusted_root_json.h"

namespace sigward::verifier {
namespace {

using sigward::testing::AddBundle;
using sigward::testing::AddLegacySignature;
using sigward::testing::AskForEach;
using sigward::testing::AskImage;
using sigward::testing::AskLegacy;
using sigward::testing::AuthorityJson;
using sigward::testing::BundleKind;
using sigward::testing::BundleKinds;
using sigward::testing::Content;
using sigward::testing::DemandsWithoutLog;
using sigward::testing::ImageEvidence;
using sigward::testing::Keyed;
using sigward::testing::Keyless;
using sigward::testing::KindNamed;
using sigward::testing::kIssuer;
using sigward::testing::kSubjectUri;
using sigward::testing::LegacyLayerOf;
using sigward::testing::LegacyPlan;
using sigward::testing::LegacyPlanByKey;
using sigward::testing::LinuxAmd64;
using sigward::testing::PartsOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::ReferrerOf;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::TimestampAuthority;
using sigward::testing::UsualDemands;
using sigward::testing::WithFormat;
using ::testing::ElementsAre;

base::ByteBuffer Owned(base::ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST(ImageKindsTest, EachBundleThatIsAnImageSignature) {
  std::size_t envelopes = 0;
  for (const BundleKind& kind : BundleKinds()) {
    ImageEvidence evidence;
    AddBundle(evidence, PartsOf(kind), kind.version);
    const bool by_key = kind.signer == sigward::testing::Signer::kKey;
    ImageAuthority authority = Keyless();
    if (by_key) {
      authority = sigward::testing::AuthorityOf(sigward::testing::TestKey::Shared(kind.key));
      std::get<KeyAuthority>(authority).demands = &UsualDemands();
    }
    const bool envelope = kind.content == Content::kEnvelope;
    EXPECT_EQ(AskImage(evidence, authority), envelope ? "verified" : "unsupported-format")
        << kind.name;
    envelopes += envelope ? 1 : 0;
  }
  EXPECT_EQ(envelopes, 12U);
}

TEST(ImageKindsTest, LegacyByCertificate) {
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlan())), "verified");
}

TEST(ImageKindsTest, LegacyWithoutChain) {
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  parts.issuers.clear();
  EXPECT_EQ(AskLegacy(parts), "verified");
}

TEST(ImageKindsTest, LegacyChainsHoldTheRootToo) {
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  parts.issuers.push_back(Owned(Sigstore().authority().root().der()));
  EXPECT_EQ(AskLegacy(parts), "verified");
}

TEST(ImageKindsTest, LegacyChainsMayBringTheIntermediate) {
  base::Json json = Sigstore().root_json();
  json["certificateAuthorities"] =
      base::Json::array({AuthorityJson({Sigstore().authority().root().der()})});
  const TrustRoot root = PrivateSigstore::RootOf(json);
  EntityDemands demands = UsualDemands();
  demands.trust = TrustMaterial::Of(root);
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  EXPECT_EQ(AskLegacy(parts, Keyless(demands)), "verified");
  parts.issuers.clear();
  EXPECT_EQ(AskLegacy(parts, Keyless(demands)), "untrusted-certificate");
}

TEST(ImageKindsTest, LegacyIsSha256WhateverTheKey) {
  SigningPlan plan = LegacyPlan();
  plan.key = &TestKey::Shared(KeyType::kEcdsaP384);
  SignatureParts parts = Sigstore().Make(plan);
  EXPECT_EQ(AskLegacy(parts), "bad-signature");
  parts.logged.signature = plan.key->Sign(base::AsBytes(plan.payload), HashAlgorithm::kSha256);
  parts.entries = {Sigstore().Log(parts.logged, plan.entry)};
  EXPECT_EQ(AskLegacy(parts), "verified");
}

TEST(ImageKindsTest, LegacyStampedAndLogged) {
  SigningPlan plan = LegacyPlan();
  plan.stamped = TimestampAuthority::kNow;
  EXPECT_EQ(AskLegacy(Sigstore().Make(plan)), "verified");
}

TEST(ImageKindsTest, LegacyStampedInsteadOfLogged) {
  SigningPlan plan = LegacyPlan();
  plan.stamped = TimestampAuthority::kNow;
  SignatureParts parts = Sigstore().Make(plan);
  parts.entries.clear();
  EXPECT_EQ(AskLegacy(parts, Keyless(DemandsWithoutLog())), "verified");
  EXPECT_EQ(AskLegacy(parts), "not-logged");
}

TEST(ImageKindsTest, LegacyByKey) {
  SigningPlan plan = LegacyPlanByKey();
  plan.stamped = TimestampAuthority::kNow;
  const SignatureParts parts = Sigstore().Make(plan);
  EntityDemands stamped = UsualDemands();
  stamped.requirements.timestamps = 1;
  EXPECT_EQ(AskLegacy(parts, Keyed()), "verified");
  EXPECT_EQ(AskLegacy(parts, Keyed(&UsualDemands())), "verified");
  EXPECT_EQ(AskLegacy(parts, Keyed(&stamped)), "verified");
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlanByKey()), Keyed(&stamped)), "no-trusted-time");
}

// cosign lets a key be certified: the log then has the certificate.
TEST(ImageKindsTest, LegacyByAKeyThatIsCertified) {
  const SignatureParts certified = Sigstore().Make(LegacyPlan());
  EXPECT_EQ(AskLegacy(certified, Keyed()), "verified");
  EXPECT_EQ(AskLegacy(certified, Keyed(&UsualDemands())), "verified");
  SigningPlan plan = LegacyPlan();
  plan.key = &TestKey::Stranger();
  EXPECT_EQ(AskLegacy(Sigstore().Make(plan), Keyed(&UsualDemands())), "bad-signature");
  // The certificate was put there later, and the log does not have it.
  SignatureParts bare = Sigstore().Make(LegacyPlanByKey());
  bare.logged.certificate = certified.logged.certificate;
  EXPECT_EQ(AskLegacy(bare, Keyed(&UsualDemands())), "log-mismatch");
  // It is of another key: nothing about this one.
  bare.logged.certificate = Sigstore().Make(plan).logged.certificate;
  EXPECT_EQ(AskLegacy(bare, Keyed(&UsualDemands())), "verified");
}

TEST(ImageKindsTest, LegacyAsAReferrer) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  ImageEvidence evidence;
  evidence.AddBlob(parts.logged.payload);
  evidence.AddReferrer(ReferrerOf({LegacyLayerOf(parts)}, TestImage()), TestImage());
  EXPECT_EQ(AskImage(evidence), "verified");
}

TEST(ImageKindsTest, WitnessSaysWhom) {
  ImageEvidence evidence;
  AddLegacySignature(evidence, Sigstore().Make(LegacyPlan()));
  const ImageAuthority authority = Keyless();
  ChainMemory memory;
  ImageVerdict verdict =
      VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), {&authority, 1}, memory);
  const auto& signature = std::get<VerifiedSignature>(verdict.authorities.at(0).outcome);
  ASSERT_TRUE(signature.identity().has_value());
  EXPECT_EQ(signature.identity()->subject, kSubjectUri);
  EXPECT_EQ(signature.identity()->issuer, kIssuer);
  EXPECT_EQ(signature.format(), SignatureFormat::kCosignLegacy);
  EXPECT_EQ(signature.docker_reference(), "registry.example/app");
  EXPECT_EQ(signature.subject(), TestImage());
  EXPECT_EQ(signature.proof().size(), 2U);
}

TEST(ImageKindsTest, BothFormatsSideBySide) {
  ImageEvidence evidence;
  AddLegacySignature(evidence, Sigstore().Make(LegacyPlan()));
  AddBundle(evidence, PartsOf(KindNamed("03 dsse by Ed25519")));
  const auto by_key = [] {
    return sigward::testing::AuthorityOf(sigward::testing::TestKey::Shared(KeyType::kEd25519));
  };
  EXPECT_THAT(AskForEach(evidence, Keyless(), by_key(),
                         WithFormat(Keyless(), SignatureFormat::kCosignLegacy),
                         WithFormat(by_key(), SignatureFormat::kSigstoreBundle),
                         WithFormat(Keyless(), SignatureFormat::kSigstoreBundle),
                         WithFormat(by_key(), SignatureFormat::kCosignLegacy)),
              ElementsAre("verified", "verified", "verified", "verified", "bad-signature",
                          "bad-signature"));
}

}  // namespace
}  // namespace sigward::verifier
