#include "verifier/timestamp/stamp_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "timestamp_fixture.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::Refuses;
using sigward::testing::StampPlan;

class StampChecksTest : public sigward::testing::TimestampTest {
 protected:
  /// A token that nobody signed, another one for each NUMBER.
  base::Status CheckJunk(std::size_t number) {
    const std::string text = std::to_string(number);
    TimestampToken token;
    token.signed_attributes.assign(text.begin(), text.end());
    token.signature = base::AsBytes("no signature");
    return checks_.CheckSigned(token, tsa().leaf().certificate);
  }
  /// As many as COUNT, none of them before.
  void TakeAll(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_THAT(CheckJunk(next_++), FailsWith(Reason::kTimestampInvalid));
    }
  }
  base::Result<std::vector<VerifiedTimestamp>> VerifyAll(const std::vector<ByteBuffer>& tokens,
                                                         std::size_t threshold) {
    static const std::vector<CertificateAuthority> trusted = {tsa().Trusted()};
    return VerifyTimestamps(tokens, Signature(), trusted, threshold, checks_);
  }

  ChainMemory memory_;
  StampChecks checks_{memory_};
  std::size_t next_ = 0;
};

TEST_F(StampChecksTest, AsManyAsThereMayBe) {
  TakeAll(kMaxStampChecks);
  EXPECT_FALSE(checks_.exhausted());
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
  EXPECT_TRUE(checks_.exhausted());
}

TEST_F(StampChecksTest, WhatIsKnownTakesNone) {
  for (std::size_t i = 0; i < 2 * kMaxStampChecks; ++i) {
    ASSERT_THAT(CheckJunk(0), FailsWith(Reason::kTimestampInvalid));
  }
  next_ = 1;
  TakeAll(kMaxStampChecks - 1);
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
  // Still known: who was not the signer does not become it.
  EXPECT_THAT(CheckJunk(0), FailsWith(Reason::kTimestampInvalid));
}

TEST_F(StampChecksTest, ALinkTakesOneUntilItIsRemembered) {
  const Certificate& leaf = tsa().leaf().certificate;
  const Certificate& issuer = tsa().intermediate().certificate;
  TakeAll(kMaxStampChecks - 2);
  EXPECT_THAT(checks_.CheckIssued(leaf, issuer), IsOk());
  EXPECT_THAT(checks_.CheckIssued(issuer, leaf), FailsWith(Reason::kUntrustedCertificate));
  EXPECT_THAT(checks_.CheckIssued(leaf, issuer), FailsWith(Reason::kTooLarge));
  checks_.Remember(leaf, issuer);
  EXPECT_THAT(checks_.CheckIssued(leaf, issuer), IsOk());
}

TEST_F(StampChecksTest, WhatStandsBehindKeepsItsShare) {
  checks_.BeginSignature(1);
  TakeAll(kMaxStampChecks - kReservedStampChecks);
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
  checks_.BeginSignature(0);
  TakeAll(kReservedStampChecks);
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
}

TEST_F(StampChecksTest, WhatStandsBehindIsJudgedAsIfItStoodAlone) {
  const ByteBuffer junk = {1, 2, 3};
  checks_.BeginSignature(1);
  TakeAll(kMaxStampChecks - kReservedStampChecks);
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
  checks_.BeginSignature(0);
  EXPECT_THAT(VerifyAll({junk}, 0), IsOk());
  EXPECT_THAT(VerifyAll({junk, Encode(Plan())}, 1), IsOk());
}

// One stamp in two spellings: what nobody signed differs.
TEST_F(StampChecksTest, AStampThatIsSpelledAnewIsCheckedOnceAndCountedOnce) {
  const ByteBuffer stamp = Encode(Plan());
  ByteBuffer again = stamp;
  const ByteBuffer granted = {0x02, 0x01, 0x00};
  const auto status = std::search(again.begin(), again.end(), granted.begin(), granted.end());
  ASSERT_NE(status, again.end());
  status[2] = 1;  // grantedWithMods
  EXPECT_THAT(VerifyAll({stamp, again}, 1), IsOk());
  EXPECT_THAT(VerifyAll({stamp, again}, 2), FailsWith(Reason::kNoTrustedTime));
  // The signature and the two links of the chain were three checks, and are no more.
  TakeAll(kMaxStampChecks - 3);
  EXPECT_THAT(VerifyAll({stamp, again}, 1), IsOk());
  EXPECT_THAT(CheckJunk(next_), FailsWith(Reason::kTooLarge));
}

// What could not be looked at might have been a time that matters.
TEST_F(StampChecksTest, GoodStampsDoNotMakeUpForThoseThatWereNotLookedAt) {
  const ByteBuffer stamp = Encode(Plan());
  TakeAll(kMaxStampChecks - 3);
  EXPECT_THAT(VerifyAll({stamp}, 1), IsOk());
  EXPECT_THAT(VerifyAll({stamp, Encode(Plan())}, 1), Refuses(Reason::kTooLarge, "512"));
  EXPECT_THAT(VerifyAll({stamp}, 1), IsOk());
}

// A bag of certificates that the signature does not name is not parsed before the signature is
// known to be the signer's.
TEST_F(StampChecksTest, JunkInTheBagIsNotParsedForASignerThatIsNotThere) {
  StampPlan plan = Plan();
  plan.carried =
      std::vector<ByteBuffer>(3, sigward::testing::Element(0x30, {sigward::testing::Integer(1)}));
  static const std::vector<CertificateAuthority> by_issuer = {tsa().TrustedWithoutLeaf()};
  EXPECT_THAT(VerifyTimestamp(Encode(plan), Signature(), by_issuer, checks_),
              Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
}

}  // namespace
}  // namespace sigward::verifier
