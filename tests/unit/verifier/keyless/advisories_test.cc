// Faults that other verifiers had, each named after its advisory. docs/advisories.md lists them,
// and those that other tests have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/base64.h"
#include "keyless/image_fixture.h"
#include "verifier/statement.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using sigward::testing::AddBundle;
using sigward::testing::Ask;
using sigward::testing::AskImage;
using sigward::testing::AskLayer;
using sigward::testing::AskLegacy;
using sigward::testing::ImageEvidence;
using sigward::testing::Keyed;
using sigward::testing::Keyless;
using sigward::testing::KindNamed;
using sigward::testing::kRekorAnnotation;
using sigward::testing::LegacyLayerOf;
using sigward::testing::LegacyPlan;
using sigward::testing::LegacyPlanByKey;
using sigward::testing::LoggedSignature;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::Question;
using sigward::testing::QuestionFor;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::TimestampAuthority;
using sigward::testing::UsualDemands;

constexpr auto kV01 = BundleVersion::kV01;
constexpr auto kV03 = BundleVersion::kV03;
constexpr const char* kInToto = "application/vnd.in-toto+json";

// cosign before 1.5.2: the promise of another signature by the same key was as good.
TEST(AdvisoriesTest, Cve202223649AnEntryOfASecondSignature) {
  SignatureParts parts = Sigstore().Make(LegacyPlanByKey());
  EXPECT_EQ(AskLegacy(parts, Keyed(&UsualDemands())), "verified");
  parts.entries = Sigstore().Make(LegacyPlanByKey()).entries;
  EXPECT_EQ(AskLegacy(parts, Keyed(&UsualDemands())), "log-mismatch");
}

// cosign before 1.12: four ways around the log and the identity.
TEST(AdvisoriesTest, Cve202236056AnEntryThatDoesNotReferToTheSignature) {
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  EXPECT_EQ(AskLegacy(parts), "verified");
  SignatureParts other = Sigstore().Make(LegacyPlan());
  other.logged.certificate = parts.logged.certificate;
  parts.entries = {Sigstore().Log(other.logged, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(AskLegacy(parts), "log-mismatch");
}

TEST(AdvisoriesTest, Cve202236056AnIdentityThatNobodyComparedBesideAnEntry) {
  auto nobody = std::get<KeylessAuthority>(Keyless());
  nobody.check_identity = [](const CertificateIdentity&) -> base::Status {
    return base::Fail(base::Reason::kIdentityMismatch, "somebody else");
  };
  EXPECT_EQ(AskLegacy(Sigstore().Make(LegacyPlan()), nobody), "identity-mismatch");
}

TEST(AdvisoriesTest, Cve202236056AnAnnotationThatIsNoEntryIsNotPassedOver) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  for (const char* junk : {"{}", "null", "junk", "{\"SignedEntryTimestamp\":\"\"}"}) {
    Json layer = LegacyLayerOf(parts);
    layer["annotations"][kRekorAnnotation] = junk;
    EXPECT_EQ(AskLayer(parts, layer), "malformed") << junk;
  }
}

TEST(AdvisoriesTest, Cve202236056AnEntryThatIsInvalidIsNoSuccess) {
  SignatureParts parts = Sigstore().Make(LegacyPlan());
  parts.entries.front().signed_entry_timestamp->back() ^= 1;
  EXPECT_EQ(AskLegacy(parts), "not-logged");
}

// cosign before 2.6.2 and 3.0.4: with a trusted root any valid entry was good for anything.
TEST(AdvisoriesTest, Cve202622703AnyValidEntryOfTheLog) {
  for (const char* name : {"03 message", "03 dsse", "03 intoto", "03 message v2",
                           "03 message by key", "03 intoto by key", "03 message v2 by key"}) {
    SigningPlan plan = PlanOf(KindNamed(name));
    SignatureParts parts = PartsOf(KindNamed(name), plan);
    EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed(name))), "verified") << name;
    parts.entries = PartsOf(KindNamed(name), plan).entries;
    EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed(name))), "log-mismatch") << name;
  }
}

