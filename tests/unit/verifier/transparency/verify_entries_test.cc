// All entries of one signature together: what counts, and how often.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "private_sigstore/logged_signature.h"
#include "private_sigstore/rekor_log.h"
#include "result_matchers.h"
#include "verifier/transparency/verify_entry.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::HashedRekordBody;
using sigward::testing::HashedRekordV002Body;
using sigward::testing::IsOk;
using sigward::testing::LoggedSignature;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;

constexpr Time kTime = RekorLog::kStart + std::chrono::seconds(1000);

class VerifyEntriesTest : public ::testing::Test {
 protected:
  VerifyEntriesTest()
      : signature_(LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "artifact")),
        first_(RekorVersion::kV1, TestKey::Shared(KeyType::kEcdsaP256), "first.example"),
        second_(RekorVersion::kV2, TestKey::Shared(KeyType::kEd25519), "second.example"),
        logs_({first_.trusted(), second_.trusted()}) {}

  LogEntry InFirst() { return first_.Add(HashedRekordBody(signature_), kTime); }
  LogEntry InSecond() { return second_.Add(HashedRekordV002Body(signature_), kTime); }

  base::Result<std::vector<LoggedEntry>> Verify(const std::vector<LogEntry>& entries,
                                                std::size_t threshold) const {
    return VerifyLogEntries(entries, signature_.content(), logs_,
                            {threshold, RequiredProof::kInclusionProof});
  }

  LoggedSignature signature_;
  RekorLog first_;
  RekorLog second_;
  std::vector<TransparencyLog> logs_;
};

TEST_F(VerifyEntriesTest, LogsCountAndEntriesDoNot) {
  const LogEntry one = InFirst();
  const LogEntry again = InFirst();
  ASSERT_NE(one.log_index, again.log_index);
  const LogEntry other = InSecond();
  EXPECT_THAT(Verify({one}, 1), IsOk());
  EXPECT_THAT(Verify({one}, 2), FailsWith(Reason::kNotLogged));
  // GHSA-9vcr-p3rj-q5q6.
  EXPECT_THAT(Verify({one, again}, 2), FailsWith(Reason::kNotLogged));
  const auto both = Verify({one, again, other}, 2);
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(both->size(), 3U);
  EXPECT_THAT(Verify({one, again, other}, 3), FailsWith(Reason::kNotLogged));
}

TEST_F(VerifyEntriesTest, LogsOfOneOperatorAreOne) {
  const std::vector<LogEntry> entries = {InFirst(), InSecond()};
  EXPECT_THAT(Verify(entries, 2), IsOk());
  logs_[0].operated_by = "operator.example";
  EXPECT_THAT(Verify(entries, 2), IsOk());
  logs_[1].operated_by = "other.example";
  EXPECT_THAT(Verify(entries, 2), IsOk());
  logs_[1].operated_by = "operator.example";
  EXPECT_THAT(Verify(entries, 2), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify(entries, 1), IsOk());
}

TEST_F(VerifyEntriesTest, NoEntryIsNoLog) {
  EXPECT_THAT(Verify({}, 1), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify({}, 0), FailsWith(Reason::kInternal));
  EXPECT_THAT(Verify({InFirst()}, 0), FailsWith(Reason::kInternal));
}

TEST_F(VerifyEntriesTest, UnknownLogsAreNotCountedAndDoNotHarm) {
  RekorLog unknown(RekorVersion::kV1, TestKey::Stranger(), "unknown.example");
  LogEntry entry = unknown.Add(HashedRekordBody(signature_), kTime);
  EXPECT_THAT(Verify({entry}, 1), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify({entry, InFirst()}, 2), FailsWith(Reason::kNotLogged));
  entry.inclusion_proof->hashes.clear();
  const auto logged = Verify({entry, InFirst()}, 1);
  ASSERT_THAT(logged, IsOk());
  EXPECT_EQ(logged->size(), 1U);
}

TEST_F(VerifyEntriesTest, OneBadEntryOfAKnownLogSpoilsAll) {
  const LogEntry good = InFirst();
  LogEntry bad = InSecond();
  bad.inclusion_proof->hashes[0][0] ^= 1;
  EXPECT_THAT(Verify({good, bad}, 1), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(Verify({bad, good}, 1), FailsWith(Reason::kNotLogged));
  const LoggedSignature other =
      LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "other artifact");
  EXPECT_THAT(Verify({good, second_.Add(HashedRekordV002Body(other), kTime)}, 1),
              FailsWith(Reason::kLogMismatch));
}

TEST_F(VerifyEntriesTest, OneEntryTwiceIsMalformed) {
  const LogEntry one = InFirst();
  EXPECT_THAT(Verify({one, one}, 1), FailsWith(Reason::kMalformed));
  LogEntry unknown = one;
  unknown.log_id[0] ^= 1;
  EXPECT_THAT(Verify({one, unknown}, 1), IsOk());
  EXPECT_THAT(Verify({one, unknown, unknown}, 1), FailsWith(Reason::kMalformed));
}

TEST_F(VerifyEntriesTest, APromiseSufficesOnlyWhereThatIsAsked) {
  LogEntry entry = InFirst();
  entry.inclusion_proof.reset();
  const std::vector<LogEntry> entries = {entry};
  EXPECT_THAT(Verify(entries, 1), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(
      VerifyLogEntries(entries, signature_.content(), logs_, {1, RequiredProof::kPromiseSuffices}),
      IsOk());
}

TEST_F(VerifyEntriesTest, EntriesAreBounded) {
  std::vector<LogEntry> entries;
  while (entries.size() < kMaxLogEntries) {
    entries.push_back(InFirst());
  }
  EXPECT_THAT(Verify(entries, 1), IsOk());
  entries.push_back(InFirst());
  EXPECT_THAT(Verify(entries, 1), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
