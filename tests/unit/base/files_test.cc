#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::base {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::TempFolder;

TEST(Files, ReadsUpToTheBoundAndNotOneByteMore) {
  const TempFolder folder;
  ASSERT_THAT(WriteNewFile(folder / "a", std::string(20000, 'x')), IsOk());
  EXPECT_THAT(ReadFile(folder / "a", 20000), IsOkAndHolds(std::string(20000, 'x')));
  EXPECT_THAT(ReadFile(folder / "a", 19999), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ReadFile(folder / "b", 10), FailsWith(Reason::kIoFailed));
}

TEST(Files, AReplacedFileIsWholeAndPrivate) {
  const TempFolder folder;
  ASSERT_THAT(ReplaceFile(folder / "a", "one"), IsOk());
  ASSERT_THAT(ReplaceFile(folder / "a", "two"), IsOk());
  EXPECT_THAT(ReadFile(folder / "a", 10), IsOkAndHolds("two"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.new"));
  struct stat status {};
  ASSERT_EQ(stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Files, AFullDiskKeepsTheOldFile) {
  const TempFolder folder;
  EXPECT_THAT(WriteNewFile("/dev/full", "x"), FailsWith(Reason::kIoFailed));
  ASSERT_THAT(ReplaceFile(folder / "a", "one"), IsOk());
  // A folder in the way of the fresh file stands for whatever makes it unwritable.
  std::filesystem::create_directory(folder / "a.new");
  EXPECT_THAT(ReplaceFile(folder / "a", "two"), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(ReadFile(folder / "a", 10), IsOkAndHolds("one"));
}

TEST(Files, WritesThroughNoSymbolicLink) {
  const TempFolder folder;
  ASSERT_EQ(symlink((folder / "target").c_str(), (folder / "link").c_str()), 0);
  EXPECT_THAT(WriteNewFile(folder / "link", "x"), FailsWith(Reason::kIoFailed));
  EXPECT_FALSE(std::filesystem::exists(folder / "target"));
}

}  // namespace
}  // namespace sigward::base
