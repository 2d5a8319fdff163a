#include "verifier/transparency/verify_entry.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "private_sigstore/logged_signature.h"
#include "private_sigstore/rekor_log.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::Reason;
using sigward::testing::CosignatureLine;
using sigward::testing::DsseBody;
using sigward::testing::FailsWith;
using sigward::testing::HashedRekordBody;
using sigward::testing::HashedRekordV002Body;
using sigward::testing::IntotoBody;
using sigward::testing::IsOk;
using sigward::testing::LoggedSignature;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;
using std::chrono::seconds;

constexpr Time kTime = RekorLog::kStart + seconds(1000);
constexpr const char* kInToto = "application/vnd.in-toto+json";

MATCHER(IsUnknownLog, "is of an unknown log") {
  return arg.ok() && std::holds_alternative<UnknownLog>(*arg);
}

const LoggedEntry* Logged(const base::Result<EntryOutcome>& outcome) {
  return outcome.ok() ? std::get_if<LoggedEntry>(&*outcome) : nullptr;
}

struct Kind {
  const char* name;
  RekorVersion version;
  KeyType log_key;
  Json (*body)(const LoggedSignature&);
  const char* payload_type;
};

class VerifyEntryTest : public ::testing::TestWithParam<Kind> {
 protected:
  VerifyEntryTest()
      : signature_(Sign("what is signed")),
        log_(GetParam().version, TestKey::Shared(GetParam().log_key)),
        entry_(log_.Add(GetParam().body(signature_), kTime)) {}

  static LoggedSignature Sign(const std::string& payload) {
    LoggedSignature signature =
        LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), payload, GetParam().payload_type);
    signature.certificate = ByteBuffer(300, 0x30);
    return signature;
  }
  static bool IsV1() { return GetParam().version == RekorVersion::kV1; }

  base::Result<EntryOutcome> Verify(RequiredProof proof = RequiredProof::kInclusionProof) const {
    return VerifyIn({log_.trusted()}, proof);
  }
  base::Result<EntryOutcome> VerifyIn(std::vector<TransparencyLog> logs,
                                      RequiredProof proof = RequiredProof::kInclusionProof) const {
    logs_ = std::move(logs);
    return VerifyLogEntry(entry_, signature_.content(), logs_, proof);
  }
  /// The entry with CHANGE made to it, which is undone afterwards.
  base::Result<EntryOutcome> With(const std::function<void(LogEntry&)>& change) {
    const LogEntry good = entry_;
    change(entry_);
    base::Result<EntryOutcome> outcome = Verify();
    entry_ = good;
    return outcome;
  }
  base::Result<EntryOutcome> WithProof(const std::function<void(InclusionProof&)>& change) {
    return With([&](LogEntry& entry) { change(*entry.inclusion_proof); });
  }

  LoggedSignature signature_;
  RekorLog log_;
  LogEntry entry_;
  mutable std::vector<TransparencyLog> logs_;
};

TEST_P(VerifyEntryTest, AWholeEntryIsLogged) {
  const auto outcome = Verify();
  ASSERT_THAT(outcome, IsOk());
  const LoggedEntry* logged = Logged(outcome);
  ASSERT_NE(logged, nullptr);
  EXPECT_EQ(logged->log().log_id, log_.id());
  EXPECT_EQ(&logged->log(), logs_.data());
  if (IsV1()) {
    EXPECT_EQ(logged->trusted_time(), kTime);
    EXPECT_EQ(logged->claimed_time(), kTime);
  } else {
    EXPECT_EQ(logged->trusted_time(), std::nullopt);
    EXPECT_EQ(logged->claimed_time(), std::nullopt);
  }
}

TEST_P(VerifyEntryTest, AnEntryOfAnotherLogIsPassedOver) {
  const RekorLog other(GetParam().version, TestKey::Stranger(), "other.example");
  EXPECT_THAT(VerifyIn({}), IsUnknownLog());
  EXPECT_THAT(VerifyIn({other.trusted()}), IsUnknownLog());
  entry_.canonicalized_body.clear();
  entry_.kind = "whatever";
  EXPECT_THAT(VerifyIn({other.trusted()}), IsUnknownLog());
  EXPECT_THAT(Verify(), FailsWith(Reason::kUnsupportedFormat));
}

