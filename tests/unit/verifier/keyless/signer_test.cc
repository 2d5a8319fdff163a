// Who signed, by which certificate, of what: one wrong answer at a time in a bundle that is right
// in every other way, logged and stamped as it stands.

#include <gtest/gtest.h>

#include "base/base64.h"
#include "image_evidence.h"
#include "keyless/bundle_kinds.h"
#include "private_sigstore/trusted_root_json.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using sigward::testing::Artifact;
using sigward::testing::Ask;
using sigward::testing::AuthorityJson;
using sigward::testing::BundleKind;
using sigward::testing::BundleOf;
using sigward::testing::CertificatePlan;
using sigward::testing::IntermediatePlanNow;
using sigward::testing::KindNamed;
using sigward::testing::kIssuer;
using sigward::testing::kSubjectUri;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateAuthority;
using sigward::testing::PrivateSigstore;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::RootPlanNow;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::TestKey;

constexpr auto kV02 = BundleVersion::kV02;
constexpr auto kV03 = BundleVersion::kV03;

ByteBuffer Owned(base::ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

/// PARTS with another certificate, logged again.
SignatureParts WithLeaf(SignatureParts parts, const Certificate& leaf) {
  parts.logged.certificate = Owned(leaf.der());
  parts.entries = {Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001)};
  return parts;
}

std::string AskRooted(const SignatureParts& parts, BundleVersion version, const Json& root) {
  const TrustRoot parsed = PrivateSigstore::RootOf(root);
  Question question;
  question.root = &parsed;
  return Ask(parts, version, question);
}

TEST(SignerTest, SubjectAndIssuerAreComparedAsTheyStand) {
  const SignatureParts parts = PartsOf(KindNamed("03 message"));
  const std::string subject(kSubjectUri);
  const std::string issuer(kIssuer);
  const auto ask = [&](std::string_view other_subject, std::string_view other_issuer) {
    Question question;
    question.signer = ExpectedIdentity{std::string(other_subject), std::string(other_issuer)};
    return Ask(parts, kV03, question);
  };
  EXPECT_EQ(ask(subject, issuer), "verified");
  EXPECT_EQ(ask(subject + "x", issuer), "identity-mismatch");
  EXPECT_EQ(ask(subject.substr(1), issuer), "identity-mismatch");
  EXPECT_EQ(ask(subject, issuer + "/"), "identity-mismatch");
  EXPECT_EQ(ask(issuer, subject), "identity-mismatch");
  EXPECT_EQ(ask("", issuer), "identity-mismatch");
  EXPECT_EQ(ask(subject, ""), "identity-mismatch");
  EXPECT_EQ(ask(".*", ".*"), "identity-mismatch");
}

TEST(SignerTest, ACertificateIsNoKeyAndAKeyIsNoCertificate) {
  for (const BundleKind& kind : sigward::testing::BundleKinds()) {
    const bool by_key = kind.signer == sigward::testing::Signer::kKey;
    const PublicKey key = TestKey::Shared(kind.key).public_key();
    Question question;
    if (!by_key) {
      question.signer = &key;
    }
    EXPECT_EQ(Ask(PartsOf(kind), kind.version, question), "bad-signature") << kind.name;
  }
}

