#include "base/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <new>
#include <thread>
#include <vector>

#include "fake_clock.h"
#include "result_matchers.h"

namespace sigward::base {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::IsOkAndHolds;

const auto kKeepNothing = [](const int&) { return 0ms; };

TEST(SingleFlight, EqualQuestionsAtOnceAreAskedOnce) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  std::atomic<int> asked = 0;
  std::promise<void> go;
  const std::shared_future<void> may_land = go.get_future().share();
  std::vector<std::future<Result<int>>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::async(std::launch::async, [&] {
      return flights.Run(
          "a", Deadline::After(10s),
          [&] {
            may_land.wait();
            return ++asked;
          },
          kKeepNothing);
    }));
  }
  std::this_thread::sleep_for(50ms);
  go.set_value();
  for (auto& one : all) {
    EXPECT_THAT(one.get(), IsOkAndHolds(1));
  }
  EXPECT_EQ(asked, 1);
}

TEST(SingleFlight, OtherQuestionsDoNotWait) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  std::promise<void> go;
  auto slow = std::async(std::launch::async, [&] {
    return flights.Run(
        "slow", Deadline::After(10s),
        [&] {
          go.get_future().wait();
          return 1;
        },
        kKeepNothing);
  });
  EXPECT_THAT(flights.Run(
                  "quick", Deadline::After(10s), [] { return 2; }, kKeepNothing),
              IsOkAndHolds(2));
  go.set_value();
  EXPECT_THAT(slow.get(), IsOkAndHolds(1));
}

TEST(SingleFlight, WhoWaitsKeepsToItsOwnDeadline) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  std::promise<void> started;
  std::promise<void> go;
  auto slow = std::async(std::launch::async, [&] {
    return flights.Run(
        "a", Deadline::After(10s),
        [&] {
          started.set_value();
          go.get_future().wait();
          return 1;
        },
        kKeepNothing);
  });
  started.get_future().wait();
  EXPECT_THAT(flights.Run(
                  "a", Deadline::After(20ms), [] { return 2; }, kKeepNothing),
              FailsWith(Reason::kTimeout));
  go.set_value();
  EXPECT_THAT(slow.get(), IsOkAndHolds(1));
}

TEST(SingleFlight, AnAnswerIsKeptExactlyAsLongAsItSays) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  int asked = 0;
  const auto ask = [&] {
    return flights.Run(
        "a", Deadline::After(10s), [&] { return ++asked; }, [](const int&) { return 200ms; });
  };
  EXPECT_THAT(ask(), IsOkAndHolds(1));
  clock.Advance(199ms);
  EXPECT_THAT(ask(), IsOkAndHolds(1));
  clock.Advance(1ms);
  EXPECT_THAT(ask(), IsOkAndHolds(2));
}

TEST(SingleFlight, AnAnswerThatIsNotKeptIsAskedAgain) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  int asked = 0;
  const auto ask = [&] {
    return flights.Run(
        "a", Deadline::After(10s), [&] { return ++asked; }, kKeepNothing);
  };
  EXPECT_THAT(ask(), IsOkAndHolds(1));
  EXPECT_THAT(ask(), IsOkAndHolds(2));
}

TEST(SingleFlight, WhoThrowsKeepsNobodyWaiting) {
  testing::FakeClock clock;
  SingleFlight<int> flights(clock);
  const auto quick = [] { return 2; };
  const auto throws = []() -> int { throw std::bad_alloc(); };
  EXPECT_THROW((void)flights.Run("a", Deadline::After(10s), throws, kKeepNothing), std::bad_alloc);
  EXPECT_THAT(flights.Run("a", Deadline::After(10s), quick, kKeepNothing), IsOkAndHolds(2));
  // Those that wait: one of them begins anew, and the others have its answer.
  std::promise<void> started;
  std::promise<void> go;
  auto first = std::async(std::launch::async, [&] {
    EXPECT_THROW((void)flights.Run(
                     "a", Deadline::After(60s),
                     [&]() -> int {
                       started.set_value();
                       go.get_future().wait();
                       throw std::bad_alloc();
                     },
                     kKeepNothing),
                 std::bad_alloc);
  });
  started.get_future().wait();
  std::vector<std::future<Result<int>>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      return flights.Run("a", Deadline::After(60s), quick, kKeepNothing);
    }));
  }
  std::this_thread::sleep_for(50ms);
  go.set_value();
  for (auto& one : waiting) {
    EXPECT_THAT(one.get(), IsOkAndHolds(2));
  }
}

}  // namespace
}  // namespace sigward::base
