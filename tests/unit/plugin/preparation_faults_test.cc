#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <future>
#include <new>
#include <string>
#include <thread>

#include "preparation_fixture.h"

namespace sigward {
namespace {

using base::Reason;

/// The time that the calling thread has computed.
std::chrono::nanoseconds ThreadTime() {
  timespec time{};
  EXPECT_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class PreparationFaultsTest : public testing::PreparationFixture {};

TEST_F(PreparationFaultsTest, CreatesThatWaitForATurnSleep) {
  constexpr std::chrono::milliseconds kPatience{500};
  registries_.Begin(fetcher_);
  preparation_.Start();
  for (int i = 1; i <= static_cast<int>(kPreparedAtOncePerRegistry); ++i) {
    AwaitMeanwhile(kApp, i);
  }
  ASSERT_TRUE(Comes([&] { return registries_.asked == kPreparedAtOncePerRegistry; }));
  // These two have to wait for one of the four, and each is put before the other.
  const auto computed = [&](int number) {
    const auto before = ThreadTime();
    EXPECT_TRUE(
        preparation_.Await(ItemOf(kApp, number), base::Deadline::After(kPatience)).has_value());
    return ThreadTime() - before;
  };
  auto one = std::async(std::launch::async, computed, 98);
  auto other = std::async(std::launch::async, computed, 99);
  EXPECT_LT(one.get() + other.get(), kPatience / 5);
  EXPECT_EQ(registries_.asked, kPreparedAtOncePerRegistry);
}

TEST_F(PreparationFaultsTest, SilentRegistriesLeaveRoomForWhatACreateWaitsFor) {
  registries_.Begin(fetcher_);
  for (int i = 1; i <= 20; ++i) {
    node_.PutImage("silent" + std::to_string(i) + ".example/app:v1", i, i);
  }
  StartAndListen();
  const std::size_t most = kPreparedAtOnce - kKeptForAwaited;
  ASSERT_TRUE(Comes([&] { return registries_.asked >= most; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(registries_.asked, most);
  registries_.silent = false;
  const auto unread = preparation_.Await(ItemOf("urgent.example/app:v1", 99), testing::Soon());
  EXPECT_FALSE(unread.has_value()) << unread->detail;
  EXPECT_EQ(preparation_.progress().prepared, 1U) << "all others still wait";
}

TEST_F(PreparationFaultsTest, SilentRegistriesThatCreatesWaitForLeaveRoomForOthers) {
  registries_.Begin(fetcher_);
  preparation_.Start();
  int number = 0;
  std::size_t at_once = 0;
  for (const char* name : {"a.example/app:v1", "b.example/app:v1", "c.example/app:v1"}) {
    for (std::size_t i = 0; i < kPreparedAtOncePerRegistry; ++i) {
      AwaitMeanwhile(name, ++number);
    }
    // All of the first, two of the second, one of the third.
    at_once += at_once == 0 ? kPreparedAtOncePerRegistry : (at_once == 4 ? 2 : 1);
    ASSERT_TRUE(Comes([&] {
      return registries_.asked >= at_once &&
             preparation_.progress().waiting == static_cast<std::size_t>(number);
    }));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(registries_.asked, kPreparedAtOnce - 1);
  registries_.silent = false;
  const auto unread = preparation_.Await(ItemOf("urgent.example/app:v1", 99), testing::Soon());
  EXPECT_FALSE(unread.has_value()) << unread->detail;
  registries_.End();
  for (auto& waiter : waiters_) {
    EXPECT_FALSE(waiter.get().has_value());
  }
}

TEST_F(PreparationFaultsTest, WhatIsThrownEndsNoThread) {
  Sign();
  // Each of the workers meets it, and more than once.
  constexpr int kTimes = 2 * static_cast<int>(kPreparedAtOnce) + 1;
  std::atomic<int> asked = 0;
  fetcher_.on_ask = [&]() -> std::optional<base::Error> {
    if (++asked <= kTimes) {
      throw std::bad_alloc();
    }
    return std::nullopt;
  };
  ::testing::internal::CaptureStderr();
  preparation_.Start();
  const auto unread =
      preparation_.Await(ItemOf(kApp, 1), base::Deadline::After(std::chrono::seconds(60)));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(unread.has_value()) << unread->detail;
  EXPECT_EQ(asked, kTimes + 1);
  EXPECT_TRUE(MayRun(1));
  EXPECT_THAT(logged, ::testing::HasSubstr("preparation-failed"));
  EXPECT_TRUE(Comes([&] { return preparation_.progress().waiting == 0; }));
  // All workers are there.
  registries_.Begin(fetcher_);
  for (int i = 1; i <= static_cast<int>(kPreparedAtOnce); ++i) {
    AwaitMeanwhile("silent" + std::to_string(i) + ".example/app:v1", 100 + i);
  }
  EXPECT_TRUE(Comes([&] { return registries_.asked == kPreparedAtOnce; }));
}

TEST_F(PreparationFaultsTest, WhatIsThrownAllTheTimeIsWaitedForNoLongerThanTheDeadline) {
  std::atomic<int> asked = 0;
  fetcher_.on_ask = [&]() -> std::optional<base::Error> {
    ++asked;
    throw std::bad_alloc();
  };
  preparation_.Start();
  const auto began = std::chrono::steady_clock::now();
  const auto unread =
      preparation_.Await(ItemOf(kApp, 1), base::Deadline::After(std::chrono::milliseconds(500)));
  const int times = asked;
  const auto pauses = (std::chrono::steady_clock::now() - began) / kPauseAfterThrow;
  ASSERT_TRUE(unread.has_value());
  EXPECT_EQ(unread->reason, Reason::kTimeout);
  EXPECT_EQ(preparation_.progress().prepared, 0U) << "it counts as not judged";
  EXPECT_LE(times, static_cast<int>(kPreparedAtOnce) * (static_cast<int>(pauses) + 1))
      << "who fails pauses";
}

TEST_F(PreparationFaultsTest, WhatIsThrownWhileTheStoreIsReadHasItReadAgain) {
  StartAndListen();
  node_.containerd.Throw("Namespaces", 2);
  node_.PutImage(kApp, 1, 1);
  preparation_.PolicyChanged();
  EXPECT_TRUE(Comes([&] { return preparation_.progress().prepared == 1; }));
}

TEST_F(PreparationFaultsTest, WhatIsThrownAtAnEventHasTheStoreRead) {
  // The reading that a new listener begins with is over when this one is judged.
  node_.PutImage("registry.example/first:v1", 1, 1);
  StartAndListen();
  ASSERT_TRUE(Comes([&] { return preparation_.progress().prepared == 1; }));
  node_.PutImage(kApp, 2, 2);
  node_.containerd.Throw(std::string("FindImage ") + kApp);
  node_.containerd.SayAppeared(testing::FakeNode::kNs, kApp);
  EXPECT_TRUE(Comes([&] { return preparation_.progress().prepared == 2; }));
  EXPECT_TRUE(preparation_.progress().listening);
}

}  // namespace
}  // namespace sigward
