#include "base/star_match.h"

#include <gtest/gtest.h>

#include <string>

namespace sigward::base {
namespace {

TEST(MatchesStars, TheWholeTextIsMeant) {
  EXPECT_TRUE(MatchesStars("", ""));
  EXPECT_TRUE(MatchesStars("abc", "abc"));
  EXPECT_FALSE(MatchesStars("abc", "abcd"));
  EXPECT_FALSE(MatchesStars("abc", "xabc"));
  EXPECT_FALSE(MatchesStars("", "a"));
  EXPECT_FALSE(MatchesStars("a", ""));
}

TEST(MatchesStars, AStarIsAnyBytes) {
  EXPECT_TRUE(MatchesStars("*", ""));
  EXPECT_TRUE(MatchesStars("a*c", "ac"));
  EXPECT_TRUE(MatchesStars("a*c", "a/\n.c"));
  EXPECT_TRUE(MatchesStars("*.txt", "a.txt.txt"));
  EXPECT_TRUE(MatchesStars("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(MatchesStars("a*b*c", "a-c-b"));
  EXPECT_TRUE(MatchesStars("**a**", "a"));
}

TEST(MatchesStars, AQuestionMarkIsOne) {
  EXPECT_TRUE(MatchesStars("a?c", "abc"));
  EXPECT_FALSE(MatchesStars("a?c", "ac"));
  EXPECT_FALSE(MatchesStars("a?", "a"));
  EXPECT_TRUE(MatchesStars("*?", "a"));
  EXPECT_FALSE(MatchesStars("*?", ""));
}

TEST(MatchesStars, ManyStarsTakeNoLonger) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(MatchesStars(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace sigward::base