// gitsign: whatever entry the key had.
TEST(AdvisoriesTest, Cve202451746AnEntryOfSameKeyAndAnotherDigest) {
  SigningPlan plan = PlanOf(KindNamed("03 message by key"));
  SignatureParts parts = PartsOf(KindNamed("03 message by key"), plan);
  LoggedSignature other = parts.logged;
  other.payload = "another artifact";
  parts.entries = {Sigstore().Log(other, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(Ask(parts, kV03, QuestionFor(KindNamed("03 message by key"))), "log-mismatch");
}

// gitsign: the log was asked for its key.
TEST(AdvisoriesTest, Cve202347122ALogThatIsOnlySaidToBeTheTrustedOne) {
  PrivateSigstore stranger;
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  const ByteBuffer id = parts.entries.front().log_id;
  parts.entries = {stranger.Log(parts.logged, EntryKind::kHashedRekordV001)};
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
  parts.entries.front().log_id = id;
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
}

// rekor, cosign #4648 to #4653: bodies of which a part is not there, or is something else.
TEST(AdvisoriesTest, Cve202333199BodiesThatAreNoEntries) {
  const struct {
    const char* kind;
    const char* version;
    const char* payload_type;
  } kKinds[] = {{"hashedrekord", "0.0.1", ""},
                {"dsse", "0.0.1", kInToto},
                {"intoto", "0.0.2", kInToto},
                {"hashedrekord", "0.0.2", ""}};
  const char* const kSpecs[] = {
      "null",
      "1",
      "[]",
      "\"\"",
      "{}",
      R"({"content":null})",
      R"({"content":{"envelope":null}})",
      R"({"content":{"envelope":{"signatures":[]}}})",
      R"({"content":{"envelope":{"payloadType":"application/vnd.in-toto+json","signatures":[null]}}})",
      R"({"signatures":null})",
      R"({"signatures":[]})",
      R"({"signatures":[1]})",
      R"({"signature":null,"data":null})",
      R"({"signature":{"content":null}})",
      R"({"hashedRekordV002":null})",
      R"({"hashedRekordV002":{"signature":{"verifier":null}}})"};
  for (const auto& kind : kKinds) {
    const bool v2 =
        std::string_view(kind.version) == "0.0.2" && std::string_view(kind.kind) == "hashedrekord";
    RekorLog log(v2 ? RekorVersion::kV2 : RekorVersion::kV1, TestKey::Ec("P-256"));
    const std::vector<TransparencyLog> logs = {log.trusted()};
    const LoggedSignature signature =
        LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload", kind.payload_type);
    for (const char* spec : kSpecs) {
      const std::string body = std::string(R"({"apiVersion":")") + kind.version + R"(","kind":")" +
                               kind.kind + R"(","spec":)" + spec + "}";
      const LogEntry entry = log.Add(body, kind.kind, kind.version, TimestampAuthority::kNow);
      const auto outcome =
          VerifyLogEntry(entry, signature.content(), logs, RequiredProof::kInclusionProof);
      ASSERT_FALSE(outcome.ok()) << body;
      EXPECT_EQ(base::ReasonWord(outcome.error().reason), "malformed") << body;
    }
  }
}

// sigstore-go before 1.2.1 (GHSA-9vcr-p3rj-q5q6): entries were counted, and not logs.
TEST(AdvisoriesTest, Ghsa9vcrP3rjQ5q6TwoEntriesOfOneLog) {
  EntityDemands two = UsualDemands();
  two.requirements.log->threshold = 2;
  SignatureParts parts = PartsOf(KindNamed("03 dsse"));
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kDsseV001));
  ImageEvidence evidence;
  AddBundle(evidence, parts);
  EXPECT_EQ(AskImage(evidence, Keyless(two)), "not-logged");
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kHashedRekordV002));
  AddBundle(evidence, parts);
  EXPECT_EQ(AskImage(evidence, Keyless(two)), "verified");
}

