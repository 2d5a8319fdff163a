// sigward-image-verifier as containerd runs it: a process, its standard streams and a socket.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "base/files.h"
#include "base/unique_fd.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/gate_message.h"
#include "temp_folder.h"

namespace sigward {
namespace {

using base::UniqueFd;
using testing::IsOk;

struct Outcome {
  int exit_code = -1;
  std::string output;
};

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string Descriptor(const std::string& digest) {
  return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest +
         R"(","size":1})";
}

Outcome RunVerifier(const std::string& socket, const std::string& stdin_text) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  EXPECT_EQ(pipe2(in.data(), O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    setenv(rpc::kGateSocketVariable, socket.c_str(), 1);
    execl(SIGWARD_BIN_DIR "/sigward-image-verifier", "sigward-image-verifier", "-name",
          "registry.example/app:v1", "-digest", kDigest.c_str(), "-stdin-media-type",
          "application/vnd.oci.descriptor.v1+json", nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  EXPECT_EQ(write(in[1], stdin_text.data(), stdin_text.size()),
            static_cast<ssize_t>(stdin_text.size()));
  close(in[1]);
  Outcome outcome;
  auto text = base::ReadToEnd(out[0], 100000);
  close(out[0]);
  outcome.output = text.ok() ? *text : "";
  int status = 0;
  waitpid(pid, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

/// A gate that answers one question with bytes of the test's choice.
class OneAnswer {
 public:
  explicit OneAnswer(std::function<std::string(const rpc::GateQuestion&)> answer) {
    auto listener = rpc::Listen(path());
    EXPECT_THAT(listener, IsOk());
    thread_ = std::thread([answer = std::move(answer), listener = std::move(*listener)] {
      const UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const auto deadline = base::Deadline::After(std::chrono::seconds(5));
      auto frame = rpc::Receive(connection.get(), deadline);
      ASSERT_THAT(frame, IsOk());
      const auto question = rpc::DecodeGateQuestion(frame->bytes);
      ASSERT_THAT(question, IsOk());
      const std::string bytes = answer(*question);
      if (!bytes.empty()) {
        EXPECT_THAT(rpc::Send(connection.get(), bytes, {}, deadline), IsOk());
      }
    });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() { thread_.join(); }
  std::string path() const { return folder_ / "gate.sock"; }

 private:
  testing::TempFolder folder_;
  std::thread thread_;
};

TEST(ImageVerifier, AllowsOnlyWhenTheGateAllows) {
  const OneAnswer gate([](const rpc::GateQuestion& question) {
    EXPECT_EQ(question.call, rpc::GateCall::kPull);
    EXPECT_EQ(question.reference, "registry.example/app:v1");
    EXPECT_EQ(question.digest, kDigest);
    EXPECT_EQ(question.media_type, "application/vnd.oci.image.manifest.v1+json");
    return rpc::Encode(rpc::GateAnswer{3, 0, "allowed: fine", "{}"});
  });
  const Outcome outcome = RunVerifier(gate.path(), Descriptor(kDigest));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "allowed: fine\n");
}

TEST(ImageVerifier, EveryOtherAnswerRefuses) {
  for (const rpc::GateAnswer& answer :
       {rpc::GateAnswer{1, 1, "no-signature: none", "{}"},
        rpc::GateAnswer{2, 60, "timeout: late", "{}"}, rpc::GateAnswer{0, 0, "nothing", "{}"},
        rpc::GateAnswer{3, 1, "contradiction", "{}"},
        rpc::GateAnswer{4, 0, "unknown verdict", "{}"}}) {
    const OneAnswer gate([&](const rpc::GateQuestion&) { return rpc::Encode(answer); });
    const Outcome outcome = RunVerifier(gate.path(), Descriptor(kDigest));
    EXPECT_EQ(outcome.exit_code, 1) << answer.line;
    EXPECT_EQ(outcome.output, answer.line + "\n");
  }
}

TEST(ImageVerifier, AGarbledOrMissingAnswerRefusesWithAReason) {
  for (const char* bytes : {"", "\xff\xff\xff\xff", "\x08"}) {
    const OneAnswer gate([&](const rpc::GateQuestion&) { return std::string(bytes); });
    const Outcome outcome = RunVerifier(gate.path(), Descriptor(kDigest));
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.output.starts_with("protocol: ")) << outcome.output;
  }
}

TEST(ImageVerifier, AnAnswerStaysOnOneLine) {
  const OneAnswer gate([](const rpc::GateQuestion&) {
    return rpc::Encode(rpc::GateAnswer{1, 1, "no-signature: a\nb\x1b[2J", "{}"});
  });
  EXPECT_EQ(RunVerifier(gate.path(), Descriptor(kDigest)).output, "no-signature: a?b?[2J\n");
}

TEST(ImageVerifier, RefusesWhenItCannotAsk) {
  const testing::TempFolder folder;
  const Outcome outcome = RunVerifier(folder / "nobody.sock", Descriptor(kDigest));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.output.starts_with("gate-unreachable: ")) << outcome.output;
}

TEST(ImageVerifier, RefusesADescriptorThatDisagreesWithoutAsking) {
  const testing::TempFolder folder;
  const Outcome outcome =
      RunVerifier(folder / "nobody.sock", Descriptor("sha256:" + std::string(64, 'b')));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.output.starts_with("descriptor-mismatch: ")) << outcome.output;
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1);
}

}  // namespace
}  // namespace sigward
