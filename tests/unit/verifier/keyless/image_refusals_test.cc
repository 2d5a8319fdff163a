// Faults of image signatures as a whole: what a bundle alone does not show.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/base64.h"
#include "keyless/image_fixture.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AddBundle;
using sigward::testing::AddBundleText;
using sigward::testing::AddLayers;
using sigward::testing::AddLegacySignature;
using sigward::testing::AskForEach;
using sigward::testing::AskImage;
using sigward::testing::AskLayer;
using sigward::testing::AskLegacy;
using sigward::testing::DemandsWithoutLog;
using sigward::testing::ImageEvidence;
using sigward::testing::IntermediatePlanNow;
using sigward::testing::kCertificateAnnotation;
using sigward::testing::kChainAnnotation;
using sigward::testing::Keyed;
using sigward::testing::Keyless;
using sigward::testing::KindNamed;
using sigward::testing::kRekorAnnotation;
using sigward::testing::kTimestampAnnotation;
using sigward::testing::LegacyLayerOf;
using sigward::testing::LegacyPlan;
using sigward::testing::LegacyPlanByKey;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateAuthority;
using sigward::testing::RootPlanNow;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::StatementFor;
using sigward::testing::SubjectAltNames;
using sigward::testing::TestImage;
using sigward::testing::TimestampAuthority;
using sigward::testing::UriName;
using sigward::testing::UsualDemands;
using sigward::testing::WithFormat;
using ::testing::ElementsAre;

base::ByteBuffer Owned(base::ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

Digest OtherImage() {
  return Digest::Of(base::AsBytes("another image"));
}

std::string AskBundle(const SigningPlan& plan, const ImageAuthority& authority = Keyless()) {
  ImageEvidence evidence;
  AddBundle(evidence, PartsOf(KindNamed("03 dsse"), plan));
  return AskImage(evidence, authority);
}

SigningPlan StatementPlan(const Json& statement) {
  SigningPlan plan = PlanOf(KindNamed("03 dsse"));
  plan.payload = statement.dump();
  return plan;
}

TEST(ImageRefusalsTest, AttestationsAreNoImageSignatures) {
  Json statement = StatementFor(TestImage());
  EXPECT_EQ(AskBundle(StatementPlan(statement)), "verified");
  statement["predicateType"] = "https://slsa.dev/provenance/v1";
  EXPECT_EQ(AskBundle(StatementPlan(statement)), "no-signature");
  statement["predicateType"] = "https://sigstore.dev/cosign/sign/v1/";
  EXPECT_EQ(AskBundle(StatementPlan(statement)), "no-signature");
}

TEST(ImageRefusalsTest, SignaturesOfAnotherImage) {
  EXPECT_EQ(AskBundle(StatementPlan(StatementFor(OtherImage()))), "digest-mismatch");
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlan(OtherImage()))), "digest-mismatch");
}

TEST(ImageRefusalsTest, OtherPayloadTypes) {
  SigningPlan plan = StatementPlan(StatementFor(TestImage()));
  plan.payload_type = "application/vnd.in-toto+json;x";
  EXPECT_EQ(AskBundle(plan), "wrong-type");
}

TEST(ImageRefusalsTest, AnotherIdentity) {
  for (const bool legacy : {false, true}) {
    SigningPlan plan = legacy ? LegacyPlan() : PlanOf(KindNamed("03 dsse"));
    plan.leaf->raw[0] = SubjectAltNames({UriName("https://example.com/other")});
    EXPECT_EQ(legacy ? AskLegacy(Sigstore().Make(plan)) : AskBundle(plan), "identity-mismatch");
  }
}

TEST(ImageRefusalsTest, WhatASignatureSaysIsToldBeforeWhoseItIs) {
  SigningPlan plan = LegacyPlan(OtherImage());
  plan.leaf->raw[0] = SubjectAltNames({UriName("https://example.com/other")});
  EXPECT_EQ(AskLegacy(Sigstore().Make(plan)), "digest-mismatch");
}

TEST(ImageRefusalsTest, CertificatesAndKeysDoNotStandInForEachOther) {
  ImageEvidence by_certificate;
  AddBundle(by_certificate, PartsOf(KindNamed("03 dsse")));
  EXPECT_THAT(AskForEach(by_certificate, Keyed(), Keyed(&UsualDemands())),
              ElementsAre("bad-signature", "bad-signature"));
  ImageEvidence by_key;
  AddBundle(by_key, PartsOf(KindNamed("03 intoto by key")));
  EXPECT_THAT(AskForEach(by_key, Keyless(), Keyed(), Keyed(&UsualDemands())),
              ElementsAre("bad-signature", "verified", "verified"));
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlanByKey())), "bad-signature");
}

