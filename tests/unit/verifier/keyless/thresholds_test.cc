// What a policy may ask of a signature beyond what a bundle has to bring, and what it may do
// without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image_evidence.h"
#include "keyless/bundle_kinds.h"
#include "private_sigstore/der_writer.h"
#include "private_sigstore/trusted_root_json.h"

namespace sigward::verifier {
namespace {

using base::ByteView;
using base::Json;
using sigward::testing::Artifact;
using sigward::testing::BundleOf;
using sigward::testing::CtLog;
using sigward::testing::Element;
using sigward::testing::KindNamed;
using sigward::testing::LogJson;
using sigward::testing::PartsOf;
using sigward::testing::PlanOf;
using sigward::testing::PrivateSigstore;
using sigward::testing::SctListOf;
using sigward::testing::SctPlan;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::SigstoreRoot;
using sigward::testing::TestKey;
using sigward::testing::TimestampAuthority;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Time kNow = TimestampAuthority::kNow;

SignedEntity EntityFrom(const SignatureParts& parts) {
  Bundle bundle = ParseBundle(base::AsBytes(BundleOf(parts, BundleVersion::kV03).dump())).value();
  return EntityOf(std::move(bundle), Artifact()).value();
}

struct Asked {
  std::string word;
  std::vector<Time> times;
};

Asked AskFor(const SignatureParts& parts, const EntityRequirements& requirements,
             const TrustRoot& root = SigstoreRoot()) {
  const SignedEntity entity = EntityFrom(parts);
  ChainMemory memory;
  const PublicKey key = TestKey::Shared(KeyType::kEcdsaP256).public_key();
  const auto verified =
      entity.certificates.empty()
          ? VerifyByKey(entity, key, std::nullopt, TrustMaterial::Of(root), requirements)
          : VerifyByCertificate(entity, TrustMaterial::Of(root), requirements, memory);
  if (!verified.ok()) {
    return {std::string(base::ReasonWord(verified.error().reason)), {}};
  }
  EXPECT_EQ(verified->identity().has_value(), !entity.certificates.empty());
  return {"verified", verified->times()};
}

EntityRequirements Logs(std::size_t threshold) {
  EntityRequirements out;
  out.log->threshold = threshold;
  return out;
}

EntityRequirements CtLogs(std::size_t threshold) {
  EntityRequirements out;
  out.ct_logs = threshold;
  return out;
}

EntityRequirements Stamps(std::size_t threshold) {
  EntityRequirements out;
  out.timestamps = threshold;
  return out;
}

EntityRequirements NoLog() {
  EntityRequirements out;
  out.log.reset();
  return out;
}

TEST(ThresholdsTest, LogsAreCounted) {
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  EXPECT_EQ(AskFor(parts, Logs(1)).word, "verified");
  EXPECT_EQ(AskFor(parts, Logs(2)).word, "not-logged");
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kHashedRekordV001));
  EXPECT_EQ(AskFor(parts, Logs(2)).word, "not-logged") << "two entries of one log";
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kHashedRekordV002));
  EXPECT_EQ(AskFor(parts, Logs(2)).word, "verified");
  EXPECT_EQ(AskFor(parts, Logs(3)).word, "not-logged");
  PrivateSigstore stranger;
  parts.entries.push_back(stranger.Log(parts.logged, EntryKind::kHashedRekordV001));
  EXPECT_EQ(AskFor(parts, Logs(3)).word, "not-logged");
}

TEST(ThresholdsTest, LogsOfOneOperatorAreOne) {
  Json root = Sigstore().root_json();
  root["tlogs"][0]["operator"] = root["tlogs"][1]["operator"] = "example.org";
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  parts.entries.push_back(Sigstore().Log(parts.logged, EntryKind::kHashedRekordV002));
  EXPECT_EQ(AskFor(parts, Logs(2), PrivateSigstore::RootOf(root)).word, "not-logged");
  root["tlogs"][1]["operator"] = "example.com";
  EXPECT_EQ(AskFor(parts, Logs(2), PrivateSigstore::RootOf(root)).word, "verified");
}

TEST(ThresholdsTest, PromiseMaySuffice) {
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  ChainMemory memory;
  SignedEntity entity = EntityFrom(parts);
  entity.log_entries.front().inclusion_proof.reset();
  EntityRequirements requirements;
  const TrustMaterial trust = TrustMaterial::Of(SigstoreRoot());
  EXPECT_EQ(VerifyByCertificate(entity, trust, requirements, memory).error().reason,
            base::Reason::kNotLogged);
  requirements.log->proof = RequiredProof::kPromiseSuffices;
  EXPECT_TRUE(VerifyByCertificate(entity, trust, requirements, memory).ok());
  entity.log_entries.front().signed_entry_timestamp.reset();
  EXPECT_EQ(VerifyByCertificate(entity, trust, requirements, memory).error().reason,
            base::Reason::kNotLogged);
}

TEST(ThresholdsTest, CtLogsAreCounted) {
  const TestKey key = TestKey::Ec("P-256");
  const CtLog second(key);
  Json root = Sigstore().root_json();
  root["ctlogs"].push_back(LogJson(key, "PKIX_ECDSA_P256_SHA_256"));
  const TrustRoot both = PrivateSigstore::RootOf(root);
  const SignatureParts one = PartsOf(KindNamed("03 message"));
  EXPECT_EQ(AskFor(one, CtLogs(1), both).word, "verified");
  EXPECT_EQ(AskFor(one, CtLogs(2), both).word, "sct-invalid");
  SctPlan at;
  at.time = kNow;
  SigningPlan plan = PlanOf(KindNamed("03 message"));
  plan.leaf->sct_list = [&](ByteView tbs, ByteView issuer) {
    return Element(0x04, {SctListOf({Sigstore().ct_log().Promise(tbs, issuer, at),
                                     second.Promise(tbs, issuer, at)})});
  };
  const SignatureParts two = PartsOf(KindNamed("03 message"), plan);
  EXPECT_EQ(AskFor(two, CtLogs(2), both).word, "verified");
  EXPECT_EQ(AskFor(two, CtLogs(2)).word, "sct-invalid");
}

