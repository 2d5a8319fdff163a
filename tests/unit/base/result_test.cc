#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>

#include "result_matchers.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOkAndHolds;

Result<int> Half(int value) {
  if (value % 2 != 0) {
    return Fail(Reason::kMalformed, "odd");
  }
  return value / 2;
}

Result<int> Quarter(int value) {
  SIGWARD_ASSIGN_OR_RETURN(const int half, Half(value));
  SIGWARD_RETURN_IF_ERROR(half > 100 ? Status(Fail(Reason::kTooLarge, "big")) : Ok());
  return Half(half);
}

TEST(Result, CarriesValueOrError) {
  EXPECT_THAT(Quarter(8), IsOkAndHolds(2));
  EXPECT_THAT(Quarter(3), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Quarter(404), FailsWith(Reason::kTooLarge));
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, IsNoBool) {
  static_assert(!std::is_convertible_v<Result<int>, bool>);
  static_assert(!std::is_constructible_v<bool, Result<int>>);
  static_assert(!std::is_constructible_v<bool, Status>);
}

TEST(Result, ReadingTheSideThatIsNotThereEndsTheProcess) {
  Result<int> bad = Fail(Reason::kMalformed, "odd");
  Result<int> good = 1;
  EXPECT_DEATH((void)bad.value(), "program error");
  EXPECT_DEATH((void)*bad, "program error");
  EXPECT_DEATH((void)good.error(), "program error");
}

TEST(Result, WithinKeepsTheReason) {
  const Error error = Within("registry.example", Fail(Reason::kTimeout, "no answer"));
  EXPECT_EQ(error.reason, Reason::kTimeout);
  EXPECT_EQ(error.detail, "registry.example: no answer");
}

}  // namespace
}  // namespace sigward::base
