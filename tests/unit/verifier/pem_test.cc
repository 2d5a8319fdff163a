#include "verifier/pem.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"
#include "test_key.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::PemOf;

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

TEST(PemTest, ParsesSeveralBlocks) {
  const std::string one = PemOf("A", base::AsBytes("first"));
  const std::string two = PemOf("B", base::AsBytes("second"));
  const auto blocks = ParsePemList(" \n" + one + "\r\n\n" + two + "\n", 1000, 2);
  ASSERT_THAT(blocks, IsOk());
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ((*blocks)[0].label, "A");
  EXPECT_EQ(base::AsText((*blocks)[1].contents), "second");
  EXPECT_EQ(ParsePemList(one, 1000, 2)->size(), 1U);
  EXPECT_THAT(ParsePemList(one + two, 1000, 1), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ParsePemList(one + two, (one + two).size(), 2), IsOk());
  EXPECT_THAT(ParsePemList(one + two, (one + two).size() - 1, 2), FailsWith(Reason::kTooLarge));
  for (const std::string& text : {std::string(), std::string("\n"), "x\n" + one, one + "x\n" + two,
                                  one + two + "x", one + "-----BEGIN B-----\n"}) {
    EXPECT_THAT(ParsePemList(text, 1000, 4), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(PemTest, ErrorsDoNotRepeatTheContents) {
  const base::Result<PemBlock> block =
      ParsePem("-----BEGIN PRIVATE KEY-----\nc2VjcmV0 \n-----END PRIVATE KEY-----\n", kMax);
  ASSERT_FALSE(block.ok());
  EXPECT_EQ(block.error().detail.find("c2VjcmV0"), std::string::npos);
}

}  // namespace
}  // namespace sigward::verifier
