#include "verifier/pem.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

constexpr std::size_t kMax = 200;
const std::string kBlock = "-----BEGIN THING-----\nYWJj\n-----END THING-----\n";

TEST(PemTest, ParsesOneBlock) {
  for (const std::string& text :
       {kBlock, "\n \t\r\n" + kBlock + "\n\n", kBlock.substr(0, kBlock.size() - 1),
        std::string("-----BEGIN THING-----\r\nYWJj\r\n-----END THING-----\r\n"),
        std::string("-----BEGIN THING-----\nYW\nJ\nj\n-----END THING-----\n")}) {
    const base::Result<PemBlock> block = ParsePem(text, kMax);
    ASSERT_THAT(block, IsOk()) << text;
    EXPECT_EQ(block->label, "THING");
    EXPECT_EQ(base::AsText(block->contents), "abc");
  }
}

TEST(PemTest, RefusesWhatIsNotExactlyOneBlock) {
  const std::string kCases[] = {
      "",
      " \n",
      "YWJj",
      "junk\n" + kBlock,
      kBlock + "junk",
      kBlock + kBlock,
      kBlock + "\n" + kBlock,
      "-----BEGIN THING-----\n",
      "-----BEGIN THING-----",
      "-----BEGIN THING-----\nYWJj\n",
      "-----BEGIN THING-----\nYWJj\n-----END OTHER-----\n",
      "-----BEGIN THING-----\nYWJj-----END THING-----\n",
      "-----BEGIN THING-----YWJj\n-----END THING-----\n",
      "-----BEGIN -----\nYWJj\n-----END -----\n",
      "-----BEGIN-----\nYWJj\n-----END-----\n",
      "-----BEGIN thing-----\nYWJj\n-----END thing-----\n",
      "----BEGIN THING-----\nYWJj\n-----END THING-----\n",
      "-----BEGIN THING-----\n\nYWJj\n-----END THING-----\n",
      "-----BEGIN THING-----\nYWJj\n\n-----END THING-----\n",
      "-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\nYWJj\n-----END THING-----\n",
      "-----BEGIN THING-----\nYW Jj\n-----END THING-----\n",
      "-----BEGIN THING-----\n YWJj\n-----END THING-----\n",
      "-----BEGIN THING-----\nYWJj \n-----END THING-----\n",
      "-----BEGIN THING-----\nYWI\n-----END THING-----\n",
      "-----BEGIN THING-----\nYWI=YWJj\n-----END THING-----\n",
      "-----BEGIN THING-----\nYWJ_\n-----END THING-----\n",
      "-----BEGIN THING-----\nYWJj\n-----END THING----- x",
      std::string("-----BEGIN THING-----\nYWJj\n-----END THING-----\n\0", 48),
      "-----BEGIN " + std::string(65, 'A') + "-----\nYWJj\n-----END " + std::string(65, 'A') +
          "-----\n",
  };
  for (const std::string& text : kCases) {
    EXPECT_THAT(ParsePem(text, kMax), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(PemTest, BoundsTheText) {
  const std::string padded = kBlock + std::string(kMax - kBlock.size(), '\n');
  EXPECT_THAT(ParsePem(padded, kMax), IsOk());
  EXPECT_THAT(ParsePem(padded + "\n", kMax), FailsWith(Reason::kTooLarge));
}

TEST(PemTest, ErrorsDoNotRepeatTheContents) {
  const base::Result<PemBlock> block =
      ParsePem("-----BEGIN PRIVATE KEY-----\nc2VjcmV0 \n-----END PRIVATE KEY-----\n", kMax);
  ASSERT_FALSE(block.ok());
  EXPECT_EQ(block.error().detail.find("c2VjcmV0"), std::string::npos);
}

}  // namespace
}  // namespace sigward::verifier
