#include "worker/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "in_child.h"
#include "temp_folder.h"
#include "worker/sandbox/sandbox.h"

namespace sigward::worker {
namespace {

constexpr int kNotEntered = 99;
/// Versions of Landlock that brought what some tests need.
constexpr int kPorts = 4;
constexpr int kSignals = 6;

/// The errno that BODY leaves in a child that reaches READABLE and, as TCP says, ports.
int ErrorInside(const std::vector<std::string>& readable, Tcp tcp,
                const std::function<void()>& body) {
  return testing::ExitStatusOf([&] {
    const auto reach = Reach::Make(readable, tcp);
    if (!RefuseNewPrivileges().ok() || !reach.ok() || !reach->Enter().ok()) {
      return kNotEntered;
    }
    errno = 0;
    body();
    return errno;
  });
}

class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kSealed || LandlockVersion() == 0) {
      GTEST_SKIP() << "built unsealed, or on a kernel without Landlock";
    }
    std::filesystem::create_directory(folder_ / "allowed");
    for (const char* name : {"allowed/file", "other"}) {
      std::ofstream(folder_ / name) << "text";
    }
  }
  int ErrorOfOpening(const std::string& name, int flags) const {
    return ErrorInside({folder_ / "allowed", folder_ / "missing"}, Tcp::kNone,
                       [&] { open((folder_ / name).c_str(), flags, 0600); });
  }
  static int ErrorAtPort(Tcp tcp, int (*call)(int, const sockaddr*, socklen_t)) {
    return ErrorInside({}, tcp, [call] {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int fd = socket(AF_INET, SOCK_STREAM, 0);
      call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    });
  }

  testing::TempFolder folder_;
};

TEST_F(LandlockTest, ReadsWhatIsNamedAndNothingElse) {
  EXPECT_EQ(ErrorOfOpening("allowed/file", O_RDONLY), 0);
  EXPECT_EQ(ErrorOfOpening("allowed", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(ErrorOfOpening("other", O_RDONLY), EACCES);
  EXPECT_EQ(ErrorOfOpening(".", O_RDONLY | O_DIRECTORY), EACCES);
}

TEST_F(LandlockTest, WritesAndMakesNothing) {
  EXPECT_EQ(ErrorOfOpening("allowed/file", O_WRONLY), EACCES);
  EXPECT_EQ(ErrorOfOpening("allowed/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(ErrorInside({folder_ / "allowed"}, Tcp::kNone,
                        [&] { unlink((folder_ / "allowed/file").c_str()); }),
            EACCES);
}

TEST_F(LandlockTest, ALinkOutOfWhatIsNamedLeadsNowhere) {
  std::filesystem::create_symlink(folder_ / "other", folder_ / "allowed/link");
  EXPECT_EQ(ErrorOfOpening("allowed/link", O_RDONLY), EACCES);
}

TEST_F(LandlockTest, ASingleFileCanBeNamed) {
  const auto error = [&](const char* name) {
    return ErrorInside({folder_ / "other"}, Tcp::kNone,
                       [&] { open((folder_ / name).c_str(), O_RDONLY); });
  };
  EXPECT_EQ(error("other"), 0);
  EXPECT_EQ(error("allowed/file"), EACCES);
}

TEST_F(LandlockTest, ConnectsOnlyWhereThatIsAllowedAndNeverListens) {
  if (LandlockVersion() < kPorts) {
    GTEST_SKIP() << "the kernel's Landlock knows no ports";
  }
  EXPECT_EQ(ErrorAtPort(Tcp::kNone, connect), EACCES);
  EXPECT_NE(ErrorAtPort(Tcp::kConnects, connect), EACCES);
  EXPECT_EQ(ErrorAtPort(Tcp::kNone, bind), EACCES);
  EXPECT_EQ(ErrorAtPort(Tcp::kConnects, bind), EACCES);
}

TEST_F(LandlockTest, SignalsReachOnlyWhoIsInside) {
  if (LandlockVersion() < kSignals) {
    GTEST_SKIP() << "the kernel's Landlock knows no signals";
  }
  EXPECT_EQ(ErrorInside({}, Tcp::kNone, [] { kill(getppid(), 0); }), EPERM);
  EXPECT_EQ(ErrorInside({}, Tcp::kNone, [] { kill(getpid(), 0); }), 0);
}

TEST_F(LandlockTest, WhoEntersAgainCannotSignalWhoEnteredOnce) {
  if (LandlockVersion() < kSignals) {
    GTEST_SKIP() << "the kernel's Landlock knows no signals";
  }
  EXPECT_EQ(ErrorInside({}, Tcp::kNone,
                        [] {
                          const auto again = Reach::Make({}, Tcp::kNone);
                          const int error = testing::ExitStatusOf([&again] {
                            if (!again.ok() || !again->Enter().ok()) {
                              return kNotEntered;
                            }
                            errno = 0;
                            kill(getppid(), 0);
                            return errno;
                          });
                          errno = error;
                        }),
            EPERM);
}

}  // namespace
}  // namespace sigward::worker
