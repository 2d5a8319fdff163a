#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rpc/frame.h"
#include "rpc/gate_message.h"
#include "temp_folder.h"

namespace sigward::testing {

inline std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string error;
};

/// Runs `sigward ARGUMENTS` with the gate's socket at SOCKET.
inline Outcome Sigward(std::vector<std::string> arguments,
                       const std::string& socket = "/nowhere/gate.sock") {
  const TempFolder folder;
  const std::string program = SIGWARD_BIN_DIR "/sigward";
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  std::string variable = "SIGWARD_GATE_SOCKET=" + socket;
  std::vector<char*> environment = {variable.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT;
  posix_spawn_file_actions_addopen(&actions, 1, (folder / "out").c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (folder / "err").c_str(), flags, 0600);
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(failed, 0);
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  return {WEXITSTATUS(status), Slurp(folder / "out"), Slurp(folder / "err")};
}

/// A gate that gives its answers in turn, and the last one to every further question.
class FakeGate {
 public:
  explicit FakeGate(rpc::GateAnswer answer) : FakeGate(std::vector{std::move(answer)}) {}
  explicit FakeGate(std::vector<rpc::GateAnswer> answers)
      : answers_(std::move(answers)),
        listener_(rpc::Listen(path()).value()),
        thread_([this] { Serve(); }) {}
  FakeGate(const FakeGate&) = delete;
  FakeGate& operator=(const FakeGate&) = delete;
  ~FakeGate() {
    (void)shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string path() const { return folder_ / "gate.sock"; }
  const std::vector<rpc::GateQuestion>& questions() const { return questions_; }

 private:
  void Serve() {
    while (true) {
      pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
      (void)poll(&wait, 1, -1);
      const base::UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client.valid()) {
        return;
      }
      const auto deadline = base::Deadline::After(std::chrono::seconds(5));
      const auto frame = rpc::Receive(client.get(), deadline);
      if (frame.ok()) {
        const std::size_t turn = std::min(questions_.size(), answers_.size() - 1);
        questions_.push_back(rpc::DecodeGateQuestion(frame->bytes).value());
        (void)rpc::Send(client.get(), rpc::Encode(answers_[turn]), {}, deadline);
      }
    }
  }

  TempFolder folder_;
  const std::vector<rpc::GateAnswer> answers_;
  base::UniqueFd listener_;
  std::vector<rpc::GateQuestion> questions_;
  std::thread thread_;
};

}  // namespace sigward::testing
