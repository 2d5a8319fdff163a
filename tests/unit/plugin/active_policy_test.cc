#include "plugin/sync/active_policy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "policies_for_testing.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::sync {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

class ActivePolicyTest : public ::testing::Test {
 protected:
  void Write(const std::string& content) {
    ASSERT_THAT(base::WriteNewFile(source_, content), IsOk());
  }
  testing::TempFolder folder_;
  const std::string source_ = folder_ / "policy.json";
  const std::string state_ = folder_ / "state.json";
  const std::string one_ = testing::CompiledStatic("one", true);
  const std::string two_ = testing::CompiledStatic("two", false);
};

TEST_F(ActivePolicyTest, NothingIsActiveUntilAPolicyIsGood) {
  ActivePolicy policy(source_, state_);
  EXPECT_THAT(policy.Start(), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(policy.Current(), nullptr);
  EXPECT_TRUE(policy.last_error().has_value());
  Write(one_);
  EXPECT_THAT(policy.Reload(), IsOk());
  ASSERT_NE(policy.Current(), nullptr);
  EXPECT_EQ(policy.Current()->generation(), 1U);
  EXPECT_FALSE(policy.last_error().has_value());
}

TEST_F(ActivePolicyTest, GenerationsGoUpWithTheContentAndAcrossRestarts) {
  Write(one_);
  {
    ActivePolicy policy(source_, state_);
    ASSERT_THAT(policy.Start(), IsOk());
    ASSERT_THAT(policy.Reload(), IsOk());
    EXPECT_EQ(policy.Current()->generation(), 1U);
    Write(two_);
    ASSERT_THAT(policy.Reload(), IsOk());
    EXPECT_EQ(policy.Current()->generation(), 2U);
    Write(one_);
    ASSERT_THAT(policy.Reload(), IsOk());
    EXPECT_EQ(policy.Current()->generation(), 3U);
  }
  ActivePolicy restarted(source_, state_);
  ASSERT_THAT(restarted.Start(), IsOk());
  EXPECT_EQ(restarted.Current()->generation(), 3U);
  Write(two_);
  ASSERT_THAT(restarted.Reload(), IsOk());
  EXPECT_EQ(restarted.Current()->generation(), 4U);
}

TEST_F(ActivePolicyTest, ABrokenPolicyLeavesTheLastGoodOneAlsoAfterARestart) {
  Write(one_);
  ActivePolicy policy(source_, state_);
  ASSERT_THAT(policy.Start(), IsOk());
  for (const std::string& broken :
       {std::string(), std::string("{"), one_ + "x", one_.substr(0, one_.size() / 2)}) {
    Write(broken);
    EXPECT_THAT(policy.Reload(), FailsWith(Reason::kPolicyInvalid)) << broken;
    ASSERT_NE(policy.Current(), nullptr);
    EXPECT_EQ(policy.Current()->policies().front().name, "one");
    EXPECT_TRUE(policy.last_error().has_value());
  }
  ActivePolicy restarted(source_, state_);
  EXPECT_THAT(restarted.Start(), FailsWith(Reason::kPolicyInvalid));
  ASSERT_NE(restarted.Current(), nullptr);
  EXPECT_EQ(restarted.Current()->generation(), 1U);
  std::filesystem::remove(source_);
  ActivePolicy without(source_, state_);
  EXPECT_THAT(without.Start(), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_NE(without.Current(), nullptr);
}

TEST_F(ActivePolicyTest, AFullDiskDoesNotKeepARevokedKeyInForce) {
  Write(one_);
  ActivePolicy policy(source_, state_);
  ASSERT_THAT(policy.Start(), IsOk());
  // A folder in the way of the fresh file stands for whatever makes the state unwritable.
  std::filesystem::create_directory(state_ + ".new");
  Write(two_);
  EXPECT_THAT(policy.Reload(), FailsWith(Reason::kIoFailed));
  EXPECT_EQ(policy.Current()->policies().front().name, "two");
  EXPECT_TRUE(policy.last_error().has_value());
  EXPECT_THAT(policy.Reload(), FailsWith(Reason::kIoFailed));
  std::filesystem::remove(state_ + ".new");
  EXPECT_THAT(policy.Reload(), IsOk());
  std::filesystem::remove(source_);
  ActivePolicy restarted(source_, state_);
  EXPECT_THAT(restarted.Start(), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(restarted.Current()->policies().front().name, "two");
  EXPECT_EQ(restarted.Current()->generation(), 2U);
}

TEST_F(ActivePolicyTest, AStateThatOthersMayWriteIsNotBelieved) {
  Write(one_);
  {
    ActivePolicy policy(source_, state_);
    ASSERT_THAT(policy.Start(), IsOk());
  }
  std::filesystem::remove(source_);
  ASSERT_EQ(chown(state_.c_str(), 1000, 1000), 0);
  ActivePolicy planted(source_, state_);
  EXPECT_THAT(planted.Start(), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(planted.Current(), nullptr);
}

TEST_F(ActivePolicyTest, ABrokenStateIsNoPolicyAndDoesNotStandInTheWay) {
  ASSERT_THAT(base::WriteNewFile(state_, R"({"generation":0,"policy":"x"})"), IsOk());
  ActivePolicy policy(source_, state_);
  EXPECT_THAT(policy.Start(), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_EQ(policy.Current(), nullptr);
  Write(one_);
  EXPECT_THAT(policy.Reload(), IsOk());
  EXPECT_NE(policy.Current(), nullptr);
}

}  // namespace
}  // namespace sigward::sync
