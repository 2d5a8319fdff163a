#include "plugin/preparation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "preparation_fixture.h"

namespace sigward {
namespace {

using base::Fail;
using base::Reason;
using testing::DigestNumber;

class PreparationTest : public testing::PreparationFixture {};

TEST_F(PreparationTest, JudgesWhatTheNodeHasWhenItStarts) {
  Sign();
  node_.PutImage(kApp, 1, 1);
  node_.PutImage("registry.example/two:v1", 2, 2, /*is_index=*/false, "k8s.io");
  preparation_.Start();
  EXPECT_TRUE(Comes([&] { return preparation_.progress().prepared == 2; }));
  const int asked = fetcher_.asked_image;
  EXPECT_TRUE(MayRun(1));
  EXPECT_TRUE(MayRun(2));
  EXPECT_EQ(fetcher_.asked_image, asked);
  EXPECT_EQ(store_.usage().images, 2U);
}

TEST_F(PreparationTest, AnImageThatAppearsIsJudged) {
  Sign();
  StartAndListen();
  EXPECT_FALSE(MayRun(1));
  node_.PutImage(kApp, 1, 1);
  node_.containerd.SayAppeared(testing::FakeNode::kNs, kApp);
  EXPECT_TRUE(Comes([&] { return MayRun(1); }));
  EXPECT_TRUE(Comes([&] { return node_.reader.asked == 2; })) << "manifest and configuration";
}

TEST_F(PreparationTest, NamesWithoutARepositoryAreNotAskedFor) {
  StartAndListen();
  for (const std::string& name : {DigestNumber(10).text(), std::string("Not A Name"),
                                  "moby-dangling@" + DigestNumber(10).text()}) {
    node_.PutImage(name, 1, 1);
    node_.containerd.SayAppeared(testing::FakeNode::kNs, name);
  }
  node_.containerd.SayAppeared(testing::FakeNode::kNs, "registry.example/gone:v1");
  preparation_.PolicyChanged();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(preparation_.progress().prepared, 0U);
  EXPECT_EQ(preparation_.progress().waiting, 0U);
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(PreparationTest, ListensAgainAfterALoss) {
  StartAndListen();
  node_.PutImage(kApp, 1, 1);
  node_.containerd.LoseListener();
  EXPECT_TRUE(Comes([&] { return preparation_.progress().prepared == 1; }))
      << "what appeared meanwhile is found in the store";
  EXPECT_TRUE(Comes([&] { return preparation_.progress().listening; }));
}

TEST_F(PreparationTest, AwaitWaitsUntilItIsJudgedAndThenReturnsAtOnce) {
  Sign();
  std::promise<void> asked;
  std::promise<void> go;
  fetcher_.on_ask = [&]() -> std::optional<base::Error> {
    asked.set_value();
    go.get_future().wait();
    return std::nullopt;
  };
  preparation_.Start();
  auto waits =
      std::async(std::launch::async, [&] { preparation_.Await(ItemOf(kApp, 1), testing::Soon()); });
  asked.get_future().wait();
  EXPECT_EQ(waits.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(preparation_.progress().waiting, 1U);
  go.set_value();
  waits.get();
  EXPECT_TRUE(MayRun(1));
  preparation_.Await(ItemOf(kApp, 1), testing::Soon());
  EXPECT_EQ(fetcher_.asked_image, 1);
}

TEST_F(PreparationTest, AwaitKeepsToItsDeadline) {
  std::promise<void> go;
  const auto gone = go.get_future().share();
  fetcher_.on_ask = [gone]() -> std::optional<base::Error> {
    gone.wait();
    return std::nullopt;
  };
  preparation_.Start();
  const auto started = std::chrono::steady_clock::now();
  preparation_.Await(ItemOf(kApp, 1), base::Deadline::After(std::chrono::milliseconds(100)));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  EXPECT_EQ(preparation_.progress().prepared, 0U);
  go.set_value();
}

TEST_F(PreparationTest, AwaitEndsThoughThePolicyChangesMeanwhile) {
  constexpr int kBusy = static_cast<int>(kPreparedAtOncePerRegistry);
  std::promise<void> go;
  const auto gone = go.get_future().share();
  std::atomic<int> count = 0;
  fetcher_.on_ask = [&]() -> std::optional<base::Error> {
    ++count;
    gone.wait();
    return std::nullopt;
  };
  preparation_.Start();
  const base::Deadline deadline = testing::Soon();
  std::vector<std::future<void>> waiters;
  const auto await = [&](int number) {
    waiters.push_back(std::async(
        std::launch::async, [&, number] { preparation_.Await(ItemOf(kApp, number), deadline); }));
  };
  for (int i = 1; i <= kBusy; ++i) {
    await(i);
  }
  ASSERT_TRUE(Comes([&] { return count == kBusy; }));
  // It waits for its registry, and is judged when the next policy is in force.
  await(kBusy + 1);
  ASSERT_TRUE(
      Comes([&] { return preparation_.progress().waiting == kPreparedAtOncePerRegistry + 1; }));
  UsePolicy("next");
  go.set_value();
  for (auto& waiter : waiters) {
    waiter.get();
  }
  EXPECT_FALSE(deadline.Passed());
  EXPECT_EQ(count, kBusy + 1);
}

TEST_F(PreparationTest, ANewGenerationIsJudgedAgain) {
  node_.PutImage(kApp, 1, 1);
  StartAndListen();
  ASSERT_TRUE(Comes([&] { return preparation_.progress().prepared == 1; }));
  const int asked = fetcher_.asked_image;
  EXPECT_EQ(asked, 1);
  UsePolicy("next");
  preparation_.PolicyChanged();
  EXPECT_TRUE(Comes([&] { return fetcher_.asked_image > asked; }));
  UsePolicy("third");
  Sign();
  preparation_.Await(ItemOf(kApp, 1), testing::Soon());
  EXPECT_TRUE(MayRun(1));
}

TEST_F(PreparationTest, WhatWasRefusedIsLookedAtAgainInTheBackground) {
  preparation_.Start();
  preparation_.Await(ItemOf(kApp, 1), testing::Soon());
  const int asked = fetcher_.asked_image;
  rate_clock_.Advance(kLookAgainAfter - std::chrono::milliseconds(1));
  clock_.Advance(kLookAgainAfter);
  preparation_.Await(ItemOf(kApp, 1), testing::Soon());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(fetcher_.asked_image, asked);
  rate_clock_.Advance(std::chrono::milliseconds(1));
  preparation_.Await(ItemOf(kApp, 1), testing::Soon());
  EXPECT_TRUE(Comes([&] { return fetcher_.asked_image > asked; }));
}

TEST_F(PreparationTest, RegistriesAreAskedAtABoundedRate) {
  for (int i = 1; i <= 60; ++i) {
    node_.PutImage("registry.example/app" + std::to_string(i) + ":v1", i, i);
  }
  StartAndListen();
  const auto asked = [&](std::size_t count) {
    return Comes([&] { return fetcher_.asked_image >= static_cast<int>(count); });
  };
  EXPECT_TRUE(asked(kPreparationBurst));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(fetcher_.asked_image, static_cast<int>(kPreparationBurst));
  rate_clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(asked(kPreparationBurst + kPreparedPerSecond));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(fetcher_.asked_image, static_cast<int>(kPreparationBurst + kPreparedPerSecond));
  // An image that a create waits for goes before all others, and is not held back by the rate.
  preparation_.Await(ItemOf("other.example/urgent:v1", 99), testing::Soon());
  EXPECT_EQ(fetcher_.asked_image, static_cast<int>(kPreparationBurst + kPreparedPerSecond + 1));
}

TEST_F(PreparationTest, EndsAtOnceWithWorkLeft) {
  for (int i = 1; i <= 60; ++i) {
    node_.PutImage("registry.example/app" + std::to_string(i) + ":v1", i, i);
  }
  StartAndListen();
  EXPECT_TRUE(Comes([&] { return preparation_.progress().waiting > 0; }));
}

}  // namespace
}  // namespace sigward
