#include "worker/fetch/fetchd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "open_descriptors.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "scripted_registry.h"
#include "scripted_server.h"
#include "temp_folder.h"
#include "verifier/image_ref.h"
#include "worker/client/fetchd_client.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using std::chrono::milliseconds;
using testing::DigestOf;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ScriptedRegistry;
using testing::ScriptedServer;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

constexpr milliseconds kPatience{10'000};

/// sigward-fetchd's listener in this process, and a registry with one signed image.
class FetchdTest : public ::testing::Test {
 protected:
  FetchdTest() {
    registry_.SignLegacy(digest_, "payload");
    auto listener = rpc::Listen(socket_);
    EXPECT_THAT(listener, IsOk());
    listener_ = std::move(*listener);
    serving_ = std::thread([this] {
      EXPECT_THAT(ServeListener(listener_.get(), context_, [] { return false; }),
                  FailsWith(Reason::kIoFailed));
    });
  }
  ~FetchdTest() override {
    shutdown(listener_.get(), SHUT_RDWR);
    serving_.join();
  }
  base::Result<EvidenceSet> Fetch(milliseconds patience = kPatience) {
    return FetchFrom(server_.host(), patience);
  }
  base::Result<EvidenceSet> FetchFrom(const std::string& registry,
                                      milliseconds patience = kPatience) {
    FetchdClient client(socket_);
    const auto image = verifier::ImageRef::Parse(registry + "/app:v1");
    return client.FetchEvidence(*image, digest_, {}, {}, EvidenceScope::kImage,
                                {"linux", "amd64", ""}, Deadline::After(patience));
  }
  /// Sends BYTES as a question and returns the reason in the answer.
  Reason ReasonFor(const std::string& bytes) {
    const auto deadline = Deadline::After(kPatience);
    const auto connection = rpc::Connect(socket_, deadline);
    EXPECT_THAT(connection, IsOk());
    EXPECT_THAT(rpc::Send(connection->get(), bytes, {}, deadline), IsOk());
    auto message = rpc::ReceiveMessage(connection->get(), rpc::kMaxFrameBytes, deadline);
    EXPECT_THAT(message, IsOk());
    rpc::FetchAnswer answer;
    EXPECT_TRUE(answer.ParseFromString(std::string(message->bytes())));
    return base::ReasonFromNumber(answer.reason()).value_or(Reason::kInternal);
  }

  testing::TempFolder folder_;
  const std::string socket_ = folder_ / "fetchd.sock";
  const verifier::Digest digest_ = DigestOf("image");
  ScriptedServer server_;
  ScriptedRegistry registry_{server_};
  FetchContext context_{folder_ / "certs.d"};
  base::UniqueFd listener_;
  std::thread serving_;
};

TEST_F(FetchdTest, AnswersWithEvidenceInSealedMemory) {
  const auto evidence = Fetch();
  ASSERT_THAT(evidence, IsOk());
  ASSERT_THAT(evidence->entries, SizeIs(2));
  EXPECT_THAT(evidence->unread, IsEmpty());
  const EvidenceEntry& payload = evidence->entries[1];
  EXPECT_EQ(base::AsText(evidence->memory.bytes().subspan(payload.offset, payload.size)),
            "payload");
}

TEST_F(FetchdTest, AnswersWithEmptyMemoryWhereThereIsNothing) {
  FetchdClient client(socket_);
  const auto image = verifier::ImageRef::Parse(server_.host() + "/other:v1");
  const auto evidence = client.FetchEvidence(*image, digest_, {}, {}, EvidenceScope::kImage, {},
                                             Deadline::After(kPatience));
  ASSERT_THAT(evidence, IsOk());
  EXPECT_THAT(evidence->entries, IsEmpty());
  ASSERT_THAT(evidence->unread, SizeIs(1));
  EXPECT_EQ(evidence->unread.front().error.reason, Reason::kNotFound);
}

TEST_F(FetchdTest, ResolvesThroughTheClient) {
  FetchdClient client(socket_);
  registry_.Tag("v1", "a manifest");
  const auto image = verifier::ImageRef::Parse(server_.host() + "/app:v1");
  const auto resolved = client.Resolve(*image, Deadline::After(kPatience));
  ASSERT_THAT(resolved, IsOk());
  EXPECT_EQ(resolved->digest, DigestOf("a manifest"));
  const auto missing = verifier::ImageRef::Parse(server_.host() + "/app:v2");
  EXPECT_THAT(client.Resolve(*missing, Deadline::After(kPatience)), FailsWith(Reason::kNotFound));
}

TEST_F(FetchdTest, RefusesQuestionsOutOfShapeAndGoesOn) {
  EXPECT_EQ(ReasonFor("\xff\xff\xff"), Reason::kProtocol);
  EXPECT_EQ(ReasonFor(std::string(1000, '\0')), Reason::kProtocol);
  EXPECT_THAT(Fetch(), IsOk());
}

// A thread is idle a moment after its answer is there, so a few others may have come to be; each
// asks three names at once.
constexpr std::size_t kMostConnections = 6 * 3;

TEST_F(FetchdTest, KeepsConnectionsForConsecutiveQuestions) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(Fetch(), IsOk());
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_LE(server_.connections(), kMostConnections);
}

