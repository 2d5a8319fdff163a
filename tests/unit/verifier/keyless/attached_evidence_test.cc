// Log entries and SCTs that are good and another signature's, or are not there.

#include <gtest/gtest.h>

#include "image_evidence.h"
#include "keyless/bundle_kinds.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using sigward::testing::Artifact;
using sigward::testing::Ask;
using sigward::testing::BundleOf;
using sigward::testing::CertificatePlan;
using sigward::testing::CtLog;
using sigward::testing::Expected;
using sigward::testing::KindNamed;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::PromisedNow;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::StatementFor;
using sigward::testing::TestKey;

constexpr auto kV03 = BundleVersion::kV03;

std::string AskWithLeaf(const CertificatePlan& leaf) {
  SigningPlan plan = PlanOf(KindNamed("03 message"));
  plan.leaf = leaf;
  return Ask(PartsOf(KindNamed("03 message"), plan), kV03);
}

TEST(AttachedEvidenceTest, AnEntryOfAnotherArtifactBySameCertificate) {
  for (const char* name : {"03 message", "03 dsse", "03 intoto", "03 message v2", "03 envelope v2",
                           "03 message by key", "03 intoto by key", "03 message v2 by key"}) {
    SigningPlan plan = PlanOf(KindNamed(name));
    SignatureParts parts = PartsOf(KindNamed(name), plan);
    plan.payload = plan.payload_type.empty()
                       ? "another artifact"
                       : StatementFor(Digest::Of(base::AsBytes("another"))).dump();
    SignatureParts other = PartsOf(KindNamed(name), plan);
    other.logged.certificate = parts.logged.certificate;
    parts.entries = {Sigstore().Log(other.logged, plan.entry)};
    EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed(name))), "log-mismatch") << name;
  }
}

TEST(AttachedEvidenceTest, AnEntryOfSameKeyAndArtifactWithAnotherSignature) {
  for (const char* name : {"03 message", "03 dsse", "03 intoto", "03 message v2", "03 envelope v2",
                           "03 message by key", "03 intoto by key", "03 message v2 by key"}) {
    SignatureParts parts = PartsOf(KindNamed(name));
    SignatureParts other = PartsOf(KindNamed(name));
    other.logged.certificate = parts.logged.certificate;
    parts.entries = {Sigstore().Log(other.logged, KindNamed(name).entry)};
    EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed(name))), "log-mismatch") << name;
  }
}

TEST(AttachedEvidenceTest, AnEntryWithAnotherCertificateOfSameKey) {
  for (const char* name :
       {"03 message", "03 dsse", "03 intoto", "03 message v2", "03 envelope v2"}) {
    SignatureParts parts = PartsOf(KindNamed(name));
    const SignatureParts other = PartsOf(KindNamed(name));
    ASSERT_NE(parts.logged.certificate, other.logged.certificate);
    parts.logged.certificate = other.logged.certificate;
    EXPECT_EQ(Ask(parts, kV03), "log-mismatch") << name;
  }
}

TEST(AttachedEvidenceTest, AnEntryWithTheBareKeyOfACertificate) {
  for (const char* name : {"03 message", "03 dsse", "03 intoto", "03 message v2"}) {
    SignatureParts parts = PartsOf(KindNamed(name));
    auto bare = parts.logged;
    bare.certificate.reset();
    parts.entries = {Sigstore().Log(bare, KindNamed(name).entry)};
    EXPECT_EQ(Ask(parts, kV03), "log-mismatch") << name;
  }
}

TEST(AttachedEvidenceTest, AnEntryOfAnotherKindOfContent) {
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  parts.entries = {Sigstore().Log(parts.logged, EntryKind::kDsseV001)};
  EXPECT_EQ(Ask(parts, kV03), "log-mismatch");
  parts = PartsOf(KindNamed("03 dsse"));
  parts.entries = {Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(Ask(parts, kV03), "log-mismatch");
}

TEST(AttachedEvidenceTest, NoEntry) {
  for (const char* name : {"03 message", "03 dsse", "03 message v2", "03 message by key"}) {
    SignatureParts parts = PartsOf(KindNamed(name));
    parts.entries.clear();
    // Stamped, so that time is not what is missing.
    parts.stamps = {Sigstore().Stamp(parts.logged.signature)};
    EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed(name))), "not-logged") << name;
  }
}

TEST(AttachedEvidenceTest, AnEntryOfAnUnknownLogIsNoneAndSpoilsNothing) {
  PrivateSigstore stranger;
  SignatureParts parts = PartsOf(KindNamed("03 message twice timed"));
  const LogEntry foreign = stranger.Log(parts.logged, EntryKind::kHashedRekordV001);
  const LogEntry own = parts.entries.front();
  parts.entries = {foreign};
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
  parts.entries = {foreign, own};
  EXPECT_EQ(Ask(parts, kV03), "verified");
  // It says that it is of the trusted log.
  parts.entries.front().log_id = own.log_id;
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
}

