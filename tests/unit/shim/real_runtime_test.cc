#include "shim/real_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::shim {
namespace {

namespace fs = std::filesystem;
using base::Reason;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;

constexpr uid_t kSomebody = 12345;

FileIdentity IdentityOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return {.device = status.st_dev, .inode = status.st_ino};
}

/// Folders with programs; ours is own/runc.
class RealRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs files of root's";
    }
    Program("own/runc");
    Program("real/runc");
    Program("real/crun");
    Program("other/runc");
    own_ = {.file = IdentityOf(top_ / "own/runc"), .folder = IdentityOf(top_ / "own")};
  }

  void Program(const std::string& name, mode_t mode = 0755) {
    const fs::path path = top_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/false\n";
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  void Link(const std::string& to, const std::string& name) {
    const fs::path path = top_ / name;
    fs::create_directories(path.parent_path());
    fs::create_symlink(top_ / to, path);
  }

  /// A PATH of folders below the test's; those with a mark in front stay as they are.
  std::string Path(std::initializer_list<std::string> folders) {
    std::string path;
    for (const std::string& folder : folders) {
      path += (path.empty() && !started_ ? "" : ":");
      started_ = true;
      path += folder.starts_with('!') ? folder.substr(1) : top_ / folder;
    }
    started_ = false;
    return path;
  }

  base::Result<std::string> Find(std::initializer_list<std::string> folders,
                                 const std::string& name = "runc") {
    return FindRealRuntime(name, Path(folders), own_);
  }

  testing::TempFolder top_;
  OwnProgram own_;
  bool started_ = false;
};

TEST_F(RealRuntime, IsTheFirstInPathThatIsNotOurs) {
  EXPECT_THAT(Find({"own", "real", "other"}), IsOkAndHolds(top_ / "real/runc"));
  EXPECT_THAT(Find({"own", "other", "real"}), IsOkAndHolds(top_ / "other/runc"));
  EXPECT_THAT(Find({"real", "own"}), IsOkAndHolds(top_ / "real/runc"));
  EXPECT_THAT(Find({"own", "own", "missing", "real", "own"}), IsOkAndHolds(top_ / "real/runc"));
  EXPECT_THAT(Find({"own", "other", "real"}, "crun"), IsOkAndHolds(top_ / "real/crun"));
}

TEST_F(RealRuntime, EmptyAndRelativeEntriesAreSkipped) {
  const fs::path before = fs::current_path();
  fs::current_path(top_ / "other");
  EXPECT_THAT(Find({"!", "!.", "!../other", "!other", "real", "!"}),
              IsOkAndHolds(top_ / "real/runc"));
  EXPECT_THAT(Find({"!", "!.", "!"}), FailsWith(Reason::kRuntimeUnknown));
  fs::current_path(before);
}

TEST_F(RealRuntime, APathWithoutOneFails) {
  EXPECT_THAT(FindRealRuntime("runc", "", own_), FailsWith(Reason::kRuntimeUnknown));
  EXPECT_THAT(FindRealRuntime("runc", ":::", own_), FailsWith(Reason::kRuntimeUnknown));
  EXPECT_THAT(Find({"own"}), FailsWith(Reason::kRuntimeUnknown));
  EXPECT_THAT(Find({"own", "own", "missing"}), FailsWith(Reason::kRuntimeUnknown));
}

TEST_F(RealRuntime, LinksAreFollowedButNotIntoOurFolders) {
  Link("real/runc", "links/runc");
  EXPECT_THAT(Find({"own", "links"}), IsOkAndHolds(top_ / "real/runc"));
  // To ourselves, to our folder, and to another program that lies there.
  Link("own/runc", "loop/runc");
  Link("own", "alias");
  Program("own/crun");
  Link("own/crun", "loop/crun");
  Link("own/crun", "into/runc");
  for (const char* folder : {"loop", "alias", "into"}) {
    EXPECT_THAT(Find({folder}), FailsWith(Reason::kRuntimeUnknown)) << folder;
    EXPECT_THAT(Find({folder, "real"}), IsOkAndHolds(top_ / "real/runc")) << folder;
  }
  // A folder that holds a link to us as runc is ours for crun too, wherever its own crun leads.
  EXPECT_THAT(Find({"loop"}, "crun"), FailsWith(Reason::kRuntimeUnknown));
}

TEST_F(RealRuntime, AFolderThatHoldsUsIsOursAndWhatLeadsThereTo) {
  // The installed shape: runc and crun are links to a program elsewhere.
  Program("lib/sigward-runtime");
  own_ = {.file = IdentityOf(top_ / "lib/sigward-runtime"), .folder = IdentityOf(top_ / "lib")};
  Link("lib/sigward-runtime", "door/runc");
  Program("door/crun");
  Link("door/crun", "before/crun");
  EXPECT_THAT(Find({"before", "door"}, "crun"), FailsWith(Reason::kRuntimeUnknown));
  EXPECT_THAT(Find({"before", "door", "real"}, "crun"), IsOkAndHolds(top_ / "real/crun"));
}

