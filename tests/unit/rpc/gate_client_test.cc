#include "rpc/gate_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "open_descriptors.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "temp_folder.h"

namespace sigward::rpc {
namespace {

using base::Deadline;
using base::Reason;
using base::UniqueFd;
using testing::CountOpenDescriptors;
using testing::FailsWith;
using testing::IsOk;
using testing::TempFolder;

constexpr uid_t kStranger = 65534;

Deadline Soon() {
  return Deadline::After(std::chrono::milliseconds(5000));
}

const GateQuestion& Question() {
  static const auto* const question = new GateQuestion{.call = GateCall::kPull,
                                                       .reference = "registry.example/app:v1",
                                                       .digest = "sha256:00",
                                                       .media_type = "application/json"};
  return *question;
}

std::string Allowed() {
  return Encode(GateAnswer{.verdict = 3, .reason = 0, .line = "allowed", .record = "{}"});
}

/// A gate of one question, in a process of its own: what it does on the connection is the test's.
class OneQuestionGate {
 public:
  OneQuestionGate(const std::string& path, const std::function<void(int)>& serve) {
    auto listener = Listen(path);
    EXPECT_THAT(listener, IsOk());
    pid_ = fork();
    if (pid_ == 0) {
      const UniqueFd connection(accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
      serve(connection.get());
      _exit(0);
    }
  }
  OneQuestionGate(const OneQuestionGate&) = delete;
  OneQuestionGate& operator=(const OneQuestionGate&) = delete;
  ~OneQuestionGate() {
    int status = -1;
    waitpid(pid_, &status, 0);
    EXPECT_EQ(status, 0) << "what the gate itself expected";
  }

 private:
  pid_t pid_ = -1;
};

/// Answers a question that came as it was asked; otherwise the gate's process ends with 1.
void AnswerAllowed(int connection) {
  const auto frame = Receive(connection, Soon());
  if (!frame.ok() || frame->bytes != Encode(Question()) ||
      !Send(connection, Allowed(), {}, Soon()).ok()) {
    _exit(1);
  }
}

class GateClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "the gate is root's";
    }
  }
  /// Asks, and checks that nothing stays open.
  base::Result<GateAnswer> Ask(const Deadline& deadline = Soon()) {
    const std::ptrdiff_t before = CountOpenDescriptors();
    auto answer = AskGate(path_, Question(), deadline);
    EXPECT_EQ(CountOpenDescriptors(), before);
    return answer;
  }

  TempFolder folder_;
  std::string path_ = folder_ / "gate.sock";
};

TEST_F(GateClientTest, AsksAndTakesTheAnswerOfRoot) {
  const OneQuestionGate gate(path_, AnswerAllowed);
  const auto answer = Ask();
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->allowed());
  EXPECT_EQ(answer->line, "allowed");
}

TEST_F(GateClientTest, RefusesAnAnswerThatRootHasNotSent) {
  const OneQuestionGate gate(path_, [](int connection) {
    if (setresuid(kStranger, kStranger, kStranger) != 0) {
      _exit(1);
    }
    AnswerAllowed(connection);
  });
  EXPECT_THAT(Ask(), FailsWith(Reason::kProtocol));
}

TEST_F(GateClientTest, RefusesAnAnswerThatWasThereBeforeTheQuestion) {
  // Its sender cannot be known, or it is another question's.
  const OneQuestionGate gate(path_, [](int connection) {
    if (setresuid(kStranger, kStranger, kStranger) != 0) {
      _exit(1);
    }
    (void)Send(connection, Allowed(), {}, Soon());
    (void)Receive(connection, Soon());
  });
  EXPECT_THAT(Ask(), FailsWith(Reason::kProtocol));
}

struct Folder {
  const char* name;
  mode_t mode;
  uid_t owner;
};

class ForeignFolderTest : public GateClientTest, public ::testing::WithParamInterface<Folder> {};

