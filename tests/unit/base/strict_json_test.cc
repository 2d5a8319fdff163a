#include "base/strict_json.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;

std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(StrictJson, BuildsWhatTheTextSays) {
  const auto parsed = ParseStrictJson(
      R"( {"a":[1,-2,{"b":null}],"c":{"d":true,"e":"x\u0041","f":1.5},"g":18446744073709551615} )",
      1000);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(
      *parsed,
      Json::parse(
          R"({"a":[1,-2,{"b":null}],"c":{"d":true,"e":"xA","f":1.5},"g":18446744073709551615})"));
}

TEST(StrictJson, RefusesWhatIsNotOneJsonText) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "{}{}",
                           "{} x",
                           "[1,]",
                           "{\"a\":1,}",
                           "{'a':1}",
                           "nul",
                           "NaN",
                           "Infinity",
                           "01",
                           "+1",
                           "\"\x01\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\\ud800\"",
                           "// x\n{}",
                           "/**/{}",
                           "{\"a\" 1}",
                           "1e999",
                           "-"}) {
    EXPECT_THAT(ParseStrictJson(text, 1000), FailsWith(Reason::kMalformed)) << text;
  }
  EXPECT_THAT(ParseStrictJson(std::string_view("{}\0", 3), 1000), FailsWith(Reason::kMalformed));
}

TEST(StrictJson, RefusesAByteOrderMark) {
  EXPECT_THAT(ParseStrictJson("\xef\xbb\xbf{}", 1000), FailsWith(Reason::kMalformed));
}

TEST(StrictJson, RefusesDuplicateKeysAtEveryDepthAndSpelling) {
  for (const char* text : {R"({"a":1,"a":1})", R"([{"b":{"a":1,"c":2,"a":3}}])",
                           R"({"a":{},"a":{}})", R"({"a":1,"\u0061":2})", R"({"":1,"":2})"}) {
    EXPECT_THAT(ParseStrictJson(text, 1000), FailsWith(Reason::kDuplicateKey)) << text;
  }
  EXPECT_THAT(ParseStrictJson(R"({"a":{"a":{"a":1}}})", 1000), IsOk());
}

TEST(StrictJson, BoundsDepth) {
  EXPECT_THAT(ParseStrictJson(Nested(kMaxJsonDepth), 1000), IsOk());
  EXPECT_THAT(ParseStrictJson(Nested(kMaxJsonDepth + 1), 1000), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseStrictJson(std::string(1U << 20, '['), 1U << 20), FailsWith(Reason::kMalformed));
}

TEST(StrictJson, BoundsSize) {
  EXPECT_THAT(ParseStrictJson("[1,2]", 5), IsOk());
  EXPECT_THAT(ParseStrictJson("[1,2]", 4), FailsWith(Reason::kTooLarge));
}

TEST(StrictJson, BoundsTheNumberOfValues) {
  const auto list = [](std::size_t values) {
    std::string text = "[";
    for (std::size_t i = 1; i < values; ++i) {
      text += i == 1 ? "{}" : ",{}";
    }
    return text + "]";
  };
  EXPECT_THAT(ParseStrictJson(list(kMaxJsonValues), 1U << 20), IsOk());
  EXPECT_THAT(ParseStrictJson(list(kMaxJsonValues + 1), 1U << 20), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ParseStrictJson("[1,[2],{\"a\":3}]", 100, 6), IsOk());
  EXPECT_THAT(ParseStrictJson("[1,[2],{\"a\":3}]", 100, 5), FailsWith(Reason::kTooLarge));
}

TEST(StrictJson, RefusesIntegersBeyond64Bits) {
  EXPECT_THAT(ParseStrictJson("18446744073709551616", 1000), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseStrictJson("-9223372036854775809", 1000), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseStrictJson("-9223372036854775808", 1000), IsOk());
}

}  // namespace
}  // namespace sigward::base
