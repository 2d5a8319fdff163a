#include "rpc/frame.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "open_descriptors.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::rpc {
namespace {

using base::Deadline;
using base::Reason;
using base::UniqueFd;
using std::chrono::milliseconds;
using testing::CountOpenDescriptors;
using testing::FailsWith;
using testing::IsOk;
using testing::TempFolder;

constexpr uid_t kStranger = 65534;

Deadline Soon() {
  return Deadline::After(milliseconds(5000));
}
Deadline AtOnce() {
  return Deadline::After(milliseconds(30));
}

struct Pair {
  UniqueFd left;
  UniqueFd right;
};

Pair MakePair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<UniqueFd> OpenNull(std::size_t count) {
  std::vector<UniqueFd> opened;
  for (std::size_t i = 0; i < count; ++i) {
    opened.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return opened;
}

std::vector<int> Numbers(const std::vector<UniqueFd>& descriptors) {
  std::vector<int> numbers;
  for (const UniqueFd& fd : descriptors) {
    numbers.push_back(fd.get());
  }
  return numbers;
}

/// Sends as Send does, but without its bounds.
bool SendUnbounded(int socket, std::string bytes, const std::vector<int>& descriptors) {
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(64 * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t size = descriptors.size() * sizeof(int);
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(item), descriptors.data(), size);
  }
  return sendmsg(socket, &header, MSG_NOSIGNAL) >= 0;
}

TEST(FrameTest, CarriesBytesAndDescriptors) {
  const Pair pair = MakePair();
  const std::vector<UniqueFd> files = OpenNull(2);
  const std::string bytes("a\0b", 3);
  ASSERT_THAT(Send(pair.left.get(), bytes, Numbers(files), Soon()), IsOk());
  const auto frame = Receive(pair.right.get(), Soon());
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->bytes, bytes);
  ASSERT_EQ(frame->descriptors.size(), 2U);
  for (const UniqueFd& fd : frame->descriptors) {
    EXPECT_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST(FrameTest, KeepsFramesApart) {
  const Pair pair = MakePair();
  ASSERT_THAT(Send(pair.left.get(), "one", {}, Soon()), IsOk());
  ASSERT_THAT(Send(pair.left.get(), "two", {}, Soon()), IsOk());
  EXPECT_EQ(Receive(pair.right.get(), Soon())->bytes, "one");
  EXPECT_EQ(Receive(pair.right.get(), Soon())->bytes, "two");
}

TEST(FrameTest, CarriesTheLargestFrameWithAllDescriptors) {
  const Pair pair = MakePair();
  const std::vector<UniqueFd> files = OpenNull(kMaxFrameDescriptors);
  const std::string bytes(kMaxFrameBytes, 'x');
  ASSERT_THAT(Send(pair.left.get(), bytes, Numbers(files), Soon()), IsOk());
  const auto frame = Receive(pair.right.get(), Soon());
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->bytes, bytes);
  EXPECT_EQ(frame->descriptors.size(), kMaxFrameDescriptors);
}

TEST(FrameTest, RefusesToSendWhatNobodyWouldTake) {
  const Pair pair = MakePair();
  EXPECT_THAT(Send(pair.left.get(), std::string(kMaxFrameBytes + 1, 'x'), {}, Soon()),
              FailsWith(Reason::kTooLarge));
  const std::vector<UniqueFd> files = OpenNull(kMaxFrameDescriptors + 1);
  EXPECT_THAT(Send(pair.left.get(), "x", Numbers(files), Soon()), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(Send(pair.left.get(), "", {}, Soon()), FailsWith(Reason::kProtocol));
}

struct BadFrame {
  const char* name;
  std::size_t bytes;
  std::size_t descriptors;
  Reason reason;
};

class BadFrameTest : public ::testing::TestWithParam<BadFrame> {};

TEST_P(BadFrameTest, IsRefusedAndItsDescriptorsAreClosed) {
  const Pair pair = MakePair();
  const std::vector<UniqueFd> files = OpenNull(GetParam().descriptors);
  const std::ptrdiff_t before = CountOpenDescriptors();
  ASSERT_TRUE(SendUnbounded(pair.left.get(), std::string(GetParam().bytes, 'x'), Numbers(files)));
  EXPECT_THAT(Receive(pair.right.get(), Soon()), FailsWith(GetParam().reason));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

TEST_P(BadFrameTest, IsRefusedWhereTheSenderIsAskedForToo) {
  const Pair pair = MakePair();
  ASSERT_THAT(RequestSenders(pair.right.get()), IsOk());
  const std::vector<UniqueFd> files = OpenNull(GetParam().descriptors);
  const std::ptrdiff_t before = CountOpenDescriptors();
  ASSERT_TRUE(SendUnbounded(pair.left.get(), std::string(GetParam().bytes, 'x'), Numbers(files)));
  EXPECT_THAT(ReceiveFromRoot(pair.right.get(), Soon()), FailsWith(GetParam().reason));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Bad, BadFrameTest,
    ::testing::Values(BadFrame{"OneByteTooMany", kMaxFrameBytes + 1, 3, Reason::kTooLarge},
                      BadFrame{"OneDescriptorTooMany", 1, kMaxFrameDescriptors + 1,
                               Reason::kTooLarge},
                      BadFrame{"ManyDescriptorsTooMany", 1, 64, Reason::kTooLarge},
                      BadFrame{"Empty", 0, 3, Reason::kProtocol}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FrameTest, TellsThatThePeerIsGone) {
  Pair pair = MakePair();
  pair.left.Reset();
  EXPECT_THAT(Receive(pair.right.get(), Soon()), FailsWith(Reason::kProtocol));
  EXPECT_THAT(Send(pair.right.get(), "x", {}, Soon()), FailsWith(Reason::kProtocol));
}

TEST(FrameTest, DeliversWhatWasSentBeforeThePeerWent) {
  Pair pair = MakePair();
  ASSERT_THAT(Send(pair.left.get(), "last", {}, Soon()), IsOk());
  pair.left.Reset();
  EXPECT_EQ(Receive(pair.right.get(), Soon())->bytes, "last");
}

TEST(FrameTest, ReceivesOnlyUntilTheDeadline) {
  const Pair pair = MakePair();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Receive(pair.right.get(), AtOnce()), FailsWith(Reason::kTimeout));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(25));
}

TEST(FrameTest, SendsOnlyUntilTheDeadlineWhenNobodyReads) {
  const Pair pair = MakePair();
  const std::string bytes(kMaxFrameBytes, 'x');
  base::Status status = base::Ok();
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = Send(pair.left.get(), bytes, {}, AtOnce());
  }
  EXPECT_THAT(status, FailsWith(Reason::kTimeout));
}

TEST(FrameTest, WaitsForASlowPeer) {
  const Pair pair = MakePair();
  std::thread slow([&] {
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_THAT(Send(pair.left.get(), "late", {}, Soon()), IsOk());
  });
  EXPECT_EQ(Receive(pair.right.get(), Soon())->bytes, "late");
  slow.join();
}

TEST(FrameTest, GoesOnAfterASignal) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  struct sigaction previous {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &previous), 0);
  const Pair pair = MakePair();
  std::thread signaller([&pair, receiver = pthread_self()] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
      pthread_kill(receiver, SIGUSR1);
    }
    EXPECT_THAT(Send(pair.left.get(), "after", {}, Soon()), IsOk());
  });
  const auto frame = Receive(pair.right.get(), Soon());
  signaller.join();
  sigaction(SIGUSR1, &previous, nullptr);
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->bytes, "after");
}