TEST_F(FetchdTest, LeaksNoDescriptorOverManyQuestions) {
  constexpr int kQuestions = 200;
  ASSERT_THAT(Fetch(), IsOk());
  const auto descriptors = testing::CountOpenDescriptors();
  for (int i = 0; i < kQuestions; ++i) {
    ASSERT_THAT(Fetch(), IsOk());
    std::this_thread::sleep_for(milliseconds(1));
  }
  // Both ends of every connection are in this process.
  EXPECT_LE(testing::CountOpenDescriptors(),
            descriptors + 2 * static_cast<std::ptrdiff_t>(kMostConnections));
}

TEST_F(FetchdTest, AnswersAHundredQuestionsAtOnce) {
  std::atomic<int> answered{0};
  std::atomic<int> overloaded{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&] {
      const auto evidence = Fetch();
      if (evidence.ok()) {
        EXPECT_THAT(evidence->entries, SizeIs(2));
        ++answered;
      } else {
        EXPECT_EQ(evidence.error().reason, Reason::kOverloaded) << evidence.error().detail;
        ++overloaded;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(answered + overloaded, 100);
  EXPECT_GE(answered, static_cast<int>(kMaxQuestionsPerRegistry));
}

/// Questions about a registry that does not answer before it is told to.
class Hanging {
 public:
  Hanging(ScriptedServer& server, const verifier::Digest& image) : server_(&server) {
    server.On("/v2/app/manifests/" + ScriptedRegistry::TagOf(image) + ".sig",
              [gone = go_.get_future().share()](const ServedRequest&, ServedReply& reply) {
                gone.wait();
                reply.Send(404, "");
              });
  }
  /// Returns when all of them are being worked on, or one has been answered.
  void Start(const std::function<base::Result<EvidenceSet>()>& fetch) {
    for (std::size_t i = 0; i < kMaxQuestionsPerRegistry; ++i) {
      clients_.emplace_back([this, fetch] {
        EXPECT_THAT(fetch(), IsOk());
        ++answered_;
      });
    }
    while (server_->requests().size() < kMaxQuestionsPerRegistry * 3 && answered_ == 0) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  void End() {
    EXPECT_EQ(answered_, 0U) << "nobody had to end first";
    go_.set_value();
    for (std::thread& client : clients_) {
      client.join();
    }
  }

 private:
  ScriptedServer* server_;
  std::promise<void> go_;
  std::atomic<std::size_t> answered_{0};
  std::vector<std::thread> clients_;
};

TEST_F(FetchdTest, LeavesThreadsToOtherRegistries) {
  ScriptedServer other(nullptr, "127.0.0.2");
  ScriptedRegistry(other).SignLegacy(digest_, "payload");
  Hanging hanging(server_, digest_);
  hanging.Start([this] { return Fetch(); });
  const auto one_more = Fetch();
  EXPECT_THAT(one_more, FailsWith(Reason::kOverloaded));
  EXPECT_THAT(one_more.error().detail, ::testing::HasSubstr(server_.host()));
  EXPECT_THAT(FetchFrom(other.host()), IsOk());
  hanging.End();
  // A place is free a moment after its answer is there.
  auto evidence = Fetch();
  for (const auto deadline = Deadline::After(kPatience); !evidence.ok() && !deadline.Passed();) {
    ASSERT_EQ(evidence.error().reason, Reason::kOverloaded);
    evidence = Fetch();
  }
  EXPECT_THAT(evidence, IsOk());
}

TEST_F(FetchdTest, HoldsNoMoreThanAllQuestionsTogetherMay) {
  auto flooding = context_.shares.Enter("a.example");
  const auto another = context_.shares.Enter("b.example");
  ASSERT_TRUE(flooding->TakeBytes(kMaxBytesPerRegistry));
  ASSERT_TRUE(another->TakeBytes(kMaxBytesPerRegistry));
  const auto without_room = Fetch();
  ASSERT_THAT(without_room, IsOk());
  EXPECT_THAT(without_room->entries, IsEmpty());
  ASSERT_FALSE(without_room->unread.empty());
  EXPECT_EQ(without_room->unread.front().error.reason, Reason::kOverloaded);
  flooding.reset();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Fetch()->entries, SizeIs(2)) << "what a question held is given back";
  }
}

TEST_F(FetchdTest, SaysAtOnceThatItIsOverloaded) {
  ScriptedServer other(nullptr, "127.0.0.2");
  ScriptedRegistry(other).SignLegacy(digest_, "payload");
  Hanging first(server_, digest_);
  Hanging second(other, digest_);
  first.Start([this] { return Fetch(); });
  second.Start([&] { return FetchFrom(other.host()); });
  EXPECT_THAT(FetchFrom("127.0.0.3:1"), FailsWith(Reason::kOverloaded));
  first.End();
  second.End();
  // A thread is idle a moment after its answer is there.
  auto evidence = Fetch();
  for (const auto deadline = Deadline::After(kPatience); !evidence.ok() && !deadline.Passed();) {
    ASSERT_EQ(evidence.error().reason, Reason::kOverloaded);
    evidence = Fetch();
  }
  EXPECT_THAT(evidence, IsOk());
}

TEST_F(FetchdTest, AnswersBeforeItsClientGivesUpOnASlowRegistry) {
  server_.On("/v2/app/manifests/" + ScriptedRegistry::TagOf(digest_) + ".sig",
             [](const ServedRequest&, ServedReply& reply) {
               reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
               while (reply.Raw("a")) {
                 std::this_thread::sleep_for(milliseconds(50));
               }
             });
  // What is left for the way back is a fifth of a second, which a busy machine may miss.
  auto evidence = Fetch(milliseconds(2000));
  for (int more = 4; more > 0 && !evidence.ok(); --more) {
    evidence = Fetch(milliseconds(2000));
  }
  ASSERT_THAT(evidence, IsOk());
  ASSERT_THAT(evidence->unread, SizeIs(1));
  EXPECT_EQ(evidence->unread.front().error.reason, Reason::kTimeout);
}

// ---- The program --------------------------------------------------------------------------------

/// Runs sigward-fetchd with ARGUMENTS and returns its exit code.
int ExitCode(std::vector<std::string> arguments) {
  std::string program = std::string(SIGWARD_BIN_DIR) + "/sigward-fetchd";
  std::vector<char*> argv{program.data()};
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  std::vector<char*> environment{nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, program.c_str(), &files, nullptr, argv.data(), environment.data()),
            0);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FetchdProgram, WantsOneListeningSocketAndAConfiguration) {
  EXPECT_EQ(ExitCode({}), 2);
  EXPECT_EQ(ExitCode({"--config", "/nowhere/config.toml"}), 2);
  EXPECT_EQ(ExitCode({"--config"}), 2);
  EXPECT_EQ(ExitCode({"--other"}), 2);
}