// A bundle says itself of which version it is. Said to be of 0.1 it may come without its proof;
// a policy that wants the proof is not talked out of it.
TEST(AdvisoriesTest, JansBundleDowngradeDoesNotLoseTheProof) {
  EntityDemands strict = UsualDemands();
  strict.requirements.log->proof = RequiredProof::kInclusionProof;
  SignatureParts parts = PartsOf(KindNamed("03 dsse"));
  const auto ask = [&](BundleVersion version) {
    ImageEvidence evidence;
    AddBundle(evidence, parts, version);
    return AskImage(evidence, Keyless(strict));
  };
  EXPECT_EQ(ask(kV03), "verified");
  EXPECT_EQ(ask(kV01), "verified");
  parts.entries.front().inclusion_proof.reset();
  EXPECT_EQ(ask(kV03), "malformed");
  EXPECT_EQ(ask(kV01), "not-logged");
}

// cosign#2194: a certificate that has expired, and nothing that says when it was used.
TEST(AdvisoriesTest, Cosign2194NothingSaysWhen) {
  SignatureParts parts = PartsOf(KindNamed("03 message twice timed"));
  parts.stamps.clear();
  parts.entries.front().signed_entry_timestamp.reset();
  EXPECT_EQ(Ask(parts, kV03), "no-trusted-time");
  parts.entries.clear();
  EXPECT_EQ(Ask(parts, kV03), "not-logged");
}

// sigstore-go before 1.2.1 (GHSA-wqqc-jjcq-vfxm): windows were not asked about where a key signs.
// A policy's keys have none here; the log's has one.
TEST(AdvisoriesTest, GhsaWqqcJjcqVfxmWindowsHoldWhereAKeySigns) {
  Json json = Sigstore().root_json();
  json["tlogs"][1]["publicKey"]["validFor"]["end"] = "2029-12-31T23:59:59Z";
  const TrustRoot retired = PrivateSigstore::RootOf(json);
  Question question = QuestionFor(KindNamed("03 message v2 by key stamped"));
  question.root = &retired;
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message v2 by key stamped")), kV03, question), "not-logged");
  // Where nothing says when, there is nothing to hold the window against (docs/verify-bundle.md).
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 message v2 by key")), kV03, question), "verified");
}

// cosign: the predicate type of bundles was not asked about, and a payload that nobody can read
// was.
TEST(AdvisoriesTest, Cve202639395AStatementThatSaysSomethingElse) {
  SigningPlan plan = PlanOf(KindNamed("03 dsse"));
  const auto ask = [&](const std::string& payload) {
    plan.payload = payload;
    ImageEvidence evidence;
    AddBundle(evidence, PartsOf(KindNamed("03 dsse"), plan));
    return AskImage(evidence);
  };
  Json statement = StatementFor(TestImage());
  EXPECT_EQ(ask(statement.dump()), "verified");
  EXPECT_EQ(ask("not a statement"), "malformed");
  statement["predicateType"] = "https://example.com/harmless";
  EXPECT_EQ(ask(statement.dump()), "no-signature");
}

// sigstore-go before 0.6.1: entries, stamps and subjects without end.
TEST(AdvisoriesTest, Cve202445395MoreThanAnybodyHas) {
  const SignatureParts good = PartsOf(KindNamed("03 message twice timed"));
  SignatureParts parts = good;
  parts.entries.resize(kMaxLogEntries + 1, good.entries.front());
  EXPECT_EQ(Ask(parts, kV03), "too-large");
  parts = good;
  parts.stamps.resize(kMaxTimestamps + 1, good.stamps.front());
  EXPECT_EQ(Ask(parts, kV03), "too-large");
  SigningPlan plan = PlanOf(KindNamed("03 dsse"));
  Json statement = StatementFor(TestImage());
  statement["subject"] = Json(kMaxSubjects + 1, statement["subject"][0]);
  plan.payload = statement.dump();
  EXPECT_EQ(Ask(PartsOf(KindNamed("03 dsse"), plan), kV03), "too-large");
}

}  // namespace
}  // namespace sigward::verifier
