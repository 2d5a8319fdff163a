#include "worker/credentials/go_duration.h"

#include <gtest/gtest.h>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using std::chrono::milliseconds;
using testing::FailsWith;
using testing::IsOkAndHolds;

TEST(GoDuration, IsReadAsGoReadsIt) {
  const std::pair<const char*, std::int64_t> rows[] = {{"0", 0},
                                                       {"0s", 0},
                                                       {"12h", 43'200'000},
                                                       {"1h30m0s", 5'400'000},
                                                       {"1.5h", 5'400'000},
                                                       {"250ms", 250},
                                                       {"1m", 60'000},
                                                       {"1500us", 1},
                                                       {"999ns", 0},
                                                       {"8784h", 31'622'400'000}};
  for (const auto& [text, expected] : rows) {
    EXPECT_THAT(ParseGoDuration(text), IsOkAndHolds(milliseconds(expected))) << text;
  }
}

TEST(GoDuration, WhatIsNoneIsRefused) {
  for (const char* const text : {"", "1", "h", "-1h", "+1h", "1 h", "1d", "1hh", "1h30", "1..5h",
                                 "1e3s", "0x1s", "inf", "nans", "8785h", "99999999999999999999h"}) {
    EXPECT_THAT(ParseGoDuration(text), FailsWith(Reason::kMalformed)) << text;
  }
}

}  // namespace
}  // namespace sigward::worker
