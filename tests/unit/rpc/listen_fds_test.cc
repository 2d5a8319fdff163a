#include "rpc/listen_fds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::rpc {
namespace {

/// What a program finds at its start.
struct Start {
  const char* name;
  /// None: the program's own.
  std::optional<std::string> pid;
  const char* count;
  const char* names;
  /// Of the descriptors 3 to 20, this many are open.
  int open;
  std::vector<std::string> expected;
};

void SetOrUnset(const char* name, const char* value) {
  if (value == nullptr) {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

/// Runs BODY in a process of its own, where descriptor numbers and the environment are its own too.
/// BODY returns what it found wrong.
std::string InOwnProcess(const std::function<std::string()>& body) {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const int report = fcntl(pipe_ends[1], F_DUPFD_CLOEXEC, 100);
    const std::string wrong = body();
    (void)!write(report, wrong.data(), wrong.size());
    _exit(0);
  }
  close(pipe_ends[1]);
  std::array<char, 1024> text{};
  const ssize_t size = read(pipe_ends[0], text.data(), text.size());
  close(pipe_ends[0]);
  int status = -1;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// Leaves COUNT of the descriptors from 3 on open, inheritable, and none behind them below 100.
void OpenFromThree(int count) {
  for (int fd = 3; fd < 3 + count; ++fd) {
    const int null = open("/dev/null", O_RDONLY);
    if (null != fd) {
      dup2(null, fd);
      close(null);
    }
    fcntl(fd, F_SETFD, 0);
  }
  close_range(static_cast<unsigned int>(3 + count), 99, 0);
}

std::string WrongAbout(const std::vector<ListenFd>& taken, const Start& start) {
  if (taken.size() != start.expected.size()) {
    return "took " + std::to_string(taken.size());
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i].name != start.expected[i]) {
      return "name " + taken[i].name;
    }
    if (taken[i].socket.get() != static_cast<int>(3 + i)) {
      return "number " + std::to_string(taken[i].socket.get());
    }
    if (fcntl(taken[i].socket.get(), F_GETFD) != FD_CLOEXEC) {
      return "not close-on-exec";
    }
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    if (getenv(variable) != nullptr) {
      return std::string(variable) + " is still set";
    }
  }
  return "";
}

class ListenFdsTest : public ::testing::TestWithParam<Start> {};

TEST_P(ListenFdsTest, AreTakenAsHandedOver) {
  const Start& start = GetParam();
  EXPECT_EQ(InOwnProcess([&]() -> std::string {
              OpenFromThree(start.open);
              const std::string pid = start.pid.value_or(std::to_string(getpid()));
              SetOrUnset("LISTEN_PID", pid.c_str());
              SetOrUnset("LISTEN_FDS", start.count);
              SetOrUnset("LISTEN_FDNAMES", start.names);
              return WrongAbout(TakeListenFds(), start);
            }),
            "");
}

std::vector<std::string> Unknown(std::size_t count) {
  return std::vector<std::string>(count, "unknown");
}

INSTANTIATE_TEST_SUITE_P(
    Starts, ListenFdsTest,
    ::testing::Values(Start{"One", {}, "1", "gate", 1, {"gate"}},
                      Start{"Several", {}, "3", "a:b:a", 3, {"a", "b", "a"}},
                      Start{"WithoutNames", {}, "2", nullptr, 2, Unknown(2)},
                      Start{"WithEmptyNames", {}, "2", ":", 2, {"", ""}},
                      Start{"FewerThanAreOpen", {}, "1", "a", 2, {"a"}},
                      Start{"AsManyAsMayBe", {}, "16", nullptr, 17, Unknown(kMaxListenFds)},
                      Start{"OneMoreThanMayBe", {}, "17", nullptr, 17, {}},
                      Start{"Absent", {}, nullptr, nullptr, 1, {}},
                      Start{"None", {}, "0", nullptr, 1, {}},
                      Start{"Negative", {}, "-1", nullptr, 1, {}},
                      Start{"OfAnotherProcess", "1", "1", "gate", 1, {}},
                      Start{"WithoutProcess", "", "1", "gate", 1, {}},
                      Start{"CountIsNoNumber", {}, "1x", "gate", 1, {}},
                      Start{"CountIsEmpty", {}, "", "gate", 1, {}},
                      Start{"CountHasASpace", {}, " 1", "gate", 1, {}},
                      Start{"CountIsHuge", {}, "99999999999", "gate", 1, {}},
                      Start{"TooFewNames", {}, "2", "a", 2, {}},
                      Start{"TooManyNames", {}, "1", "a:b", 1, {}},
                      Start{"NotAllOpen", {}, "3", nullptr, 2, {}}),
    [](const auto& row) { return std::string(row.param.name); });

/// What stands as descriptor 3.
struct Handed {
  const char* name;
  int (*make)();
  const char* count;
  bool is_taken;
};

int Listening(int type) {
  const int fd = socket(AF_UNIX, type, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The empty name lets the kernel choose an abstract one.
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0) {
    listen(fd, 1);
  }
  return fd;
}

class OnlyListenerTest : public ::testing::TestWithParam<Handed> {};

TEST_P(OnlyListenerTest, IsAListeningSocketOfTheRightKind) {
  const Handed& handed = GetParam();
  EXPECT_EQ(InOwnProcess([&]() -> std::string {
              OpenFromThree(2);
              const int made = handed.make();
              dup2(made, 3);
              setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
              setenv("LISTEN_FDS", handed.count, 1);
              const auto listener = TakeOnlyListener();
              if (listener.ok() != handed.is_taken) {
                return listener.ok() ? "was taken" : listener.error().detail;
              }
              const bool is_config =
                  listener.ok() || listener.error().reason == base::Reason::kConfigInvalid;
              return is_config ? "" : "wrong reason";
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(
    Handed, OnlyListenerTest,
    ::testing::Values(Handed{"Right", [] { return Listening(SOCK_SEQPACKET); }, "1", true},
                      Handed{"Nothing", [] { return Listening(SOCK_SEQPACKET); }, "0", false},
                      Handed{"Two", [] { return Listening(SOCK_SEQPACKET); }, "2", false},
                      Handed{"Stream", [] { return Listening(SOCK_STREAM); }, "1", false},
                      Handed{"NotListening", [] { return socket(AF_UNIX, SOCK_SEQPACKET, 0); }, "1",
                             false},
                      Handed{"File", [] { return open("/dev/null", O_RDONLY); }, "1", false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sigward::rpc
