#include "base/timed_mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace sigward::base {
namespace {

using std::chrono::milliseconds;

TEST(TimedMutex, OneHoldsItAndTheOthersGiveUpInTime) {
  TimedMutex mutex;
  const std::unique_lock held(mutex, milliseconds(0));
  ASSERT_TRUE(held.owns_lock());
  std::thread([&] {
    const std::unique_lock other(mutex, milliseconds(20));
    EXPECT_FALSE(other.owns_lock());
  }).join();
}

TEST(TimedMutex, IsHandedOnWhenItIsLetGo) {
  TimedMutex mutex;
  std::unique_lock held(mutex, milliseconds(0));
  std::thread waiting([&] {
    const std::unique_lock other(mutex, std::chrono::minutes(1));
    EXPECT_TRUE(other.owns_lock());
  });
  held.unlock();
  waiting.join();
}

TEST(TimedMutex, GuardsWhatManyWrite) {
  TimedMutex mutex;
  int sum = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        const std::unique_lock lock(mutex, std::chrono::minutes(1));
        ++sum;
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(sum, 8000);
}

}  // namespace
}  // namespace sigward::base
