#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/strict_json.h"
#include "result_matchers.h"

namespace sigward::base {
namespace {

Json Logged(const std::string& line) {
  const auto parsed = ParseStrictJson(line, 10000);
  EXPECT_THAT(parsed, testing::IsOk()) << line;
  return parsed.ok() ? *parsed : Json();
}

TEST(Log, WritesOneLineOfJsonWhateverTheTextHolds) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kWarning, "test", {{"text", "a\n\"b\xff"}, {"number", std::int64_t{-7}}, {"flag", true}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const Json record = Logged(line);
  EXPECT_EQ(record["level"], "warning");
  EXPECT_EQ(record["event"], "test");
  EXPECT_EQ(record["text"], "a?\"b?");
  EXPECT_EQ(record["number"], -7);
  EXPECT_EQ(record["flag"], true);
}

TEST(Log, CutsLongTexts) {
  ::testing::internal::CaptureStderr();
  Log(Severity::kInfo, "test", {{"text", std::string(100000, 'x')}});
  EXPECT_LT(::testing::internal::GetCapturedStderr().size(), 2000U);
}

}  // namespace
}  // namespace sigward::base
