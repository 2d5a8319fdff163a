#include "plugin/answering_threads.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "result_matchers.h"
#include "rpc/frame.h"
#include "temp_folder.h"

namespace sigward {
namespace {

using base::Deadline;
using base::UniqueFd;
using std::chrono::milliseconds;
using testing::IsOk;

/// Much longer than anything here may take.
Deadline Soon() {
  return Deadline::After(milliseconds(60'000));
}

/// Echoes one frame per connection, and counts. A frame "hold" is answered only when Release is
/// called; "throw" throws instead.
class AnsweringThreadsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMost = 8;

  void SetUp() override { ASSERT_THAT(threads_.Start(listener_.get()), IsOk()); }
  void TearDown() override { Release(); }

  UniqueFd Say(const std::string& text) {
    UniqueFd connection = rpc::Connect(path_, Soon()).value();
    EXPECT_THAT(rpc::Send(connection.get(), text, {}, Soon()), IsOk());
    return connection;
  }
  static bool IsAnswered(const UniqueFd& connection) {
    const auto answer = rpc::Receive(connection.get(), Soon());
    return answer.ok() && answer->bytes == "answer";
  }
  void WaitForHeld(std::size_t count) {
    for (const auto deadline = Soon(); held_ < count && !deadline.Passed();) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    ASSERT_EQ(held_, count);
  }
  void Release() {
    released_ = true;
    released_.notify_all();
  }
  static std::size_t ThreadsHere() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                      std::filesystem::directory_iterator()));
  }
  /// Waits until at most COUNT threads are left.
  static bool ShrinksTo(std::size_t count) {
    for (const auto deadline = Soon(); ThreadsHere() > count;) {
      if (deadline.Passed()) {
        return false;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

 private:
  void Answer(const UniqueFd& connection) {
    const auto question = rpc::Receive(connection.get(), Soon());
    if (!question.ok()) {
      return;
    }
    if (question->bytes == "throw") {
      throw std::runtime_error("no memory, say");
    }
    if (question->bytes == "hold") {
      ++held_;
      released_.wait(false);
    }
    (void)rpc::Send(connection.get(), "answer", {}, Soon()).ok();
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_ / "socket";
  const UniqueFd listener_ = rpc::Listen(path_).value();

 protected:
  std::atomic<std::size_t> held_ = 0;
  std::atomic<bool> released_ = false;
  const std::size_t threads_before_ = ThreadsHere();
  AnsweringThreads threads_{[this](const UniqueFd& connection) { Answer(connection); }, kMost};
};

TEST_F(AnsweringThreadsTest, AnswersOneAfterTheOther) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(IsAnswered(Say("question")));
  }
}

TEST_F(AnsweringThreadsTest, AnswersManyAtOnceAndKeepsFewThreads) {
  std::vector<UniqueFd> connections;
  for (std::size_t i = 0; i < 10 * kMost; ++i) {
    connections.push_back(Say("question"));
  }
  for (const UniqueFd& connection : connections) {
    EXPECT_TRUE(IsAnswered(connection));
  }
  EXPECT_TRUE(ShrinksTo(threads_before_ + kIdleThreads));
}

TEST_F(AnsweringThreadsTest, WhatIsTooManyWaits) {
  std::vector<UniqueFd> connections;
  for (std::size_t i = 0; i < kMost; ++i) {
    connections.push_back(Say("hold"));
  }
  WaitForHeld(kMost);
  const UniqueFd waiting = Say("question");
  // Threads of the test before may still have been ending when it was counted.
  EXPECT_LE(ThreadsHere(), threads_before_ + kMost);
  Release();
  EXPECT_TRUE(IsAnswered(waiting));
  for (const UniqueFd& connection : connections) {
    EXPECT_TRUE(IsAnswered(connection));
  }
}

TEST_F(AnsweringThreadsTest, OneBelowTheMostLeavesOneToAnswer) {
  std::vector<UniqueFd> connections;
  for (std::size_t i = 0; i + 1 < kMost; ++i) {
    connections.push_back(Say("hold"));
  }
  WaitForHeld(kMost - 1);
  EXPECT_TRUE(IsAnswered(Say("question")));
}

TEST_F(AnsweringThreadsTest, WhatIsThrownEndsOneConnection) {
  ::testing::internal::CaptureStderr();
  for (std::size_t i = 0; i < 2 * kMost; ++i) {
    EXPECT_FALSE(IsAnswered(Say("throw")));
  }
  EXPECT_TRUE(IsAnswered(Say("question")));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("question-failed"), std::string::npos);
}

TEST_F(AnsweringThreadsTest, DrainLetsAnswersEndAndTakesNoMore) {
  const UniqueFd held = Say("hold");
  WaitForHeld(1);
  threads_.Drain(Deadline::After(milliseconds(50)));
  const UniqueFd late = Say("question");
  Release();
  EXPECT_TRUE(IsAnswered(held));
  threads_.Drain(Soon());
  EXPECT_TRUE(ShrinksTo(threads_before_));
  EXPECT_THAT(rpc::Wait(late.get(), POLLIN, Deadline::After(milliseconds(50))),
              testing::FailsWith(base::Reason::kTimeout));
}

}  // namespace
}  // namespace sigward
