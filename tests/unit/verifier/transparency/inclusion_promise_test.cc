#include "verifier/transparency/inclusion_promise.h"

#include <gtest/gtest.h>

#include <chrono>

#include "private_sigstore/rekor_log.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;
using std::chrono::seconds;

constexpr Time kTime = RekorLog::kStart + seconds(1000);

class InclusionPromiseTest : public ::testing::TestWithParam<KeyType> {
 protected:
  InclusionPromiseTest()
      : log_(RekorVersion::kV1, TestKey::Shared(GetParam())),
        entry_(log_.Add("a body", "hashedrekord", "0.0.1", kTime)) {}

  base::Result<VerifiedPromise> Verify() const {
    return VerifyInclusionPromise(entry_, log_.trusted());
  }

  RekorLog log_;
  LogEntry entry_;
};

TEST_P(InclusionPromiseTest, TheTimeIsTheLogs) {
  const auto promise = Verify();
  ASSERT_THAT(promise, IsOk());
  EXPECT_EQ(promise->time(), kTime);
}

TEST_P(InclusionPromiseTest, EveryFieldIsSigned) {
  const LogEntry good = entry_;
  entry_.canonicalized_body.back() ^= 1;
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "body";
  entry_ = good;
  entry_.canonicalized_body.pop_back();
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "shorter body";
  entry_ = good;
  *entry_.integrated_time += seconds(1);
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "time";
  entry_ = good;
  *entry_.integrated_time -= seconds(1);
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "time";
  entry_ = good;
  ++entry_.log_index;
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "index";
  entry_ = good;
  --entry_.log_index;
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "index";
  entry_ = good;
  entry_.signed_entry_timestamp->back() ^= 1;
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged)) << "signature";
  entry_ = good;
  EXPECT_THAT(Verify(), IsOk());
  // The index within the tree, the proof and the kind are not.
  entry_.inclusion_proof.reset();
  entry_.kind = "other";
  EXPECT_THAT(Verify(), IsOk());
}

TEST_P(InclusionPromiseTest, TheLogMustBeTheEntrys) {
  TransparencyLog other = log_.trusted();
  other.log_id[0] ^= 1;
  EXPECT_THAT(VerifyInclusionPromise(entry_, other), FailsWith(Reason::kNotLogged));
  // An id that both agree on is signed too.
  entry_.log_id[0] ^= 1;
  EXPECT_THAT(VerifyInclusionPromise(entry_, other), FailsWith(Reason::kNotLogged));
  entry_.signed_entry_timestamp = log_.Promise(entry_);
  EXPECT_THAT(VerifyInclusionPromise(entry_, other), IsOk());
}

TEST_P(InclusionPromiseTest, ByAnotherKeyItIsNone) {
  const RekorLog other(RekorVersion::kV1, TestKey::Stranger());
  entry_.signed_entry_timestamp = other.Promise(entry_);
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
}

TEST_P(InclusionPromiseTest, TheWindowHoldsBothItsEnds) {
  const auto within = [&](std::optional<Time> start, std::optional<Time> end) {
    TransparencyLog log = log_.trusted();
    log.validity = {start, end};
    return VerifyInclusionPromise(entry_, log);
  };
  EXPECT_THAT(within(kTime, kTime), IsOk());
  EXPECT_THAT(within(kTime - seconds(1), std::nullopt), IsOk());
  EXPECT_THAT(within(kTime + seconds(1), std::nullopt), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(within(kTime - seconds(2), kTime - seconds(1)), FailsWith(Reason::kNotLogged));
}

TEST_P(InclusionPromiseTest, WithoutSignatureOrTimeThereIsNone) {
  const LogEntry good = entry_;
  entry_.signed_entry_timestamp.reset();
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
  entry_ = good;
  entry_.signed_entry_timestamp->clear();
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
  entry_ = good;
  entry_.integrated_time.reset();
  EXPECT_THAT(Verify(), FailsWith(Reason::kNotLogged));
}

TEST_P(InclusionPromiseTest, NumbersAreThoseOfCanonicalJson) {
  entry_.log_index = kMaxPromisedNumber;
  entry_.signed_entry_timestamp = log_.Promise(entry_);
  EXPECT_THAT(Verify(), IsOk());
  entry_.log_index = kMaxPromisedNumber + 1;
  entry_.signed_entry_timestamp = log_.Promise(entry_);
  EXPECT_THAT(Verify(), FailsWith(Reason::kMalformed));

  entry_.log_index = 0;
  entry_.integrated_time = Time(seconds(kMaxPromisedNumber));
  entry_.signed_entry_timestamp = log_.Promise(entry_);
  EXPECT_THAT(Verify(), IsOk());
  for (const seconds time : {seconds(kMaxPromisedNumber + 1), seconds(-1)}) {
    entry_.integrated_time = Time(time);
    entry_.signed_entry_timestamp = log_.Promise(entry_);
    EXPECT_THAT(Verify(), FailsWith(Reason::kMalformed)) << time.count();
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, InclusionPromiseTest,
                         ::testing::Values(KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kRsa,
                                           KeyType::kEd25519));

}  // namespace
}  // namespace sigward::verifier