TEST(FetchdProgram, ServesTheSocketItIsHanded) {
  const testing::TempFolder folder;
  const std::string path = folder / "fetchd.sock";
  ScriptedServer server;
  ScriptedRegistry registry(server);
  const verifier::Digest digest = DigestOf("image");
  registry.SignLegacy(digest, "payload");
  auto listener = rpc::Listen(path);
  ASSERT_THAT(listener, IsOk());
  const std::string program = std::string(SIGWARD_BIN_DIR) + "/sigward-fetchd";
  const std::string config = folder / "config.toml";
  ASSERT_THAT(base::WriteNewFile(config,
                                 "[policy]\nsource = \"file:///unread\"\n[registry]\n"
                                 "hosts_dir = \"" +
                                     (folder / "certs.d") + "\"\n"),
              IsOk());
  const pid_t child = fork();
  if (child == 0) {
    const std::string pid = "LISTEN_PID=" + std::to_string(getpid());
    std::string count = "LISTEN_FDS=1";
    std::string option = "--config";
    std::vector<char*> argv{const_cast<char*>(program.c_str()), option.data(),
                            const_cast<char*>(config.c_str()), nullptr};
    std::vector<char*> environment{const_cast<char*>(pid.c_str()), count.data(), nullptr};
    dup2(listener->get(), 3);
    execve(program.c_str(), argv.data(), environment.data());
    _exit(127);
  }
  FetchdClient client(path);
  const auto image = verifier::ImageRef::Parse(server.host() + "/app:v1");
  for (int i = 0; i < 3; ++i) {
    const auto evidence = client.FetchEvidence(*image, digest, {}, {}, EvidenceScope::kImage, {},
                                               Deadline::After(kPatience));
    ASSERT_THAT(evidence, IsOk());
    EXPECT_THAT(evidence->entries, SizeIs(2));
  }
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
}

}  // namespace
}  // namespace sigward::worker
