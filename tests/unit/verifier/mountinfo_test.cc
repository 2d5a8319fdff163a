#include "verifier/mountinfo.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"
#include "verifier/overlay_directories.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;

constexpr const char* kRootLine = "20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,discard\n";

base::Result<MountTable> Parse(const std::string& text) {
  return MountTable::Parse(base::AsBytes(text));
}

std::string Line(int id, int parent, const std::string& point, const std::string& type = "tmpfs") {
  return std::to_string(id) + " " + std::to_string(parent) + " 0:" + std::to_string(id) + " / " +
         point + " rw - " + type + " none rw\n";
}

/// The id of the mount that contains PATH, 0 when that is left open.
std::uint64_t IdAt(const std::string& text, const std::string& path) {
  const auto table = Parse(text);
  EXPECT_THAT(table, IsOk());
  const Mount* mount = table.ok() ? table->Containing(path) : nullptr;
  return mount == nullptr ? 0 : mount->id;
}

TEST(MountinfoTest, ReadsEachField) {
  // proc(5)'s own example.
  const auto table = Parse(
      std::string(kRootLine) +
      "36 20 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n");
  ASSERT_THAT(table, IsOk());
  const Mount* mount = table->Containing("/mnt2/deep/down");
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(mount->id, 36U);
  EXPECT_EQ(mount->parent, 20U);
  EXPECT_EQ(mount->device, "98:0");
  EXPECT_EQ(mount->root, "/mnt1");
  EXPECT_EQ(mount->point, "/mnt2");
  EXPECT_EQ(mount->type, "ext3");
  EXPECT_EQ(mount->super_options, "rw,errors=continue");
  EXPECT_TRUE(table->IsPoint("/mnt2"));
  EXPECT_FALSE(table->IsPoint("/mnt2/deep"));
}