TEST(SignerTest, AnotherKey) {
  const PublicKey stranger = TestKey::Stranger().public_key();
  Question question;
  question.signer = &stranger;
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message by key")), kV03, question), "bad-signature");
  // Logged for the stranger, too: only the signature is left to tell.
  SignatureParts parts = PartsOf(KindNamed("03 message by key"));
  parts.logged.spki = TestKey::Stranger().spki();
  parts.entries = {Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(Ask(parts, kV03, question), "bad-signature");
}

TEST(SignerTest, ASignatureByAnotherKeyThanTheCertificates) {
  for (const char* name : {"03 message", "03 dsse", "03 message v2", "03 envelope v2"}) {
    SigningPlan plan = PlanOf(KindNamed(name));
    SignatureParts parts = PartsOf(KindNamed(name), plan);
    const PrivateAuthority& authority = Sigstore().authority();
    parts.logged.certificate =
        Owned(authority.Issue(Sigstore().LeafPlan(), TestKey::Stranger()).der());
    parts.logged.spki = TestKey::Stranger().spki();
    parts.entries = {Sigstore().Log(parts.logged, plan.entry)};
    EXPECT_EQ(Ask(parts, kV03), "bad-signature") << name;
  }
}

TEST(SignerTest, ALeafOfAnotherAuthority) {
  const PrivateAuthority stranger(RootPlanNow(), IntermediatePlanNow());
  SignatureParts parts =
      WithLeaf(PartsOf(KindNamed("03 message")), stranger.Issue(Sigstore().LeafPlan()));
  EXPECT_EQ(Ask(parts, kV03), "untrusted-certificate");
  parts.issuers = {Owned(stranger.intermediate().der())};
  EXPECT_EQ(Ask(parts, kV02), "untrusted-certificate");
}

TEST(SignerTest, ABundleBringsNoRoot) {
  const PrivateAuthority stranger(RootPlanNow(), IntermediatePlanNow());
  SignatureParts parts =
      WithLeaf(PartsOf(KindNamed("02 message")), stranger.Issue(Sigstore().LeafPlan()));
  parts.issuers = {Owned(stranger.intermediate().der()), Owned(stranger.root().der())};
  EXPECT_EQ(Ask(parts, kV02), "malformed");
  // Not even the true one.
  parts = PartsOf(KindNamed("02 message"));
  EXPECT_EQ(Ask(parts, kV02), "verified");
  parts.issuers.push_back(Owned(Sigstore().authority().root().der()));
  EXPECT_EQ(Ask(parts, kV02), "malformed");
}

TEST(SignerTest, ABundleMayBringIntermediatesThatAreTrustedForNothing) {
  Json root = Sigstore().root_json();
  root["certificateAuthorities"] =
      Json::array({AuthorityJson({Sigstore().authority().root().der()})});
  SignatureParts parts = PartsOf(KindNamed("02 message"));
  EXPECT_EQ(AskRooted(parts, kV02, root), "verified");
  EXPECT_EQ(AskRooted(parts, kV03, root), "untrusted-certificate");
  parts.issuers.clear();
  EXPECT_EQ(AskRooted(parts, kV02, root), "untrusted-certificate");
}

TEST(SignerTest, AnotherKindOfCertificate) {
  CertificatePlan plan = Sigstore().LeafPlan();
  plan.standard["extendedKeyUsage"] = "serverAuth";
  const PrivateAuthority& authority = Sigstore().authority();
  const SignatureParts good = PartsOf(KindNamed("03 message"));
  EXPECT_EQ(Ask(WithLeaf(good, authority.Issue(plan)), kV03), "untrusted-certificate");
  plan = Sigstore().LeafPlan();
  plan.raw.pop_back();
  plan.raw.pop_back();
  EXPECT_EQ(Ask(WithLeaf(good, authority.Issue(plan)), kV03), "malformed");
}

TEST(SignerTest, AnotherArtifact) {
  Question question;
  question.artifact = ArtifactDigests::Of(base::AsBytes("another artifact"));
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 dsse")), kV03, question), "digest-mismatch");
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 envelope v2")), kV03, question), "digest-mismatch");
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message")), kV03, question), "digest-mismatch");
  // A message signature that does not say of what it is.
  Json bundle = BundleOf(PartsOf(KindNamed("03 message")), kV03);
  bundle["messageSignature"].erase("messageDigest");
  EXPECT_EQ(Ask(bundle.dump(), {}), "verified");
  EXPECT_EQ(Ask(bundle.dump(), question), "log-mismatch");
  question = QuestionFor(KindNamed("03 message by key"));
  question.artifact = ArtifactDigests::Of(base::AsBytes("another artifact"));
  bundle = BundleOf(PartsOf(KindNamed("03 message by key")), kV03);
  bundle["messageSignature"].erase("messageDigest");
  EXPECT_EQ(Ask(bundle.dump(), question), "bad-signature");
}

TEST(SignerTest, AMessageDigestIsHeldToItsWord) {
  const auto ask = [](const char* algorithm, const ByteBuffer& digest, const Question& question) {
    Json bundle = BundleOf(PartsOf(KindNamed("03 message")), kV03);
    bundle["messageSignature"]["messageDigest"] = {{"algorithm", algorithm},
                                                   {"digest", base::EncodeBase64(digest)}};
    return Ask(bundle.dump(), question);
  };
  const auto digest = [](HashAlgorithm hash) { return Artifact().Find(hash)->digest; };
  EXPECT_EQ(ask("SHA2_256", digest(HashAlgorithm::kSha256), {}), "verified");
  EXPECT_EQ(ask("SHA2_512", digest(HashAlgorithm::kSha512), {}), "verified");
  EXPECT_EQ(ask("SHA2_512", digest(HashAlgorithm::kSha256), {}), "digest-mismatch");
  EXPECT_EQ(ask("SHA2_256", digest(HashAlgorithm::kSha512), {}), "digest-mismatch");
  EXPECT_EQ(ask("SHA2_256", {}, {}), "digest-mismatch");
  EXPECT_EQ(ask("SHA3_256", digest(HashAlgorithm::kSha256), {}), "unsupported-algorithm");
  Question one;
  one.artifact = ArtifactDigests::Of(TestImage());
  EXPECT_EQ(ask("SHA2_512", digest(HashAlgorithm::kSha512), one), "unsupported-algorithm");
}

TEST(SignerTest, WhatAnEnvelopeHolds) {
  const auto ask = [](const std::string& payload, const char* type) {
    SigningPlan plan = PlanOf(KindNamed("03 dsse"));
    plan.payload = payload;
    plan.payload_type = type;
    return Ask(PartsOf(KindNamed("03 dsse"), plan), kV03);
  };
  constexpr const char* kInToto = "application/vnd.in-toto+json";
  const Json statement = StatementFor(TestImage());
  EXPECT_EQ(ask(statement.dump(), kInToto), "verified");
  EXPECT_EQ(ask(statement.dump(), "application/json"), "wrong-type");
  EXPECT_EQ(ask(StatementFor(Digest::Of(base::AsBytes("other"))).dump(), kInToto),
            "digest-mismatch");
  Json other = statement;
  other["subject"][0]["digest"] = {{"sha512", TestImage().hex()}};
  EXPECT_EQ(ask(other.dump(), kInToto), "digest-mismatch");
  other = statement;
  other["_type"] = "https://in-toto.io/Statement/v9";
  EXPECT_EQ(ask(other.dump(), kInToto), "wrong-type");
  // Of whatever predicate: that it is no image signature matters to images only.
  other = statement;
  other["predicateType"] = "https://slsa.dev/provenance/v1";
  EXPECT_EQ(ask(other.dump(), kInToto), "verified");
}

}  // namespace
}  // namespace sigward::verifier
