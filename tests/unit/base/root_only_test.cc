#include "base/root_only.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;

constexpr std::size_t kMax = 1U << 20;

/// A folder that only root can write to, in the machine's sticky temporary folder.
class RootOnly : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(getuid(), 0U) << "these tests change owners";
    ASSERT_EQ(mkdir((folder_ / "etc").c_str(), 0755), 0);
    ASSERT_THAT(WriteNewFile(path_, "{}"), IsOk());
  }
  testing::TempFolder folder_;
  const std::string path_ = folder_ / "etc/policy.json";
};

TEST_F(RootOnly, ReadsWhatOnlyRootCanHaveWritten) {
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), IsOkAndHolds("{}"));
}

TEST_F(RootOnly, RefusesAFileThatOthersMayWrite) {
  for (const mode_t mode : {0602U, 0620U, 0666U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(ReadRootOnlyFile(path_, kMax), FailsWith(Reason::kPolicyUnavailable)) << mode;
  }
}

TEST_F(RootOnly, RefusesAFileOfSomebodyElse) {
  ASSERT_EQ(chown(path_.c_str(), 65534, 0), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), FailsWith(Reason::kPolicyUnavailable));
}

TEST_F(RootOnly, RefusesAFolderThatOthersMayWriteUnlessItIsSticky) {
  ASSERT_EQ(chmod((folder_ / "etc").c_str(), 0777), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), FailsWith(Reason::kPolicyUnavailable));
  ASSERT_EQ(chmod((folder_ / "etc").c_str(), 01777), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), IsOk());
  ASSERT_EQ(chmod((folder_ / "etc").c_str(), 0755), 0);
  ASSERT_EQ(chown((folder_ / "etc").c_str(), 65534, 0), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), FailsWith(Reason::kPolicyUnavailable));
}

TEST_F(RootOnly, FollowsNoSymbolicLink) {
  ASSERT_EQ(symlink(path_.c_str(), (folder_ / "link.json").c_str()), 0);
  EXPECT_THAT(ReadRootOnlyFile(folder_ / "link.json", kMax), FailsWith(Reason::kPolicyUnavailable));
  ASSERT_EQ(symlink((folder_ / "etc").c_str(), (folder_ / "link").c_str()), 0);
  EXPECT_THAT(ReadRootOnlyFile(folder_ / "link/policy.json", kMax),
              FailsWith(Reason::kPolicyUnavailable));
}

TEST_F(RootOnly, TakesOnlyPlainAbsolutePathsToRegularFiles) {
  for (const std::string& path :
       {std::string("policy.json"), folder_ / "etc/../etc/policy.json",
        folder_ / "etc//policy.json", folder_ / "etc/./policy.json", folder_ / "etc",
        folder_ / "none", std::string("/"), std::string("/dev/zero")}) {
    EXPECT_THAT(ReadRootOnlyFile(path, kMax), FailsWith(Reason::kPolicyUnavailable)) << path;
  }
  ASSERT_EQ(mkfifo((folder_ / "etc/pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadRootOnlyFile(folder_ / "etc/pipe", kMax), FailsWith(Reason::kPolicyUnavailable));
}

TEST_F(RootOnly, AFolderIsCheckedAlike) {
  EXPECT_THAT(CheckRootOnlyFolder(folder_ / "etc"), IsOk());
  EXPECT_THAT(CheckRootOnlyFolder(path_), FailsWith(Reason::kPolicyUnavailable));
  EXPECT_THAT(CheckRootOnlyFolder(folder_ / "none"), FailsWith(Reason::kPolicyUnavailable));
  ASSERT_EQ(chmod((folder_ / "etc").c_str(), 0775), 0);
  EXPECT_THAT(CheckRootOnlyFolder(folder_ / "etc"), FailsWith(Reason::kPolicyUnavailable));
  ASSERT_EQ(chmod((folder_ / "etc").c_str(), 0755), 0);
  ASSERT_EQ(chown((folder_ / "etc").c_str(), 1000, 0), 0);
  EXPECT_THAT(CheckRootOnlyFolder(folder_ / "etc"), FailsWith(Reason::kPolicyUnavailable));
}

TEST_F(RootOnly, IsBounded) {
  ASSERT_EQ(truncate(path_.c_str(), kMax), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), IsOk());
  ASSERT_EQ(truncate(path_.c_str(), kMax + 1), 0);
  EXPECT_THAT(ReadRootOnlyFile(path_, kMax), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::base