TEST_P(VerifyEntryTest, AnIdDoesNotMakeTheLog) {
  const RekorLog impostor(GetParam().version, GetParam().log_key == KeyType::kEd25519
                                                  ? TestKey::Ed25519()
                                                  : TestKey::Stranger());
  TransparencyLog log = impostor.trusted();
  log.log_id = log_.id();
  EXPECT_THAT(VerifyIn({log}), FailsWith(Reason::kNotLogged));
  // One log may stand in a trust root several times.
  EXPECT_THAT(VerifyIn({log, log_.trusted()}), IsOk());
  EXPECT_THAT(VerifyIn({log_.trusted(), log}), IsOk());
}

// Ids are opaque: a trust root may cut them, and name a log by its key beside the id that is in its
// checkpoints.
TEST_P(VerifyEntryTest, ALogIsNamedByItsIdOrByItsCheckpoints) {
  const ByteBuffer cut(log_.id().begin(), log_.id().begin() + 4);
  TransparencyLog log = log_.trusted();
  log.log_id = cut;
  EXPECT_THAT(VerifyIn({log}), IsUnknownLog());
  entry_.log_id = cut;
  if (IsV1()) {
    entry_.signed_entry_timestamp = log_.Promise(entry_);
  }
  EXPECT_THAT(VerifyIn({log}), IsOk());
  EXPECT_NE(Logged(VerifyIn({log})), nullptr);
  EXPECT_THAT(Verify(), IsUnknownLog());
  log.log_id = ByteBuffer(32, 7);
  log.checkpoint_key_id = cut;
  if (!IsV1()) {
    EXPECT_NE(Logged(VerifyIn({log})), nullptr);
  }
  log.checkpoint_key_id = ByteBuffer(4, 7);
  EXPECT_THAT(VerifyIn({log}), IsUnknownLog());
  log.checkpoint_key_id.reset();
  EXPECT_THAT(VerifyIn({log}), IsUnknownLog());
}

TEST_P(VerifyEntryTest, ACosignedCheckpointIsOne) {
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.checkpoint += CosignatureLine(); }),
              IsOk());
}

TEST_P(VerifyEntryTest, EveryPartOfTheProofCounts) {
  const auto not_logged = FailsWith(Reason::kNotLogged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { ++proof.log_index; }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { --proof.log_index; }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { ++proof.tree_size; }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { --proof.tree_size; }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.log_index = proof.tree_size; }),
              not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.root_hash[31] ^= 1; }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.root_hash.clear(); }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.hashes.pop_back(); }), not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.hashes.clear(); }), not_logged);
  EXPECT_THAT(
      WithProof([](InclusionProof& proof) { proof.hashes.push_back(proof.hashes.front()); }),
      not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { std::swap(proof.hashes[0], proof.hashes[1]); }),
              not_logged);
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.hashes[0].pop_back(); }),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(WithProof([](InclusionProof& proof) { proof.checkpoint.clear(); }),
              FailsWith(Reason::kMalformed));
  const std::size_t hashes = entry_.inclusion_proof->hashes.size();
  for (std::size_t i = 0; i < hashes * 32; ++i) {
    EXPECT_THAT(WithProof([&](InclusionProof& proof) { proof.hashes[i / 32][i % 32] ^= 0x10; }),
                not_logged);
  }
}

TEST_P(VerifyEntryTest, ACheckpointOfAnotherTreeIsNone) {
  // Of the same log, later: its size and root are not the proof's.
  log_.Add("later", "kind", "version", kTime);
  const std::string later = log_.CheckpointText();
  EXPECT_THAT(WithProof([&](InclusionProof& proof) { proof.checkpoint = log_.Note(later); }),
              FailsWith(Reason::kNotLogged));
  // The same with the proof's claims set right, so that nothing but the path is wrong.
  EXPECT_THAT(WithProof([&](InclusionProof& proof) {
                const std::size_t size = later.find('\n') + 1;
                const std::size_t root = later.find('\n', size) + 1;
                proof.tree_size = std::stoull(later.substr(size));
                proof.root_hash = std::move(base::DecodeBase64(later.substr(root, 44), 44)).value();
                proof.checkpoint = log_.Note(later);
              }),
              FailsWith(Reason::kNotLogged));
}

