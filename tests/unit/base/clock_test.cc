#include "base/clock.h"

#include <gtest/gtest.h>

#include "fake_clock.h"

namespace sigward::base {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, CountsDownAndStopsAtZero) {
  testing::FakeClock clock;
  const Deadline deadline = Deadline::After(100ms, clock);
  EXPECT_EQ(deadline.Left(clock), 100ms);
  clock.Advance(60ms);
  EXPECT_EQ(deadline.Left(clock), 40ms);
  EXPECT_FALSE(deadline.Passed(clock));
  clock.Advance(40ms);
  EXPECT_TRUE(deadline.Passed(clock));
  clock.Advance(1h);
  EXPECT_EQ(deadline.Left(clock), 0ms);
}

TEST(Deadline, WithinIsTheEarlier) {
  testing::FakeClock clock;
  const Deadline deadline = Deadline::After(100ms, clock);
  EXPECT_EQ(deadline.Within(10ms, clock).Left(clock), 10ms);
  EXPECT_EQ(deadline.Within(1h, clock).Left(clock), 100ms);
}

}  // namespace
}  // namespace sigward::base
