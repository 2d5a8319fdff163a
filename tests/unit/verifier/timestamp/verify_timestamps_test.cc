#include <gtest/gtest.h>

#include <string>

#include "timestamp_fixture.h"
#include "verifier/timestamp/verify_timestamp.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::Encode;
using sigward::testing::Integer;
using sigward::testing::IsOk;
using sigward::testing::Refuses;
using sigward::testing::StampPlan;
using sigward::testing::TimestampAuthority;

class VerifyTimestampsTest : public sigward::testing::TimestampTest {
 protected:
  static const TimestampAuthority& second() {
    static const TimestampAuthority authority;
    return authority;
  }
  static std::vector<CertificateAuthority> Both() {
    std::vector<CertificateAuthority> out = {tsa().Trusted(), second().Trusted()};
    out[1].uri = "https://second.example";
    return out;
  }
  /// Stamps of one authority that differ in what says nothing.
  static ByteBuffer Stamp(const TimestampAuthority& authority, std::uint8_t nonce) {
    StampPlan plan = authority.Plan(Signature());
    plan.info_rest = Integer(nonce);
    return Encode(plan);
  }
  static base::Result<std::vector<VerifiedTimestamp>> VerifyAll(
      const std::vector<ByteBuffer>& tokens, const std::vector<CertificateAuthority>& authorities,
      std::size_t threshold) {
    ChainMemory memory;
    StampChecks checks(memory);
    return VerifyTimestamps(tokens, Signature(), authorities, threshold, checks);
  }
};

TEST_F(VerifyTimestampsTest, NoneIsEnoughWhereNoneIsNeeded) {
  EXPECT_THAT(VerifyAll({}, Both(), 0), IsOk());
  EXPECT_THAT(VerifyAll({}, Both(), 1), Refuses(Reason::kNoTrustedTime, "1 are needed"));
}

TEST_F(VerifyTimestampsTest, CountsAuthoritiesAndNotStamps) {
  const auto two_of_one = VerifyAll({Stamp(tsa(), 1), Stamp(tsa(), 2)}, Both(), 1);
  ASSERT_THAT(two_of_one, IsOk());
  EXPECT_EQ(two_of_one->size(), 2U);
  EXPECT_THAT(VerifyAll({Stamp(tsa(), 1), Stamp(tsa(), 2)}, Both(), 2),
              Refuses(Reason::kNoTrustedTime, "2 are needed"));
  EXPECT_THAT(VerifyAll({Stamp(tsa(), 1), Stamp(second(), 1)}, Both(), 2), IsOk());
  EXPECT_THAT(VerifyAll({Stamp(tsa(), 1), Stamp(second(), 1)}, Both(), 3),
              Refuses(Reason::kNoTrustedTime, "3 are needed"));
}

// GHSA-9vcr-p3rj-q5q6 (sigstore-go): thresholds were counted per chain, not per authority.
TEST_F(VerifyTimestampsTest, Ghsa9vcr_TwoInstancesOfOneAuthorityAreOne) {
  const std::vector<ByteBuffer> tokens = {Stamp(tsa(), 1), Stamp(second(), 1)};
  std::vector<CertificateAuthority> one_operator = Both();
  one_operator[0].operated_by = one_operator[1].operated_by = "somebody";
  EXPECT_THAT(VerifyAll(tokens, one_operator, 1), IsOk());
  EXPECT_THAT(VerifyAll(tokens, one_operator, 2), Refuses(Reason::kNoTrustedTime, "needed"));

  std::vector<CertificateAuthority> one_address = Both();
  one_address[1].uri = one_address[0].uri;
  EXPECT_THAT(VerifyAll(tokens, one_address, 2), Refuses(Reason::kNoTrustedTime, "needed"));

  // Neither operator nor address is said: that says nothing.
  std::vector<CertificateAuthority> nameless = Both();
  nameless[0].uri = nameless[1].uri = "";
  EXPECT_THAT(VerifyAll(tokens, nameless, 2), IsOk());

  // Two leaves under one anchor, listed as if they were two authorities.
  const auto other = tsa().MakeLeaf(TimestampAuthority::LeafPlan());
  std::vector<CertificateAuthority> one_anchor = {tsa().Trusted(), tsa().Trusted()};
  one_anchor[1].uri = "https://second.example";
  one_anchor[1].chain[0] = other.certificate;
  EXPECT_THAT(VerifyAll({Stamp(tsa(), 1), Encode(TimestampAuthority::PlanBy(other, Signature()))},
                        one_anchor, 2),
              Refuses(Reason::kNoTrustedTime, "needed"));
}

TEST_F(VerifyTimestampsTest, FailuresAreLetPassAboveTheThreshold) {
  static const TimestampAuthority stranger;
  const ByteBuffer good = Stamp(tsa(), 1);
  const ByteBuffer unknown = Stamp(stranger, 1);
  const ByteBuffer of_another = Encode(tsa().Plan(base::AsBytes("another signature")));
  const ByteBuffer junk = {1, 2, 3};
  EXPECT_THAT(VerifyAll({junk, unknown, of_another, good}, Both(), 1), IsOk());
  EXPECT_THAT(VerifyAll({unknown, of_another}, Both(), 1),
              Refuses(Reason::kUntrustedCertificate, "no trusted authority"));
  EXPECT_THAT(VerifyAll({of_another, unknown}, Both(), 1),
              Refuses(Reason::kTimestampInvalid, "another signature"));
  EXPECT_THAT(VerifyAll({good, junk}, Both(), 2), Refuses(Reason::kMalformed, "DER"));
}

TEST_F(VerifyTimestampsTest, TheSameStampTwiceIsRefused) {
  EXPECT_THAT(VerifyAll({Stamp(tsa(), 1), Stamp(second(), 1), Stamp(tsa(), 2)}, Both(), 1), IsOk());
  const ByteBuffer stamp = Stamp(tsa(), 1);
  EXPECT_THAT(VerifyAll({stamp, stamp}, Both(), 1), Refuses(Reason::kMalformed, "twice"));
}

TEST_F(VerifyTimestampsTest, TheyAreCounted) {
  std::vector<ByteBuffer> tokens;
  for (std::size_t i = 0; i + 1 < kMaxTimestamps; ++i) {
    tokens.push_back({static_cast<std::uint8_t>(i)});
  }
  tokens.push_back(Stamp(tsa(), 1));
  EXPECT_THAT(VerifyAll(tokens, Both(), 1), IsOk());
  tokens.push_back({0xff});
  EXPECT_THAT(VerifyAll(tokens, Both(), 1), Refuses(Reason::kTooLarge, "32"));
}

}  // namespace
}  // namespace sigward::verifier
