#include "worker/credentials/program_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using std::chrono::milliseconds;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

class ProgramSlotsTest : public ::testing::Test {
 protected:
  void Take(const std::string& program, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto slot = slots_.Take(program, Deadline::After(milliseconds(0)));
      ASSERT_THAT(slot, IsOk());
      taken_.push_back(*std::move(slot));
    }
  }
  auto TryToTake(const std::string& program) {
    return slots_.Take(program, Deadline::After(milliseconds(10)));
  }

  ProgramSlots slots_;
  std::vector<std::unique_ptr<ProgramSlots::Slot>> taken_;
};

TEST_F(ProgramSlotsTest, OneProgramLeavesTheOthersRoom) {
  Take("hangs", kMaxRunsOfOneProgram);
  const auto more = TryToTake("hangs");
  ASSERT_THAT(more, FailsWith(Reason::kTimeout));
  EXPECT_THAT(more.error().detail, HasSubstr("hangs runs 8 times"));
  EXPECT_THAT(TryToTake("works"), IsOk());
  taken_.pop_back();
  EXPECT_THAT(TryToTake("hangs"), IsOk());
}

TEST_F(ProgramSlotsTest, AllTogetherAreBoundedToo) {
  Take("one", kMaxRunsOfOneProgram);
  Take("two", kMaxRunsOfOneProgram);
  EXPECT_THAT(TryToTake("three"), FailsWith(Reason::kTimeout));
  taken_.pop_back();
  EXPECT_THAT(TryToTake("three"), IsOk());
}

TEST_F(ProgramSlotsTest, WhatIsGivenBackIsTakenByWhoWaits) {
  Take("one", kMaxRunsOfOneProgram);
  Take("two", kMaxRunsOfOneProgram);
  const auto wait_for = [this](const std::string& program) {
    EXPECT_THAT(slots_.Take(program, Deadline::After(milliseconds(30'000))), IsOk());
  };
  std::thread same(wait_for, "one");
  std::thread other(wait_for, "two");
  taken_.pop_back();
  other.join();
  taken_.clear();
  same.join();
}

}  // namespace
}  // namespace sigward::worker