TEST(ImageRefusalsTest, FormatsThatThePolicyDoesNotTake) {
  ImageEvidence legacy;
  AddLegacySignature(legacy, Sigstore().Make(LegacyPlan()));
  ImageEvidence bundle;
  AddBundle(bundle, PartsOf(KindNamed("03 dsse")));
  const auto legacy_only = [] { return WithFormat(Keyless(), SignatureFormat::kCosignLegacy); };
  const auto bundle_only = [] { return WithFormat(Keyless(), SignatureFormat::kSigstoreBundle); };
  EXPECT_THAT(AskForEach(legacy, legacy_only(), bundle_only()),
              ElementsAre("verified", "no-signature"));
  EXPECT_THAT(AskForEach(bundle, legacy_only(), bundle_only()),
              ElementsAre("no-signature", "verified"));
}

TEST(ImageRefusalsTest, JunkHidesNothing) {
  const SignatureParts good = PartsOf(KindNamed("03 dsse"));
  SignatureParts unlogged = PartsOf(KindNamed("03 dsse"));
  unlogged.entries.front().inclusion_proof->root_hash.front() ^= 1;
  SigningPlan late = PlanOf(KindNamed("03 dsse"));
  late.logged = TimestampAuthority::kNow + std::chrono::hours(1);
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(), "junk");
  AddBundleText(evidence, TestImage(), "{}");
  AddBundle(evidence, PartsOf(KindNamed("03 message")));
  AddBundle(evidence, unlogged);
  AddBundle(evidence, PartsOf(KindNamed("03 dsse"), late));
  EXPECT_NE(AskImage(evidence), "verified");
  AddBundle(evidence, good);
  EXPECT_EQ(AskImage(evidence), "verified");
}

TEST(ImageRefusalsTest, OneSignatureWithOtherAnnotationsIsLookedAtToo) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  const Json good = LegacyLayerOf(parts);
  Json other_certificate = good;
  other_certificate["annotations"][kCertificateAnnotation] =
      LegacyLayerOf(Sigstore().Make(LegacyPlan()))["annotations"][kCertificateAnnotation];
  std::vector<Json> spoilt = {other_certificate};
  for (const char* name : {kCertificateAnnotation, kRekorAnnotation}) {
    spoilt.push_back(good);
    spoilt.back()["annotations"].erase(name);
  }
  for (const char* name :
       {kCertificateAnnotation, kChainAnnotation, kRekorAnnotation, kTimestampAnnotation}) {
    spoilt.push_back(good);
    spoilt.back()["annotations"][name] = "junk";
  }
  for (const Json& bad : spoilt) {
    EXPECT_NE(AskLayer(parts, bad), "verified") << bad;
    ImageEvidence evidence;
    AddLayers(evidence, parts, {bad, good});
    EXPECT_EQ(AskImage(evidence), "verified") << bad;
  }
}

TEST(ImageRefusalsTest, AnnotationsThatAreJunk) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  for (const char* name :
       {kCertificateAnnotation, kChainAnnotation, kRekorAnnotation, kTimestampAnnotation}) {
    Json layer = LegacyLayerOf(parts);
    layer["annotations"][name] = "junk";
    EXPECT_EQ(AskLayer(parts, layer), "malformed") << name;
    EXPECT_EQ(AskLayer(parts, layer, Keyed()), "verified") << "nothing beside the key counts";
  }
}

TEST(ImageRefusalsTest, AnnotationsThatAreEmptyAreAbsent) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  Json layer = LegacyLayerOf(parts);
  layer["annotations"][kChainAnnotation] = "";
  layer["annotations"][kTimestampAnnotation] = "";
  EXPECT_EQ(AskLayer(parts, layer), "verified");
  layer["annotations"][kRekorAnnotation] = "";
  EXPECT_EQ(AskLayer(parts, layer), "not-logged");
  layer["annotations"][kCertificateAnnotation] = "";
  EXPECT_EQ(AskLayer(parts, layer), "bad-signature");
}