/// Sends "x" on SOCKET from a process of user UID.
void SendAs(uid_t uid, int socket) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(setresuid(uid, uid, uid) == 0 && SendUnbounded(socket, "x", {}) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

TEST(FrameTest, TakesFromRootOnlyWhatRootHasSent) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can show root's credentials";
  }
  const Pair pair = MakePair();
  ASSERT_THAT(RequestSenders(pair.right.get()), IsOk());
  SendAs(0, pair.left.get());
  EXPECT_THAT(ReceiveFromRoot(pair.right.get(), Soon()), IsOk());
  SendAs(kStranger, pair.left.get());
  EXPECT_THAT(ReceiveFromRoot(pair.right.get(), Soon()), FailsWith(Reason::kProtocol));
}

TEST(FrameTest, TakesNothingFromRootThatDoesNotShowItsSender) {
  const Pair pair = MakePair();
  SendAs(geteuid(), pair.left.get());
  EXPECT_THAT(ReceiveFromRoot(pair.right.get(), Soon()), FailsWith(Reason::kProtocol));
}

TEST(FrameTest, ChecksWhoThePeerIs) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs another user";
  }
  EXPECT_THAT(CheckPeer(MakePair().left.get()), IsOk());
  const TempFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  const auto listener = Listen(folder / "open.sock");
  ASSERT_THAT(listener, IsOk());
  ASSERT_EQ(chmod((folder / "open.sock").c_str(), 0666), 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool is_stranger = setresuid(kStranger, kStranger, kStranger) == 0;
    const auto connection = Connect(folder / "open.sock", Soon());
    const UniqueFd never_answered(connection.ok() ? connection->get() : -1);
    const auto end = Receive(never_answered.get(), Soon());
    _exit(is_stranger && connection.ok() && !end.ok() ? 0 : 1);
  }
  {
    const UniqueFd accepted(accept(listener->get(), nullptr, nullptr));
    EXPECT_THAT(CheckPeer(accepted.get()), FailsWith(Reason::kProtocol));
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ListenTest, MakesASocketThatOnlyItsOwnerMayUse) {
  const TempFolder folder;
  ASSERT_THAT(Listen(folder / "s"), IsOk());
  struct stat status {};
  ASSERT_EQ(stat((folder / "s").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(ListenTest, ReplacesAStaleSocketAndNothingElse) {
  const TempFolder folder;
  ASSERT_THAT(Listen(folder / "s"), IsOk());  // closed at once
  const auto listener = Listen(folder / "s");
  ASSERT_THAT(listener, IsOk());
  EXPECT_THAT(Listen(folder / "s"), FailsWith(Reason::kIoFailed)) << "somebody listens there";
  EXPECT_THAT(Connect(folder / "s", Soon()), IsOk()) << "and still does";
  std::ofstream(folder / "file") << "text";
  EXPECT_THAT(Listen(folder / "file"), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(Listen(folder / "no/folder"), FailsWith(Reason::kIoFailed));
}

TEST(ListenTest, TakesAPathAsLongAsAnAddressAndNoLonger) {
  const TempFolder folder;
  const std::size_t room = sizeof(sockaddr_un::sun_path) - 1 - folder.path().size() - 1;
  const std::string longest(room, 'n');
  EXPECT_THAT(Listen(folder / longest), IsOk());
  EXPECT_THAT(Listen(folder / (longest + "n")), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(Connect(folder / (longest + "n"), Soon()), FailsWith(Reason::kGateUnreachable));
  EXPECT_THAT(Connect("", Soon()), FailsWith(Reason::kGateUnreachable));
}

TEST(ConnectTest, TellsThatNobodyListens) {
  const TempFolder folder;
  const std::ptrdiff_t before = CountOpenDescriptors();
  EXPECT_THAT(Connect(folder / "none", Soon()), FailsWith(Reason::kGateUnreachable));
  ASSERT_THAT(Listen(folder / "stale"), IsOk());
  EXPECT_THAT(Connect(folder / "stale", Soon()), FailsWith(Reason::kGateUnreachable));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

/// A listener for one connection whose queue is full.
struct BusyListener {
  explicit BusyListener(const std::string& path)
      : socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket.get(), 0), 0);
    waiting = *Connect(path, Soon());
  }
  UniqueFd socket;
  UniqueFd waiting;
};

TEST(ConnectTest, WaitsForAPlaceInTheQueue) {
  const TempFolder folder;
  const BusyListener busy(folder / "busy");
  std::thread server([&] {
    std::this_thread::sleep_for(milliseconds(50));
    const UniqueFd accepted(accept(busy.socket.get(), nullptr, nullptr));
  });
  EXPECT_THAT(Connect(folder / "busy", Soon()), IsOk());
  server.join();
}

TEST(ConnectTest, WaitsOnlyUntilTheDeadline) {
  const TempFolder folder;
  const BusyListener busy(folder / "busy");
  const std::ptrdiff_t before = CountOpenDescriptors();
  EXPECT_THAT(Connect(folder / "busy", AtOnce()), FailsWith(Reason::kTimeout));
  EXPECT_THAT(Connect(folder / "busy", Deadline::After(milliseconds(0))),
              FailsWith(Reason::kTimeout));
  EXPECT_EQ(CountOpenDescriptors(), before);
}

}  // namespace
}  // namespace sigward::rpc