TEST(ThresholdsTest, WithoutCtLogsScsAreNotLookedAt) {
  SigningPlan plan = PlanOf(KindNamed("03 message"));
  plan.leaf->sct_list = nullptr;
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message"), plan), CtLogs(0)).word, "verified");
  plan.leaf->sct_list = [](ByteView, ByteView) { return Element(0x04, ByteView()); };
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message"), plan), CtLogs(0)).word, "verified");
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message"), plan), CtLogs(1)).word, "sct-invalid");
}

TEST(ThresholdsTest, StampsAreCountedWhereTheLogGivesATimeToo) {
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message")), Stamps(1)).word, "no-trusted-time");
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message twice timed")), Stamps(1)).word, "verified");
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message twice timed")), Stamps(2)).word,
            "no-trusted-time");
}

TEST(ThresholdsTest, StampsOfTwoAuthorities) {
  PrivateSigstore second;
  Json root = Sigstore().root_json();
  root["timestampAuthorities"].push_back(second.root_json()["timestampAuthorities"][0]);
  root["timestampAuthorities"][1]["uri"] = "https://tsa2.example";
  const TrustRoot both = PrivateSigstore::RootOf(root);
  SignatureParts parts = PartsOf(KindNamed("03 message v2"));
  EXPECT_EQ(AskFor(parts, Stamps(2), both).word, "no-trusted-time");
  parts.stamps.push_back(Sigstore().Stamp(parts.logged.signature, kNow + std::chrono::seconds(1)));
  EXPECT_EQ(AskFor(parts, Stamps(2), both).word, "no-trusted-time") << "two of one authority";
  parts.stamps.push_back(second.Stamp(parts.logged.signature));
  EXPECT_EQ(AskFor(parts, Stamps(2), both).word, "verified");
  EXPECT_THAT(AskFor(parts, Stamps(2), both).times,
              ElementsAre(kNow, kNow + std::chrono::seconds(1), kNow));
}

TEST(ThresholdsTest, AKeyMayHaveToBeStampedAndLogged) {
  const SignatureParts parts = PartsOf(KindNamed("03 message v2 by key"));
  EXPECT_EQ(AskFor(parts, Logs(1)).word, "verified");
  EXPECT_EQ(AskFor(parts, Logs(2)).word, "not-logged");
  EXPECT_EQ(AskFor(parts, Stamps(1)).word, "no-trusted-time");
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message v2 by key stamped")), Stamps(1)).word, "verified");
}

TEST(ThresholdsTest, WithoutALogEntriesAreNotLookedAtAndGiveNoTime) {
  EXPECT_EQ(AskFor(PartsOf(KindNamed("03 message")), NoLog()).word, "no-trusted-time");
  EXPECT_THAT(AskFor(PartsOf(KindNamed("03 message by key")), NoLog()).times, IsEmpty());
  SignatureParts parts = PartsOf(KindNamed("03 message twice timed"));
  EXPECT_THAT(AskFor(parts, NoLog()).times, ElementsAre(kNow));
  parts.entries.front().signed_entry_timestamp->back() ^= 1;
  parts.entries.front().integrated_time = kNow + std::chrono::years(1);
  EXPECT_EQ(AskFor(parts, NoLog()).word, "verified");
  EXPECT_EQ(AskFor(parts, Logs(1)).word, "not-logged");
  parts.entries.clear();
  EXPECT_EQ(AskFor(parts, NoLog()).word, "verified");
}

TEST(ThresholdsTest, PartsOfTrustMayComeFromDifferentRoots) {
  PrivateSigstore other;
  const TrustRoot other_root = PrivateSigstore::RootOf(other.root_json());
  SignatureParts parts = PartsOf(KindNamed("03 message"));
  parts.entries = {other.Log(parts.logged, EntryKind::kHashedRekordV001)};
  const SignedEntity entity = EntityFrom(parts);
  TrustMaterial trust = TrustMaterial::Of(SigstoreRoot());
  ChainMemory memory;
  EXPECT_FALSE(VerifyByCertificate(entity, trust, {}, memory).ok());
  trust.logs = other_root.logs();
  EXPECT_TRUE(VerifyByCertificate(entity, trust, {}, memory).ok());
  trust.certificate_authorities = other_root.certificate_authorities();
  EXPECT_FALSE(VerifyByCertificate(entity, trust, {}, memory).ok());
}

TEST(ThresholdsTest, NobodyTrustedVerifiesNothing) {
  ChainMemory memory;
  const SignedEntity entity = EntityFrom(PartsOf(KindNamed("03 message twice timed")));
  EXPECT_EQ(VerifyByCertificate(entity, {}, {}, memory).error().reason, base::Reason::kNotLogged);
  EXPECT_FALSE(VerifyByCertificate(entity, {}, {0, std::nullopt, 0}, memory).ok());
  TrustMaterial trust = TrustMaterial::Of(SigstoreRoot());
  trust.certificate_authorities = {};
  EXPECT_EQ(VerifyByCertificate(entity, trust, {}, memory).error().reason,
            base::Reason::kUntrustedCertificate);
}

}  // namespace
}  // namespace sigward::verifier