TEST(ImageRefusalsTest, ChainsWithARootOfTheirOwn) {
  const PrivateAuthority stranger(RootPlanNow(), IntermediatePlanNow());
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  parts.logged.certificate = Owned(stranger.Issue(Sigstore().LeafPlan()).der());
  parts.issuers = {Owned(stranger.intermediate().der()), Owned(stranger.root().der())};
  parts.entries = {Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(AskLegacy(parts), "untrusted-certificate");
}

TEST(ImageRefusalsTest, GluedLegacyEntries) {
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  // The same key and payload; another signature and certificate.
  parts.entries = Sigstore().Make(LegacyPlan()).entries;
  EXPECT_EQ(AskLegacy(parts), "log-mismatch");
  parts = Sigstore().Make(LegacyPlanByKey());
  EXPECT_EQ(AskLegacy(parts, Keyed(&UsualDemands())), "verified");
  parts.entries = Sigstore().Make(LegacyPlanByKey()).entries;
  EXPECT_EQ(AskLegacy(parts, Keyed(&UsualDemands())), "log-mismatch");
  EXPECT_EQ(AskLegacy(parts, Keyed()), "verified") << "nothing beside the key counts";
}

TEST(ImageRefusalsTest, LegacyTimes) {
  SigningPlan plan = LegacyPlan();
  plan.logged = TimestampAuthority::kNow + std::chrono::hours(1);
  EXPECT_EQ(AskLegacy(Sigstore().Make(plan)), "expired-certificate");
  plan = LegacyPlan();
  plan.stamped = TimestampAuthority::kNow + std::chrono::hours(1);
  EXPECT_EQ(AskLegacy(Sigstore().Make(plan)), "expired-certificate");
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlan()), Keyless(DemandsWithoutLog())),
            "no-trusted-time");
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  parts.stamps = {Sigstore().Stamp(Sigstore().Make(LegacyPlan()).logged.signature)};
  EXPECT_EQ(AskLegacy(parts, Keyless(DemandsWithoutLog())), "timestamp-invalid");
}

TEST(ImageRefusalsTest, ProofsWhereAPromiseDoesNotSuffice) {
  EntityDemands strict = UsualDemands();
  strict.requirements.log->proof = RequiredProof::kInclusionProof;
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlan()), Keyless(strict)), "not-logged");
  EXPECT_EQ(AskBundle(PlanOf(KindNamed("03 dsse")), Keyless(strict)), "verified");
}

TEST(ImageRefusalsTest, OneLookForAllThatDemandTheSame) {
  ImageEvidence evidence;
  AddBundle(evidence, PartsOf(KindNamed("03 dsse")));
  auto nobody = std::get<KeylessAuthority>(Keyless());
  nobody.check_identity = [](const CertificateIdentity&) -> base::Status {
    return base::Fail(base::Reason::kIdentityMismatch, "nobody may sign");
  };
  EntityDemands stamped = UsualDemands();
  stamped.requirements.timestamps = 1;
  EntityDemands without_scts = UsualDemands();
  without_scts.requirements.ct_logs = 0;
  EXPECT_THAT(AskForEach(evidence, nobody, Keyless(), nobody, Keyless(stamped),
                         Keyless(without_scts), Keyless(DemandsWithoutLog())),
              ElementsAre("identity-mismatch", "verified", "identity-mismatch", "no-trusted-time",
                          "verified", "no-trusted-time"));
}

// What stamps may cost is bounded for the image; whoever stands in front leaves the others enough.
TEST(ImageRefusalsTest, StampsOfOthersLeaveASignatureItsOwn) {
  const SignatureParts good = PartsOf(KindNamed("03 envelope v2"));
  SignatureParts junk = good;
  const base::ByteBuffer stamp = good.stamps.front();
  ImageEvidence evidence;
  for (std::size_t i = 0; i + 1 < kMaxSignatures; ++i) {
    junk.stamps.assign(kMaxTimestamps, stamp);
    for (std::size_t j = 0; j < kMaxTimestamps; ++j) {
      junk.stamps[j].back() ^= static_cast<std::uint8_t>(j + 1);
      junk.stamps[j][stamp.size() - 2] ^= static_cast<std::uint8_t>(i + 1);
    }
    AddBundle(evidence, junk);
  }
  EXPECT_EQ(AskImage(evidence), "too-large");
  AddBundle(evidence, good);
  EXPECT_EQ(AskImage(evidence), "verified");
}

TEST(ImageRefusalsTest, ScsThatThePolicyDoesWithout) {
  EntityDemands without_scts = UsualDemands();
  without_scts.requirements.ct_logs = 0;
  SigningPlan plan = LegacyPlan();
  plan.leaf->sct_list = nullptr;
  const SignatureParts parts = Sigstore().Make(plan);
  EXPECT_EQ(AskLegacy(parts), "sct-invalid");
  EXPECT_EQ(AskLegacy(parts, Keyless(without_scts)), "verified");
}

}  // namespace
}  // namespace sigward::verifier