TEST_P(VerifyEntryTest, ASizeThatOnlyTheProofClaimsIsNotBelieved) {
  // A smaller tree with the same root would let the path end early.
  const std::string text = log_.CheckpointText();
  const std::size_t size = text.find('\n') + 1;
  EXPECT_THAT(WithProof([&](InclusionProof& proof) {
                std::string other = text;
                other.replace(size, text.find('\n', size) - size, "1000");
                proof.checkpoint = log_.Note(other);
              }),
              FailsWith(Reason::kNotLogged));
}

TEST_P(VerifyEntryTest, TheBodyIsWhatIsLogged) {
  EXPECT_THAT(With([](LogEntry& entry) { entry.canonicalized_body.back() ^= 1; }),
              FailsWith(Reason::kNotLogged));
  EXPECT_THAT(With([](LogEntry& entry) { entry.canonicalized_body.push_back(' '); }),
              FailsWith(Reason::kNotLogged));
}

TEST_P(VerifyEntryTest, AnotherKindOrVersionThanTheBodys) {
  EXPECT_THAT(With([](LogEntry& entry) { entry.kind = "rekord"; }),
              FailsWith(Reason::kUnsupportedFormat));
  EXPECT_THAT(With([](LogEntry& entry) { entry.version = ""; }),
              FailsWith(Reason::kUnsupportedFormat));
  const struct {
    const char* kind;
    const char* version;
  } kKinds[] = {
      {"hashedrekord", "0.0.1"}, {"dsse", "0.0.1"}, {"intoto", "0.0.2"}, {"hashedrekord", "0.0.2"}};
  for (const auto& other : kKinds) {
    const bool same = entry_.kind == other.kind && entry_.version == other.version;
    const auto outcome = With([&](LogEntry& entry) {
      entry.kind = other.kind;
      entry.version = other.version;
    });
    EXPECT_EQ(outcome.ok(), same) << other.kind << other.version;
    if (!same && IsV1() == (std::string(other.version) != "0.0.2" || other.kind[0] == 'i')) {
      EXPECT_THAT(outcome, FailsWith(Reason::kLogMismatch)) << other.kind << other.version;
    }
  }
}

TEST_P(VerifyEntryTest, AValidEntryOfSomethingElseIsAMismatch) {
  // The same certificate and key, another artifact (CVE-2024-51746, CVE-2026-22703).
  const LoggedSignature other = Sign("something else");
  entry_ = log_.Add(GetParam().body(other), kTime);
  EXPECT_THAT(Verify(), FailsWith(Reason::kLogMismatch));
  // The same artifact, signed again (CVE-2022-23649).
  entry_ = log_.Add(GetParam().body(Sign(signature_.payload)), kTime);
  EXPECT_THAT(Verify(), FailsWith(Reason::kLogMismatch));
  entry_ = log_.Add(GetParam().body(signature_), kTime);
  EXPECT_THAT(Verify(), IsOk());
}

TEST_P(VerifyEntryTest, WhatIsLoggedMustBeAnEntry) {
  entry_ = log_.Add("{}", entry_.kind, entry_.version, kTime);
  EXPECT_THAT(Verify(), FailsWith(Reason::kMalformed));
}

TEST_P(VerifyEntryTest, WithoutProofAPromiseHasToSuffice) {
  entry_.inclusion_proof.reset();
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
  const auto outcome = Verify(RequiredProof::kPromiseSuffices);
  if (!IsV1()) {
    EXPECT_THAT(outcome, FailsWith(Reason::kNotLogged));
    return;
  }
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(Logged(outcome)->trusted_time(), kTime);
  entry_.signed_entry_timestamp.reset();
  EXPECT_THAT(Verify(RequiredProof::kPromiseSuffices), FailsWith(Reason::kNotLogged));
}

TEST_P(VerifyEntryTest, WithoutPromiseThereIsNoTrustedTime) {
  entry_.signed_entry_timestamp.reset();
  entry_.integrated_time = kTime;
  for (const RequiredProof proof :
       {RequiredProof::kInclusionProof, RequiredProof::kPromiseSuffices}) {
    const auto outcome = Verify(proof);
    ASSERT_THAT(outcome, IsOk());
    EXPECT_EQ(Logged(outcome)->trusted_time(), std::nullopt);
    EXPECT_EQ(Logged(outcome)->claimed_time(), kTime);
  }
}

