#include "verifier/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

const std::string kHex64(64, 'a');
const std::string kHex128(128, '0');

TEST(DigestTest, ParsesBothAlgorithms) {
  const base::Result<Digest> sha256 = Digest::Parse("sha256:" + kHex64);
  ASSERT_THAT(sha256, IsOk());
  EXPECT_EQ(sha256->algorithm(), DigestAlgorithm::kSha256);
  EXPECT_EQ(sha256->algorithm_name(), "sha256");
  EXPECT_EQ(sha256->hex(), kHex64);
  EXPECT_EQ(sha256->text(), "sha256:" + kHex64);

  const base::Result<Digest> sha512 = Digest::Parse("sha512:" + kHex128);
  ASSERT_THAT(sha512, IsOk());
  EXPECT_EQ(sha512->algorithm_name(), "sha512");
  EXPECT_EQ(sha512->hex(), kHex128);
}

TEST(DigestTest, RefusesWhatIsNoDigest) {
  const struct {
    std::string text;
    Reason reason;
  } kCases[] = {
      {"", Reason::kMalformed},
      {"sha256", Reason::kMalformed},
      {":" + kHex64, Reason::kMalformed},
      {"sha256:", Reason::kMalformed},
      {"sha256:" + kHex64.substr(1), Reason::kMalformed},
      {"sha256:" + kHex64 + "a", Reason::kMalformed},
      {"sha256:" + kHex128, Reason::kMalformed},
      {"sha512:" + kHex64, Reason::kMalformed},
      {"sha512:" + kHex128 + "0", Reason::kMalformed},
      {"sha256:A" + kHex64.substr(1), Reason::kMalformed},
      {"sha256:g" + kHex64.substr(1), Reason::kMalformed},
      {"sha256:../" + kHex64.substr(3), Reason::kMalformed},
      {"sha256: " + kHex64.substr(1), Reason::kMalformed},
      {"sha256:" + kHex64 + "\n", Reason::kMalformed},
      {"sha256:" + kHex64.substr(1) + std::string(1, '\0'), Reason::kMalformed},
      {"SHA256:" + kHex64, Reason::kMalformed},
      {" sha256:" + kHex64, Reason::kMalformed},
      {"sha256:sha256:" + kHex64.substr(7), Reason::kMalformed},
      {"sha384:" + std::string(96, 'a'), Reason::kUnsupportedAlgorithm},
      {"md5:" + std::string(32, 'a'), Reason::kUnsupportedAlgorithm},
      {"sha256+b64:abc", Reason::kUnsupportedAlgorithm},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Digest::Parse(c.text), FailsWith(c.reason)) << c.text;
  }
}

TEST(DigestTest, HashesAsTheStandardSays) {
  EXPECT_EQ(Digest::Of(base::AsBytes("abc")).text(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Digest::Of({}).text(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest::Of(base::AsBytes("abc"), DigestAlgorithm::kSha512).text(),
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(DigestTest, ChecksBytesAgainstTheirDigest) {
  for (const DigestAlgorithm algorithm : {DigestAlgorithm::kSha256, DigestAlgorithm::kSha512}) {
    const Digest digest = Digest::Of(base::AsBytes("abc"), algorithm);
    EXPECT_THAT(CheckDigest(base::AsBytes("abc"), digest, "blob"), IsOk());
    EXPECT_THAT(CheckDigest(base::AsBytes("abd"), digest, "blob"),
                FailsWith(Reason::kDigestMismatch));
    EXPECT_THAT(CheckDigest({}, digest, "blob"), FailsWith(Reason::kDigestMismatch));
  }
}

TEST(DigestTest, ErrorsStayOnOneBoundedLine) {
  const base::Result<Digest> digest = Digest::Parse("sha256:\n" + std::string(5000, 'x'));
  ASSERT_FALSE(digest.ok());
  EXPECT_EQ(digest.error().detail.find('\n'), std::string::npos);
  EXPECT_LT(digest.error().detail.size(), 200U);
}

}  // namespace
}  // namespace sigward::verifier