TEST_P(ForeignFolderTest, IsNotLookedInto) {
  const auto listener = Listen(path_);
  ASSERT_THAT(listener, IsOk());
  ASSERT_EQ(chown(folder_.path().c_str(), GetParam().owner, 0), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), GetParam().mode), 0);
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
  EXPECT_THAT(Wait(listener->get(), POLLIN, Deadline::After(std::chrono::milliseconds(20))),
              FailsWith(Reason::kTimeout))
      << "it was connected to";
}

INSTANTIATE_TEST_SUITE_P(Foreign, ForeignFolderTest,
                         ::testing::Values(Folder{"WritableByGroup", 0770, 0},
                                           Folder{"WritableByOthers", 0707, 0},
                                           Folder{"StickyAndWritableByAll", 01777, 0},
                                           Folder{"OfAnotherUser", 0700, kStranger}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(GateClientTest, LooksIntoAFolderThatOthersMayOnlyRead) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  const OneQuestionGate gate(path_, AnswerAllowed);
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(GateClientTest, LooksIntoTheFolderThatALinkLeadsTo) {
  const TempFolder foreign;
  ASSERT_EQ(chmod(foreign.path().c_str(), 0777), 0);
  path_ = folder_ / "link/gate.sock";
  std::filesystem::create_directory_symlink(foreign.path(), folder_ / "link");
  const auto listener = Listen(foreign / "gate.sock");
  ASSERT_THAT(listener, IsOk());
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
}

TEST_F(GateClientTest, ReachesAGateWhosePathIsLongerThanAnAddress) {
  const std::string deep = folder_ / std::string(120, 'd');
  std::filesystem::create_directory(deep);
  const std::string short_path = folder_ / "gate.sock";
  const OneQuestionGate gate(short_path, AnswerAllowed);
  std::filesystem::create_hard_link(short_path, deep + "/gate.sock");
  path_ = deep + "/gate.sock";
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(GateClientTest, TellsThatThereIsNoGate) {
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
  path_ = folder_ / "no/folder/gate.sock";
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
  path_ = "";
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
}

TEST_F(GateClientTest, NamesThePathOfTheGateThatIsNotThere) {
  const auto answer = Ask();
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().detail.find(path_), std::string::npos) << answer.error().detail;
  EXPECT_EQ(answer.error().detail.find("/proc/"), std::string::npos) << answer.error().detail;
}

TEST_F(GateClientTest, TellsThatTheGateWentAway) {
  const OneQuestionGate gate(path_, [](int connection) { (void)Receive(connection, Soon()); });
  EXPECT_THAT(Ask(), FailsWith(Reason::kProtocol));
}

TEST_F(GateClientTest, RefusesAnAnswerOutOfShape) {
  const OneQuestionGate gate(path_, [](int connection) {
    (void)Receive(connection, Soon());
    (void)Send(connection, "\x08\x03garbage", {}, Soon());
  });
  EXPECT_THAT(Ask(), FailsWith(Reason::kProtocol));
}

TEST_F(GateClientTest, WaitsOnlyUntilTheDeadline) {
  const OneQuestionGate gate(path_, [](int connection) {
    (void)Receive(connection, Soon());
    (void)Receive(connection, Soon());  // until the client has given up
  });
  EXPECT_THAT(Ask(Deadline::After(std::chrono::milliseconds(50))), FailsWith(Reason::kTimeout));
}

TEST(GateSocketPathTest, IsTheVariableOrTheDefault) {
  unsetenv(kGateSocketVariable);
  EXPECT_EQ(GateSocketPath(), kDefaultGateSocket);
  setenv(kGateSocketVariable, "", 1);
  EXPECT_EQ(GateSocketPath(), kDefaultGateSocket);
  setenv(kGateSocketVariable, "/elsewhere/gate.sock", 1);
  EXPECT_EQ(GateSocketPath(), "/elsewhere/gate.sock");
  unsetenv(kGateSocketVariable);
}

}  // namespace
}  // namespace sigward::rpc
