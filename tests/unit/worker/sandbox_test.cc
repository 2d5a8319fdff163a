#include "worker/sandbox/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>

#include "base/unique_fd.h"
#include "in_child.h"
#include "temp_folder.h"

namespace sigward::worker {
namespace {

using testing::ExitStatusOf;
using testing::StatusOf;

/// Exit status of a child that could not even enter the sandbox.
constexpr int kNotEntered = 99;

constexpr ChildLimits kLimits{
    .cpu = std::chrono::seconds(1), .address_space = 512U << 20, .descriptors = 32};

/// Runs BODY in a child that has entered the sandbox around a connection.
int StatusInside(const std::function<int(int)>& body) {
  const pid_t parent = getpid();
  return StatusOf([&] {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) != 0 || !HardenProcess().ok() ||
        !EnterChild({ends[1], ends[1]}, parent, kLimits).ok()) {
      return kNotEntered;
    }
    return body(ends[1]);
  });
}

bool IsOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

TEST(SandboxTest, HardenedProcessGainsNothingByExecAndShowsNobodyItsMemory) {
  EXPECT_EQ(ExitStatusOf([] {
              if (!HardenProcess().ok()) {
                return kNotEntered;
              }
              rlimit core{};
              getrlimit(RLIMIT_CORE, &core);
              const bool is_hard = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                                   (!kSealed || prctl(PR_GET_DUMPABLE) == 0) && core.rlim_max == 0;
              return is_hard ? 0 : 1;
            }),
            0);
}

TEST(SandboxTest, RootIsGivenUpForGood) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "there is no root to give up";
  }
  EXPECT_EQ(
      ExitStatusOf([] {
        const std::array<gid_t, 2> groups = {0, 4};
        if (setgroups(groups.size(), groups.data()) != 0 ||
            !DropRoot(kVerifydUser, Keeps::kNothing).ok()) {
          return kNotEntered;
        }
        uid_t real = 0;
        uid_t effective = 0;
        uid_t saved = 0;
        getresuid(&real, &effective, &saved);
        if (real != kVerifydUser || effective != kVerifydUser || saved != kVerifydUser) {
          return 1;
        }
        if (getgid() != kVerifydUser || getegid() != kVerifydUser || getgroups(0, nullptr) != 0) {
          return 2;
        }
        return setuid(0) == 0 || seteuid(0) == 0 ? 3 : 0;
      }),
      0);
}

/// Whether a process that has given up root but KEEPS something reads a file that is root's alone.
bool ReadsRootsFiles(Keeps keeps) {
  const testing::TempFolder folder;
  const base::UniqueFd file(open((folder / "secret").c_str(), O_CREAT | O_WRONLY, 0600));
  const int status = ExitStatusOf([&] {
    if (!DropRoot(kFetchdUser, keeps).ok()) {
      return kNotEntered;
    }
    return open((folder / "secret").c_str(), O_RDONLY) >= 0 ? 1 : 0;
  });
  EXPECT_NE(status, kNotEntered);
  return status == 1;
}

TEST(SandboxTest, RootsFilesAreReadOnlyByWhoKeepsThatRight) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "there is no root to give up";
  }
  EXPECT_FALSE(ReadsRootsFiles(Keeps::kNothing));
  EXPECT_TRUE(ReadsRootsFiles(Keeps::kReadingFiles));
}

