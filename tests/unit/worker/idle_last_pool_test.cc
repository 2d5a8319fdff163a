#include "worker/serving/idle_last_pool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "open_descriptors.h"

namespace sigward::worker {
namespace {

using std::chrono::milliseconds;

base::UniqueFd SomeConnection() {
  return base::UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/// Waits for what other threads bring about.
bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

/// Holds workers until it is opened.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    opened_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  int waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

TEST(IdleLastPool, GivesConsecutiveWorkToOneThread) {
  std::atomic<int> workers{0};
  std::atomic<int> served{0};
  IdleLastPool pool(8, milliseconds(10'000), [&] {
    ++workers;
    return [&](base::UniqueFd) { ++served; };
  });
  for (int i = 1; i <= 50; ++i) {
    ASSERT_FALSE(pool.Offer(SomeConnection()).has_value());
    ASSERT_TRUE(Eventually([&] { return served == i && pool.idle() == 1; }));
  }
  EXPECT_EQ(workers, 1);
}

TEST(IdleLastPool, TakesTheThreadThatWasIdleLast) {
  constexpr int kThreads = 4;
  Gate gate;
  std::mutex mutex;
  std::vector<std::thread::id> served_by;
  IdleLastPool pool(kThreads, milliseconds(10'000), [&] {
    return [&](base::UniqueFd) {
      gate.Pass();
      const std::lock_guard lock(mutex);
      served_by.push_back(std::this_thread::get_id());
    };
  });
  const auto served = [&] {
    const std::lock_guard lock(mutex);
    return served_by.size();
  };
  for (int i = 0; i < kThreads; ++i) {
    ASSERT_FALSE(pool.Offer(SomeConnection()).has_value());
  }
  ASSERT_TRUE(Eventually([&] { return gate.waiting() == kThreads; }));
  gate.Open();
  ASSERT_TRUE(Eventually([&] { return served() == kThreads; }));
  for (std::size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(Eventually([&] { return pool.idle() == kThreads; }));
    ASSERT_FALSE(pool.Offer(SomeConnection()).has_value());
    ASSERT_TRUE(Eventually([&] { return served() == kThreads + i + 1; }));
  }
  const std::set<std::thread::id> later(served_by.begin() + kThreads, served_by.end());
  EXPECT_EQ(later.size(), 1U);
}

TEST(IdleLastPool, GivesBackWhatIsBeyondItsThreads) {
  Gate gate;
  std::atomic<int> served{0};
  {
    IdleLastPool pool(3, milliseconds(10'000), [&] {
      return [&](base::UniqueFd) {
        gate.Pass();
        ++served;
      };
    });
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(pool.Offer(SomeConnection()).has_value());
    }
    const auto refused = pool.Offer(SomeConnection());
    ASSERT_TRUE(refused.has_value());
    EXPECT_TRUE(refused->valid());
    EXPECT_EQ(pool.threads(), 3U);
    gate.Open();
  }
  EXPECT_EQ(served, 3) << "what was taken is served before the pool is gone";
}

TEST(IdleLastPool, LetsIdleThreadsGoAndLeaksNothing) {
  const auto descriptors = testing::CountOpenDescriptors();
  std::atomic<int> alive{0};
  struct Life {
    explicit Life(std::atomic<int>& counter) : count(&counter) { ++counter; }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { --*count; }
    std::atomic<int>* count;
  };
  Gate gate;
  IdleLastPool pool(16, milliseconds(50), [&] {
    const auto life = std::make_shared<Life>(alive);
    return [&gate, life](base::UniqueFd) { gate.Pass(); };
  });
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(pool.Offer(SomeConnection()).has_value());
  }
  gate.Open();
  EXPECT_TRUE(Eventually([&] { return pool.threads() == 0 && alive == 0; }));
  EXPECT_EQ(testing::CountOpenDescriptors(), descriptors);
  // It starts threads anew.
  EXPECT_FALSE(pool.Offer(SomeConnection()).has_value());
  EXPECT_TRUE(Eventually([&] { return gate.waiting() == 17; }));
}

}  // namespace
}  // namespace sigward::worker
