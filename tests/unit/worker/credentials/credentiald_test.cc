#include "worker/credentials/credentiald.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "credential_text.h"
#include "result_matchers.h"
#include "rpc/credential.pb.h"
#include "rpc/frame.h"
#include "temp_folder.h"
#include "worker/client/credential_client.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using std::chrono::milliseconds;
using testing::FailsWith;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::TempFolder;
using testing::TextOf;

constexpr uid_t kAsker = 64011;
constexpr uid_t kStranger = 64012;

Deadline Patient() {
  return Deadline::After(milliseconds(30'000));
}

/// Says what it is told to, and what it was asked.
class FixedSource : public CredentialSource {
 public:
  base::Result<std::optional<Credential>> Find(const std::string& host,
                                               const std::string& repository, bool refused,
                                               const Deadline& deadline) override {
    asked = host + " " + repository + (refused ? " refused" : "");
    left = deadline.Left();
    return answer;
  }
  base::Result<std::optional<Credential>> answer = std::optional<Credential>();
  std::string asked;
  milliseconds left{0};
};

class CredentialdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
    auto listener = rpc::Listen(path_);
    ASSERT_THAT(listener, IsOk());
    listener_ = *std::move(listener);
    thread_ = std::thread([this] { (void)ServeCredentials(listener_.get(), kAsker, source_); });
  }
  void TearDown() override {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "credentiald.sock";
  base::UniqueFd listener_;
  FixedSource source_;
  std::thread thread_;
  CredentialClient client_{path_};
};

TEST_F(CredentialdTest, BringsQuestionAndAnswerAcross) {
  source_.answer = std::optional(Credential{.username = "u",
                                            .password = std::string("p\0\xff", 3),
                                            .identity_token = "i",
                                            .registry_token = "r"});
  const auto found = client_.Find("r.example", "app", true, Patient());
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(TextOf(*found), "u:" + std::string("p\0\xff", 3) + "|i|r");
  EXPECT_EQ(source_.asked, "r.example app refused");
}

TEST_F(CredentialdTest, NothingIsAnAnswer) {
  const auto found = client_.Find("r.example", "app", false, Patient());
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(TextOf(*found), "none");
  EXPECT_EQ(source_.asked, "r.example app");
}

TEST_F(CredentialdTest, AFailureKeepsItsReason) {
  source_.answer = base::Fail(Reason::kConfigInvalid, "auth.json: not an object");
  const auto found = client_.Find("r.example", "app", false, Patient());
  ASSERT_THAT(found, FailsWith(Reason::kConfigInvalid));
  EXPECT_EQ(found.error().detail, "auth.json: not an object");
}

TEST_F(CredentialdTest, ALongCredentialCrossesToo) {
  const std::string longest(kMaxCredentialField, 'x');
  source_.answer = std::optional(Credential{.username = longest,
                                            .password = longest,
                                            .identity_token = longest,
                                            .registry_token = longest});
  const auto found = client_.Find("r.example", "app", false, Patient());
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ((*found)->registry_token, longest);
  Credential too_long;
  too_long.username = longest + "x";
  source_.answer = std::optional(too_long);
  EXPECT_THAT(client_.Find("r.example", "app", false, Patient()), FailsWith(Reason::kProtocol));
}

TEST_F(CredentialdTest, NoQuestionTakesLongerThanTheBound) {
  ASSERT_THAT(client_.Find("r.example", "app", false, Deadline::After(std::chrono::hours(1))),
              IsOk());
  EXPECT_LE(source_.left, kMaxCredentialTime);
  ASSERT_THAT(client_.Find("r.example", "app", false, Deadline::After(milliseconds(5000))), IsOk());
  EXPECT_LE(source_.left, milliseconds(5000));
}

TEST_F(CredentialdTest, AQuestionOutOfShapeIsRefused) {
  const auto connection = rpc::Connect(path_, Patient());
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT(rpc::Send(connection->get(), "\xff\xff", {}, Patient()), IsOk());
  const auto frame = rpc::Receive(connection->get(), Patient());
  ASSERT_THAT(frame, IsOk());
  rpc::CredentialAnswer answer;
  ASSERT_TRUE(answer.ParseFromString(frame->bytes));
  EXPECT_EQ(answer.reason(), static_cast<std::uint32_t>(Reason::kProtocol));
}

/// What Find gives USER: 0 an answer, 1 none.
int AskAs(uid_t user, const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(user, user, user) != 0) {
      _exit(2);
    }
    // Not the client: it asks who serves, which is another question.
    const auto connection = rpc::Connect(path, Patient());
    rpc::CredentialQuestion question;
    question.set_host("r.example");
    question.set_timeout_ms(1000);
    if (!connection.ok() ||
        !rpc::Send(connection->get(), question.SerializeAsString(), {}, Patient()).ok()) {
      _exit(1);
    }
    _exit(rpc::Receive(connection->get(), Patient()).ok() ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(CredentialdTest, NobodyButTheAskerGetsAnAnswer) {
  ASSERT_EQ(geteuid(), 0U) << "this test changes users";
  // The socket's mode would keep the stranger out; this is about what stands behind it.
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  EXPECT_EQ(AskAs(kAsker, path_), 0);
  EXPECT_EQ(AskAs(kStranger, path_), 1);
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  ASSERT_EQ(chown(path_.c_str(), kAsker, 0), 0);
  EXPECT_EQ(AskAs(kAsker, path_), 0);
  EXPECT_EQ(AskAs(kStranger, path_), 1);
}

TEST(CredentialClientTest, WhoIsNotThereHasFailed) {
  CredentialClient client("/nowhere/credentiald.sock");
  EXPECT_THAT(client.Find("r.example", "app", false, Patient()), FailsWith(Reason::kWorkerFailed));
}

TEST(OwnerOfTest, IsWhomTheSocketWasGivenTo) {
  const TempFolder folder;
  const auto listener = rpc::Listen(folder / "s");
  ASSERT_THAT(listener, IsOk());
  EXPECT_THAT(OwnerOf(listener->get()), IsOkAndHolds(geteuid()));
  ASSERT_EQ(chown((folder / "s").c_str(), kAsker, 0), 0);
  EXPECT_THAT(OwnerOf(listener->get()), IsOkAndHolds(kAsker));
  ASSERT_EQ(unlink((folder / "s").c_str()), 0);
  EXPECT_THAT(OwnerOf(listener->get()), FailsWith(Reason::kConfigInvalid));
}

/// Starts sigward-credentiald on LISTENER with a configuration of LINES.
pid_t StartProgram(const TempFolder& folder, int listener, const std::string& lines) {
  EXPECT_THAT(base::WriteNewFile(folder / "config.toml",
                                 "[policy]\nsource = \"file:///unread\"\n[registry]\n" + lines),
              IsOk());
  const std::string program = std::string(SIGWARD_BIN_DIR) + "/sigward-credentiald";
  const std::string config = folder / "config.toml";
  const pid_t child = fork();
  if (child == 0) {
    const std::string pid = "LISTEN_PID=" + std::to_string(getpid());
    std::string count = "LISTEN_FDS=1";
    std::string option = "--config";
    std::vector<char*> argv{const_cast<char*>(program.c_str()), option.data(),
                            const_cast<char*>(config.c_str()), nullptr};
    std::vector<char*> environment{const_cast<char*>(pid.c_str()), count.data(), nullptr};
    // Where it has this number already, dup2 leaves it to be closed.
    if (dup2(listener, 3) != 3 || fcntl(3, F_SETFD, 0) != 0) {
      _exit(127);
    }
    execve(program.c_str(), argv.data(), environment.data());
    _exit(127);
  }
  return child;
}

TEST(CredentialdProgram, AnswersFromTheFileThatTheConfigurationNames) {
  const TempFolder folder;
  const std::string path = folder / "credentiald.sock";
  const auto listener = rpc::Listen(path);
  ASSERT_THAT(listener, IsOk());
  ASSERT_THAT(base::WriteNewFile(folder / "auth.json",
                                 R"({"auths":{"r.example":{"username":"u","password":"p"}}})"),
              IsOk());
  const pid_t child =
      StartProgram(folder, listener->get(), "auth_file = \"" + (folder / "auth.json") + "\"\n");
  CredentialClient client(path);
  const auto found = client.Find("r.example", "app", false, Patient());
  kill(child, SIGTERM);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(TextOf(*found), "u:p");
}

}  // namespace
}  // namespace sigward::worker