TEST_F(RealRuntime, AHardLinkToUsIsUs) {
  fs::create_directories(top_ / "hard");
  fs::create_hard_link(top_ / "own/runc", top_ / "hard/runc");
  EXPECT_THAT(Find({"hard"}), FailsWith(Reason::kRuntimeUnknown));
}

TEST_F(RealRuntime, OthersMayNotWriteIt) {
  const auto refuses = [&](const char* text) {
    const auto found = Find({"own", "bad"});
    EXPECT_THAT(found, FailsWith(Reason::kRuntimeUnknown));
    if (!found.ok()) {
      EXPECT_THAT(found.error().detail, HasSubstr(text));
    }
    EXPECT_THAT(Find({"own", "bad", "real"}), IsOkAndHolds(top_ / "real/runc"));
    fs::remove_all(top_ / "bad");
  };
  Program("bad/runc", 0775);
  refuses("may be written by others");
  Program("bad/runc", 0757);
  refuses("may be written by others");
  Program("bad/runc", 0644);
  refuses("is not executable");
  Program("bad/runc");
  ASSERT_EQ(chown((top_ / "bad/runc").c_str(), kSomebody, 0), 0);
  refuses("is not root's");
  fs::create_directories(top_ / "bad/runc");
  refuses("is no regular file");
  Program("bad/runc");
  ASSERT_EQ(chmod((top_ / "bad").c_str(), 0775), 0);
  refuses("lies where others may write");
  Program("bad/runc");
  ASSERT_EQ(chown((top_ / "bad").c_str(), kSomebody, 0), 0);
  refuses("lies where others may write");
}

TEST_F(RealRuntime, EveryFolderOnTheWayIsRoots) {
  Program("wide/a/b/runc");
  ASSERT_EQ(chmod((top_ / "wide").c_str(), 0777), 0);
  EXPECT_THAT(Find({"wide/a/b"}), FailsWith(Reason::kRuntimeUnknown));
  ASSERT_EQ(chmod((top_ / "wide").c_str(), 01777), 0);
  EXPECT_THAT(Find({"wide/a/b"}), IsOkAndHolds(top_ / "wide/a/b/runc"));
  // The link is somebody's, its target root's.
  Link("real/runc", "theirs/runc");
  ASSERT_EQ(chown((top_ / "theirs").c_str(), kSomebody, 0), 0);
  EXPECT_THAT(Find({"theirs"}), FailsWith(Reason::kRuntimeUnknown));
}

TEST_F(RealRuntime, PathIsBounded) {
  std::string path;
  for (std::size_t i = 1; i < kMaxSearchFolders; ++i) {
    path += "/nowhere:";
  }
  path += top_ / "real";
  EXPECT_THAT(FindRealRuntime("runc", path, own_), IsOk());
  EXPECT_THAT(FindRealRuntime("runc", "/nowhere:" + path, own_),
              FailsWith(Reason::kRuntimeUnknown));
}

TEST(RuntimeNameOf, KnowsTwoNames) {
  EXPECT_THAT(RuntimeNameOf("runc"), IsOkAndHolds("runc"));
  EXPECT_THAT(RuntimeNameOf("/usr/lib/sigward/runtime/crun"), IsOkAndHolds("crun"));
  for (const char* name : {"", "/", "runc/", "sigward-runtime", "runc2", "kata-runtime", "RUNC"}) {
    EXPECT_THAT(RuntimeNameOf(name), FailsWith(Reason::kRuntimeUnknown)) << name;
  }
}

TEST(NextHop, CountsToTwo) {
  EXPECT_THAT(NextHop(nullptr), IsOkAndHolds("1"));
  EXPECT_THAT(NextHop("0"), IsOkAndHolds("1"));
  EXPECT_THAT(NextHop("1"), IsOkAndHolds("2"));
  for (const char* value : {"2", "3", "9", "", "-1", "01", "1 ", "x"}) {
    EXPECT_THAT(NextHop(value), FailsWith(Reason::kRuntimeUnknown)) << value;
  }
}

TEST(FindOwnProgram, IsThisTest) {
  const auto own = FindOwnProgram();
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(own->file, IdentityOf("/proc/self/exe"));
  EXPECT_EQ(own->folder, IdentityOf(fs::read_symlink("/proc/self/exe").parent_path()));
}

}  // namespace
}  // namespace sigward::shim
