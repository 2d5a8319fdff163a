#include "base/rfc3339.h"

#include <gtest/gtest.h>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

using namespace std::chrono_literals;

sys_seconds Seconds(std::string_view text) {
  const Result<Rfc3339Time> time = ParseRfc3339(text);
  EXPECT_THAT(time, IsOk()) << text;
  return time.ok() ? time->seconds : sys_seconds::min();
}

TEST(Rfc3339Test, ReadsTheWholeSecond) {
  EXPECT_EQ(Seconds("1970-01-01T00:00:00Z"), sys_seconds());
  EXPECT_EQ(Seconds("2021-01-12T11:53:27Z"), sys_days(2021y / 1 / 12) + 11h + 53min + 27s);
  EXPECT_EQ(Seconds("2024-02-29T23:59:59Z"), sys_days(2024y / 3 / 1) - 1s);
  EXPECT_EQ(Seconds("0001-01-01T00:00:00Z"), sys_days(1y / 1 / 1));
  EXPECT_EQ(Seconds("9999-12-31T23:59:59.999999999Z"), sys_days(9999y / 12 / 31) + 24h - 1s);
}

TEST(Rfc3339Test, TellsWhetherThereIsMore) {
  EXPECT_FALSE(ParseRfc3339("2026-01-01T00:00:00Z")->has_fraction);
  EXPECT_FALSE(ParseRfc3339("2026-01-01T00:00:00.000Z")->has_fraction);
  EXPECT_TRUE(ParseRfc3339("2026-01-01T00:00:00.001Z")->has_fraction);
  EXPECT_TRUE(ParseRfc3339("2026-01-01T00:00:00.100000000Z")->has_fraction);
  EXPECT_TRUE(ParseRfc3339("2026-01-01T00:00:00.000000001+00:00")->has_fraction);
}

TEST(Rfc3339Test, TakesOffsets) {
  EXPECT_EQ(Seconds("2026-01-01T01:30:00+01:30"), sys_days(2026y / 1 / 1));
  EXPECT_EQ(Seconds("2025-12-31T16:00:00-08:00"), sys_days(2026y / 1 / 1));
  EXPECT_EQ(Seconds("2026-01-01T00:00:00-00:00"), sys_days(2026y / 1 / 1));
  EXPECT_EQ(Seconds("2026-01-01T23:59:00+23:59"), sys_days(2026y / 1 / 1));
}

TEST(Rfc3339Test, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026",
                           "2026-01-01",
                           "2026-01-01T00:00Z",
                           "2026-01-01T00:00:00",
                           "2026-01-01 00:00:00Z",
                           "2026-01-01t00:00:00Z",
                           "2026-01-01T00:00:00z",
                           " 2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00Z ",
                           "2026-01-01T00:00:00Z\n",
                           "2026-1-1T00:00:00Z",
                           "26-01-01T00:00:00Z",
                           "12026-01-01T00:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "0000-01-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-06-30T23:59:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.0000000000Z",
                           "2026-01-01T00:00:00,5Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+00:60",
                           "2026-01-01T00:00:00+0000",
                           "2026-01-01T00:00:00+00",
                           "2026-01-01T00:00:00+",
                           "2026-01-01T00:00:00Z+00:00",
                           "-026-01-01T00:00:00Z",
                           "2026-01-01T-1:00:00Z"}) {
    EXPECT_THAT(ParseRfc3339(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(Rfc3339Test, IsWrittenAsItIsRead) {
  for (const char* text : {"2026-08-28T19:25:56Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
                           "9999-12-31T23:59:59Z", "2024-02-29T01:02:03Z"}) {
    EXPECT_EQ(Rfc3339Text(ParseRfc3339(text)->seconds), text);
  }
}

}  // namespace
}  // namespace sigward::base