// What a trusted root names and nobody here can verify by is as good as unknown, and is named.
TEST(AttachedEvidenceTest, ALogOfNoUseHereIsUnknownAndNamed) {
  Json json = Sigstore().root_json();
  json["tlogs"][0]["publicKey"]["keyDetails"] = "ML_DSA_65";
  json["tlogs"][0]["baseUrl"] = "https://new.example";
  const TrustRoot root = PrivateSigstore::RootOf(json);
  Question question;
  question.root = &root;
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  EXPECT_EQ(Ask(parts, kV03, question), "not-logged");
  const Bundle bundle = ParseBundle(base::AsBytes(BundleOf(parts, kV03).dump())).value();
  ChainMemory memory;
  const auto refused = VerifyBundle(bundle, Artifact(), Expected(), root, memory);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().detail.find("tlogs[0] (https://new.example): "), std::string::npos);
  EXPECT_NE(refused.error().detail.find("ML_DSA_65"), std::string::npos);
  // Of another fault it is not the cause.
  question.artifact = ArtifactDigests::Of(base::AsBytes("another"));
  EXPECT_EQ(Ask(parts, kV03, question), "digest-mismatch");
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kHashedRekordV002));
  parts.stamps.push_back(Sigstore().Stamp(parts.logged.signature));
  question.artifact = Artifact();
  EXPECT_EQ(Ask(parts, kV03, question), "verified");
}

TEST(AttachedEvidenceTest, TheTimeOfAnUnknownLogIsNotBelieved) {
  PrivateSigstore stranger;
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  parts.stamps.clear();
  parts.entries.push_back(stranger.Log(parts.logged, EntryKind::kHashedRekordV001));
  EXPECT_EQ(Ask(parts, kV03), "no-trusted-time");
}

TEST(AttachedEvidenceTest, AGoodEntryDoesNotMakeUpForABadOne) {
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  parts.entries.push_back(PartsOf(KindNamed("03 message")).entries.front());
  EXPECT_EQ(Ask(parts, kV03), "log-mismatch");
  parts.entries.back() = Sigstore().Log(parts.logged, EntryKind::kHashedRekordV002);
  EXPECT_EQ(Ask(parts, kV03), "verified");
  parts.entries.back().inclusion_proof->tree_size += 1;
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
}

TEST(AttachedEvidenceTest, AnEntryIsNotThereTwice) {
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  parts.entries.push_back(parts.entries.front());
  EXPECT_EQ(Ask(parts, kV03), "malformed");
}

TEST(AttachedEvidenceTest, NoSct) {
  CertificatePlan leaf = Sigstore().LeafPlan();
  EXPECT_EQ(AskWithLeaf(leaf), "verified");
  leaf.sct_list = nullptr;
  EXPECT_EQ(AskWithLeaf(leaf), "sct-invalid");
}

TEST(AttachedEvidenceTest, AnSctOfAnotherLeaf) {
  ByteBuffer other;
  CertificatePlan leaf = Sigstore().LeafPlan();
  const auto promise = leaf.sct_list;
  leaf.sct_list = [&](base::ByteView tbs, base::ByteView issuer) {
    other = promise(tbs, issuer);
    return other;
  };
  EXPECT_EQ(AskWithLeaf(leaf), "verified");
  leaf.sct_list = [&](base::ByteView, base::ByteView) { return other; };
  EXPECT_EQ(AskWithLeaf(leaf), "sct-invalid");
}

TEST(AttachedEvidenceTest, AnSctOfAnUnknownLog) {
  CertificatePlan leaf = Sigstore().LeafPlan();
  leaf.sct_list = PromisedNow(CtLog(TestKey::Ec("P-256")));
  EXPECT_EQ(AskWithLeaf(leaf), "sct-invalid");
}

TEST(AttachedEvidenceTest, RekorIsNoCertificateTransparencyLog) {
  Json root = Sigstore().root_json();
  std::swap(root["tlogs"], root["ctlogs"]);
  const TrustRoot swapped = PrivateSigstore::RootOf(root);
  Question question;
  question.root = &swapped;
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message")), kV03, question), "not-logged");
  root = Sigstore().root_json();
  root["ctlogs"] = root["tlogs"];
  const TrustRoot rekor_only = PrivateSigstore::RootOf(root);
  question.root = &rekor_only;
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message")), kV03, question), "sct-invalid");
}

}  // namespace
}  // namespace sigward::verifier