TEST(SandboxTest, RootWithoutTheRightToReadAllFilesIsGivenUpAllTheSame) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "there is no root to give up";
  }
  const testing::TempFolder folder;
  const base::UniqueFd file(open((folder / "secret").c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(ExitStatusOf([&] {
              __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
              std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
              if (syscall(SYS_capget, &header, sets.data()) != 0) {
                return kNotEntered;
              }
              sets[0].permitted &= ~(1U << CAP_DAC_READ_SEARCH);
              sets[0].effective = sets[0].permitted;
              if (syscall(SYS_capset, &header, sets.data()) != 0 ||
                  !DropRoot(kFetchdUser, Keeps::kReadingFiles).ok()) {
                return kNotEntered;
              }
              const bool reads = open((folder / "secret").c_str(), O_RDONLY) >= 0;
              return geteuid() == kFetchdUser && !reads ? 0 : 1;
            }),
            0);
}

TEST(SandboxTest, WhoeverIsNotRootStaysWhoHeIs) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become somebody";
  }
  EXPECT_EQ(ExitStatusOf([] {
              constexpr uid_t kSomebody = 1234;
              if (setresuid(kSomebody, kSomebody, kSomebody) != 0 ||
                  !DropRoot(kVerifydUser, Keeps::kNothing).ok()) {
                return kNotEntered;
              }
              return geteuid() == kSomebody ? 0 : 1;
            }),
            0);
}

TEST(SandboxTest, SignalAtTheParentsDeathOutlivesRoot) {
  EXPECT_EQ(ExitStatusOf([] {
              prctl(PR_SET_PDEATHSIG, SIGTERM);
              int signal = 0;
              if (!DropRoot(kVerifydUser, Keeps::kNothing).ok() ||
                  prctl(PR_GET_PDEATHSIG, &signal) != 0) {
                return kNotEntered;
              }
              return signal == SIGTERM ? 0 : 1;
            }),
            0);
}

TEST(SandboxTest, ChildKeepsItsConnectionAndNothingElse) {
  const int below = open("/dev/null", O_RDONLY);
  EXPECT_EQ(StatusInside([below](int connection) {
              // The other end has the number before, and the test's own file one below that.
              const int after = fcntl(STDIN_FILENO, F_DUPFD, connection + 1);
              const bool alone = IsOpen(connection) && !IsOpen(connection - 1) && !IsOpen(below) &&
                                 after == connection + 1;
              const bool standard =
                  IsOpen(STDIN_FILENO) && IsOpen(STDOUT_FILENO) && IsOpen(STDERR_FILENO);
              return alone && standard ? 0 : 1;
            }),
            0);
  close(below);
}

TEST(SandboxTest, ChildsStandardDescriptorsLeadNowhere) {
  EXPECT_EQ(StatusInside([](int) {
              struct stat null {};
              stat("/dev/null", &null);
              for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
                struct stat status {};
                fstat(fd, &status);
                if (status.st_rdev != null.st_rdev && (kSealed || fd != STDERR_FILENO)) {
                  return 1;
                }
              }
              return 0;
            }),
            0);
}

TEST(SandboxTest, ChildThatComputesTooLongIsKilled) {
  const auto start = std::chrono::steady_clock::now();
  const int status = StatusInside([](int) {
    for (volatile bool goes_on = true; goes_on;) {
    }
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_TRUE(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL) << WTERMSIG(status);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

TEST(SandboxTest, ChildWritesNoFile) {
  const int status = StatusInside([](int) {
    const int file = memfd_create("file", 0);
    return write(file, "x", 1) == 1 ? 0 : 1;
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) << status;
}

TEST(SandboxTest, ChildHasBoundedMemoryAndDescriptors) {
  EXPECT_EQ(StatusInside([](int) {
              const std::size_t too_much = kLimits.address_space;
              if (kSealed && mmap(nullptr, too_much, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                                  0) != MAP_FAILED) {
                return 1;
              }
              int opened = 0;
              while (dup(STDIN_FILENO) >= 0) {
                ++opened;
              }
              return opened <= static_cast<int>(kLimits.descriptors) ? 0 : 2;
            }),
            0);
}

TEST(SandboxTest, ChildOfAnotherParentDoesNotEnter) {
  EXPECT_EQ(ExitStatusOf([] { return EnterChild({3, 4}, getpid(), kLimits).ok() ? 1 : 0; }), 0);
}

}  // namespace
}  // namespace sigward::worker