TEST_P(VerifyEntryTest, WhatIsPresentMustBeValidEvenWhereItIsNotNeeded) {
  EXPECT_THAT(With([&](LogEntry& entry) {
                entry.integrated_time = kTime;
                entry.signed_entry_timestamp = ByteBuffer(70, 1);
              }),
              FailsWith(Reason::kNotLogged));
  entry_.inclusion_proof->hashes[0][0] ^= 1;
  EXPECT_THAT(Verify(RequiredProof::kPromiseSuffices), FailsWith(Reason::kNotLogged));
}

TEST_P(VerifyEntryTest, ALogOfRekorV2IsNoClockEvenWhenItSignsAPromise) {
  entry_.integrated_time = kTime;
  entry_.signed_entry_timestamp = log_.Promise(entry_);
  EXPECT_EQ(Verify().ok(), IsV1());
  if (!IsV1()) {
    EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
  }
}

TEST_P(VerifyEntryTest, IndexAndTimeBelongToTheEntry) {
  EXPECT_THAT(With([](LogEntry& entry) { ++entry.log_index; }), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(With([](LogEntry& entry) { --entry.log_index; }), FailsWith(Reason::kNotLogged));
  if (IsV1()) {
    EXPECT_THAT(With([](LogEntry& entry) { *entry.integrated_time += seconds(1); }),
                FailsWith(Reason::kNotLogged));
    EXPECT_THAT(With([](LogEntry& entry) { entry.integrated_time.reset(); }),
                FailsWith(Reason::kNotLogged));
  }
}

TEST_P(VerifyEntryTest, TheWindowIsHeldAgainstThePromise) {
  TransparencyLog log = log_.trusted();
  log.validity.end = kTime;
  EXPECT_THAT(VerifyIn({log}), IsOk());
  log.validity.end = kTime - seconds(1);
  EXPECT_EQ(VerifyIn({log}).ok(), !IsV1());
  // A second row of the trust root with the right window helps.
  EXPECT_THAT(VerifyIn({log, log_.trusted()}), IsOk());
}

TEST_P(VerifyEntryTest, TheWindowIsHeldAgainstOtherTimesWhereThereIsNoPromise) {
  TransparencyLog log = log_.trusted();
  log.validity.end = kTime;
  const auto outcome = VerifyIn({log});
  ASSERT_THAT(outcome, IsOk());
  const LoggedEntry& logged = *Logged(outcome);
  const std::vector<Time> in_time = {RekorLog::kStart, kTime};
  const std::vector<Time> late = {RekorLog::kStart, kTime + seconds(1)};
  const std::vector<Time> early = {RekorLog::kStart - seconds(1)};
  EXPECT_THAT(CheckLogWasInUse(logged, {}), IsOk());
  EXPECT_THAT(CheckLogWasInUse(logged, in_time), IsOk());
  EXPECT_EQ(CheckLogWasInUse(logged, late).ok(), IsV1());
  EXPECT_EQ(CheckLogWasInUse(logged, early).ok(), IsV1());
  if (!IsV1()) {
    EXPECT_THAT(CheckLogWasInUse(logged, late), FailsWith(Reason::kNotLogged));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, VerifyEntryTest,
    ::testing::Values(
        Kind{"HashedRekord", RekorVersion::kV1, KeyType::kEcdsaP256, HashedRekordBody, ""},
        Kind{"Dsse", RekorVersion::kV1, KeyType::kEcdsaP256, DsseBody, kInToto},
        Kind{"Intoto", RekorVersion::kV1, KeyType::kEcdsaP384, IntotoBody, kInToto},
        Kind{"V002", RekorVersion::kV2, KeyType::kEd25519, HashedRekordV002Body, ""},
        Kind{"V002OfEnvelope", RekorVersion::kV2, KeyType::kEd25519, HashedRekordV002Body, kInToto},
        Kind{"V002ByEcdsa", RekorVersion::kV2, KeyType::kEcdsaP256, HashedRekordV002Body, ""}),
    [](const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; });

}  // namespace
}  // namespace sigward::verifier