TEST(MountinfoTest, UndoesTheKernelsEscapes) {
  // As Linux 6.18 shows a tmpfs mounted from the source "".
  const auto table = Parse(std::string(kRootLine) +
                           "65 20 0:41 / /mnt/sp\\040ace\\011tab\\012nl#h\\134b rw,relatime - "
                           "tmpfs  rw\n");
  ASSERT_THAT(table, IsOk());
  EXPECT_NE(table->Containing("/mnt/sp ace\ttab\nnl#h\\b"), nullptr);
  EXPECT_TRUE(table->IsPoint("/mnt/sp ace\ttab\nnl#h\\b"));
  EXPECT_THAT(Unescape("\\040\\377\\043"), IsOkAndHolds(std::string(" \xff#")));
  for (const char* text : {"\\", "\\04", "\\048", "\\x20", "\\400", "\\-10", "\\ 40"}) {
    EXPECT_THAT(Unescape(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(MountinfoTest, RefusesWhatIsNoLine) {
  for (const char* line : {
           "", "garbage", "36 20 98:0 / /a rw - ext3 none", "36 20 98:0 / /a rw - ext3",
           "36 20 98:0 / /a rw -", "36 20 98:0 / /a rw shared:1 ext3 none rw", "36 20 98:0 / /a",
           "x 20 98:0 / /a rw - ext3 none rw", "36 -1 98:0 / /a rw - ext3 none rw",
           "99999999999999999999 20 98:0 / /a rw - ext3 none rw", "36 20 98 / /a rw - ext3 none rw",
           "36 20 98:x / /a rw - ext3 none rw", "36 20 98:0 / a rw - ext3 none rw",
           "36 20 98:0 /  rw - ext3 none rw", "36 20 98:0 / /a\\0 rw - ext3 none rw",
           "36  20 98:0 / /a rw - ext3 none rw",
           "20 1 98:0 / /a rw - ext3 none rw",  // an id that is taken
       }) {
    EXPECT_THAT(Parse(kRootLine + std::string(line) + "\n"), FailsWith(Reason::kMalformed)) << line;
  }
  EXPECT_THAT(Parse("36 20 98:0 / /a rw - ext3 none rw"), FailsWith(Reason::kMalformed)) << "cut";
  EXPECT_THAT(Parse(""), IsOk());
}

TEST(MountinfoTest, TakesItsBoundsThemselves) {
  std::string lines;
  for (std::size_t i = 0; i < kMaxMounts; ++i) {
    lines += std::to_string(i + 10) + " 1 0:1 / /a rw - t n r\n";
  }
  ASSERT_LE(lines.size(), kMaxMountinfoBytes);
  EXPECT_THAT(Parse(lines), IsOk());
  EXPECT_THAT(Parse(lines + "5 1 0:1 / /a rw - t n r\n"), FailsWith(Reason::kTooLarge));
  const std::string start = "36 20 98:0 / /a rw - ext3 none ";
  const std::string longest = start + std::string(kMaxMountinfoBytes - start.size() - 1, 'o');
  EXPECT_THAT(Parse(longest + "\n"), IsOk());
  EXPECT_THAT(Parse(longest + "o\n"), FailsWith(Reason::kTooLarge));
}

TEST(MountTableTest, LooksUpAsTheKernelDoes) {
  const std::string text = kRootLine + Line(30, 20, "/a") + Line(31, 30, "/a/b") +
                           Line(32, 31, "/a/b") + Line(33, 20, "/ab");
  EXPECT_EQ(IdAt(text, "/"), 20U);
  EXPECT_EQ(IdAt(text, "/x/y"), 20U);
  EXPECT_EQ(IdAt(text, "/a"), 30U);
  EXPECT_EQ(IdAt(text, "/a/c"), 30U);
  EXPECT_EQ(IdAt(text, "/a/b"), 32U) << "stacked";
  EXPECT_EQ(IdAt(text, "/a/b/c"), 32U);
  EXPECT_EQ(IdAt(text, "/ab"), 33U);
  EXPECT_EQ(IdAt(text, "/abc"), 20U);
}

TEST(MountTableTest, SeesThatAParentFolderIsCovered) {
  const std::string text = kRootLine + Line(30, 20, "/a/b/c") + Line(31, 20, "/a");
  EXPECT_EQ(IdAt(text, "/a/b/c"), 31U);
  const std::string again = text + Line(32, 31, "/a/b/c");
  EXPECT_EQ(IdAt(again, "/a/b/c"), 32U) << "mounted once more on what covers it";
}

TEST(MountTableTest, DoesNotGoByTheOrderOfLines) {
  // Mount 30 was made first, elsewhere, and moved onto mount 31 later.
  EXPECT_EQ(IdAt(kRootLine + Line(30, 31, "/a") + Line(31, 20, "/a"), "/a"), 30U);
}

TEST(MountTableTest, FindsTheTopInEverySetting) {
  EXPECT_EQ(IdAt(Line(1, 1, "/", "rootfs") + Line(20, 1, "/") + Line(30, 20, "/a"), "/a"), 30U);
  // Seen from a root folder that is no mount itself.
  EXPECT_EQ(IdAt(Line(30, 20, "/a") + Line(31, 30, "/a/b"), "/a/b"), 31U);
  EXPECT_EQ(IdAt(Line(30, 20, "/a/b") + Line(31, 20, "/a"), "/a/b"), 31U);
  EXPECT_EQ(IdAt(Line(30, 20, "/a"), "/x"), 0U);
}

TEST(MountTableTest, LeavesOpenWhatTheKernelWouldNotShow) {
  EXPECT_EQ(IdAt(kRootLine + Line(30, 20, "/a") + Line(31, 20, "/a"), "/a"), 0U)
      << "two at one place of one mount";
  EXPECT_EQ(IdAt(kRootLine + Line(30, 99, "/a"), "/a"), 0U) << "hangs on what is not there";
  EXPECT_EQ(IdAt(Line(30, 20, "/a") + Line(31, 20, "/a"), "/a"), 0U);
  EXPECT_EQ(IdAt(kRootLine + Line(30, 20, "/a/b") + Line(31, 30, "/a"), "/a/b"), 0U)
      << "hangs above what it hangs on";
  EXPECT_EQ(IdAt(Line(30, 31, "/a") + Line(31, 30, "/a"), "/a"), 0U) << "in a circle";
  EXPECT_EQ(IdAt("", "/a"), 0U);
}

TEST(MountTableTest, FindsWhatHangsOnAMount) {
  const auto table = Parse(kRootLine + Line(30, 20, "/a") + Line(31, 30, "/a/b"));
  ASSERT_THAT(table, IsOk());
  const Mount* mount = table->HangingOn(*table->Containing("/a"));
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(mount->id, 31U);
  EXPECT_EQ(table->HangingOn(*mount), nullptr);
  const auto top = Parse(Line(1, 1, "/"));
  EXPECT_EQ(top->HangingOn(*top->Containing("/")), nullptr) << "not on itself";
}

using Names = std::vector<std::string>;

TEST(OverlayDirectoriesTest, ReadsEveryForm) {
  const auto list = ParseOverlaySuperOptions("rw,lowerdir=/b:/a,upperdir=/u,workdir=/w,uuid=on");
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->upper, "/u");
  EXPECT_EQ(list->lowers, (Names{"/b", "/a"}));
  const auto single = ParseOverlaySuperOptions("ro,lowerdir+=/b:c,lowerdir+=/a,redirect_dir=on");
  ASSERT_THAT(single, IsOk());
  EXPECT_FALSE(single->upper);
  EXPECT_EQ(single->lowers, (Names{"/b:c", "/a"}));
  // "/a:b", "/c,d" and "/back\slash" as Linux 6.18 shows them, then as 6.5 to 6.7 shows "/a:b".
  EXPECT_EQ(ParseOverlaySuperOptions("rw,lowerdir=/a\\134:b:/c\\134\\054d:/back\\134\\134slash,x")
                ->lowers,
            (Names{"/a:b", "/c,d", "/back\\slash"}));
  EXPECT_EQ(ParseOverlaySuperOptions("lowerdir=/a\\072b:/c")->lowers, (Names{"/a:b", "/c"}));
  const Names given = {"index=off", "workdir=/w", "upperdir=/u", "lowerdir=/a\\:b:/c\\\\d"};
  EXPECT_EQ(ParseOverlayOptions(given)->lowers, (Names{"/a:b", "/c\\d"}));
}

TEST(OverlayDirectoriesTest, RefusesWhatIsOpenToInterpretation) {
  for (const char* options :
       {"rw", "", "lowerdir=", "lowerdir=/a:", "lowerdir=:/a", "lowerdir=/a::/b",
        "lowerdir=/a,lowerdir=/b", "lowerdir=/a,lowerdir+=/b", "lowerdir+=/a,lowerdir=/b",
        "lowerdir+=", "lowerdir=/a,datadir+=/b", "lowerdir=/a,upperdir=/u,upperdir=/v",
        "lowerdir=/a,upperdir=", "lowerdir=/a\\134", "upperdir=/u,workdir=/w"}) {
    EXPECT_THAT(ParseOverlaySuperOptions(options), FailsWith(Reason::kUnsupportedFormat))
        << options;
  }
  EXPECT_THAT(ParseOverlaySuperOptions("lowerdir=/a\\9"), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
