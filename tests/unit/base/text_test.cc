#include "base/text.h"

#include <gtest/gtest.h>

namespace sigward::base {
namespace {

TEST(Utf8, AcceptsWellFormedAndRefusesTheRest) {
  for (const char* good : {"", "plain", "\u00e9", "\u2026", "\U0001F600", "\uffff", "\U0010ffff"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x80", "a\xff"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

TEST(OneLine, NothingForeignBreaksTheLineOrMovesTheCursor) {
  EXPECT_EQ(OneLine("a\nb\rc\x1b[2Jd\te\x7f", 100), "a?b?c?[2Jd?e?");
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "31m",
                    100),
            "?31m");
  EXPECT_EQ(OneLine("\xff\xfe"
                    "x\xe2\x80",
                    100),
            "??x??");
  EXPECT_EQ(OneLine("caf\u00e9", 100), "caf\u00e9");
  EXPECT_EQ(OneLine("\u00a0\u061b\u061c\u061d|\u200d\u200e\u200f\u2010", 100),
            "\u00a0\u061b?\u061d|\u200d??\u2010");
  EXPECT_EQ(OneLine("\u2029\u202a\u202e\u202f|\u2065\u2066\u2069\u206a", 100),
            "\u2029??\u202f|\u2065??\u206a");
  EXPECT_EQ(OneLine(std::string_view("a\0b", 3), 100), "a?b");
}

TEST(OneLine, IsCutAtTheBoundBetweenCharacters) {
  EXPECT_EQ(OneLine("abcdef", 6), "abcdef");
  EXPECT_EQ(OneLine("abcdefg", 6), "abc\u2026");
  EXPECT_EQ(OneLine("\u00e9\u00e9\u00e9\u00e9", 7), "\u00e9\u00e9\u2026");
  for (std::size_t max = 0; max < 12; ++max) {
    EXPECT_LE(OneLine("\u00e9\U0001F600xyz\u2026abc", max).size(), max);
    EXPECT_TRUE(IsUtf8(OneLine("\u00e9\U0001F600xyz\u2026abc", max)));
  }
}

}  // namespace
}  // namespace sigward::base
