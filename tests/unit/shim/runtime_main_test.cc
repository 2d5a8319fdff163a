// sigward-runtime as containerd's shims run it: a process, found as runc or crun, that becomes the
// real runtime or refuses.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/strict_json.h"
#include "base/unique_fd.h"
#include "result_matchers.h"
#include "scripted_gate.h"
#include "temp_folder.h"

namespace sigward {
namespace {

namespace fs = std::filesystem;
using testing::GateVisit;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::ScriptedGate;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

constexpr std::size_t kMaxOutput = 1U << 20;
constexpr int kRecorded = 7;
/// A descriptor that the caller passes on, as `--preserve-fds` and sockets of systemd do.
constexpr int kPassedOn = 17;

struct Outcome {
  pid_t pid = 0;
  int exit_code = -1;
  std::string output;
  std::string errors;
};

std::vector<char*> Pointers(Words& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// The part of what recording_runtime.cc wrote under a heading.
std::string Part(const std::string& output, const std::string& heading) {
  const std::size_t start = output.find(heading + "\n");
  EXPECT_NE(start, std::string::npos) << heading << " in " << output;
  const std::size_t from = start + heading.size() + 1;
  const std::size_t end = std::min(output.find("\nENVIRONMENT\n", from),
                                   std::min(output.find("\nDESCRIPTORS\n", from),
                                            std::min(output.find("\nSTATUS\n", from),
                                                     std::min(output.find("\nDIRECTORY\n", from),
                                                              output.find("\nPROCESS\n", from)))));
  return output.substr(from, end == std::string::npos ? end : end - from);
}

Words Items(const std::string& text) {
  Words items;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    items.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

class RuntimeMain : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs files of root's";
    }
    for (const char* name : {"own", "real", "bundle", "run"}) {
      fs::create_directory(top_ / name);
    }
    for (const char* name : {"own/runc", "own/crun"}) {
      fs::create_symlink(SIGWARD_BIN_DIR "/sigward-runtime", top_ / name);
    }
    for (const char* name : {"real/runc", "real/crun"}) {
      fs::copy_file(SIGWARD_TESTS_DIR "/recording_runtime", top_ / name);
    }
    ASSERT_THAT(base::WriteNewFile(top_ / "bundle/config.json", "{}"), IsOk());
    environment_ = {"PATH=" + (top_ / "own") + ":" + (top_ / "real") + ":/usr/bin:/bin",
                    "SIGWARD_GATE_SOCKET=" + socket_, "EMPTY=", "_LIBCONTAINER_X=a b"};
  }

  /// Runs PROGRAM with a signal blocked, one ignored, a descriptor of its own, a umask and the
  /// bundle as working directory.
  Outcome Run(const std::string& program, Words argv) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err.data(), O_CLOEXEC), 0);
    Outcome outcome;
    outcome.pid = fork();
    if (outcome.pid == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), kPassedOn);
      sigset_t mask;
      sigemptyset(&mask);
      sigaddset(&mask, SIGUSR1);
      sigprocmask(SIG_SETMASK, &mask, nullptr);
      (void)signal(SIGUSR2, SIG_IGN);
      (void)signal(SIGPIPE, SIG_DFL);
      umask(0027);
      (void)!chdir((top_ / "bundle").c_str());
      execve(program.c_str(), Pointers(argv).data(), Pointers(environment_).data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    auto text = base::ReadToEnd(out[0], kMaxOutput);
    outcome.output = text.ok() ? *text : "";
    text = base::ReadToEnd(err[0], kMaxOutput);
    outcome.errors = text.ok() ? *text : "";
    close(out[0]);
    close(err[0]);
    int status = 0;
    waitpid(outcome.pid, &status, 0);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
  }

  Outcome Wrapped(const Words& arguments, const std::string& name = "runc") {
    Words argv = {name};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return Run(top_ / "own/" + name, argv);
  }

  std::string Log() {
    auto text = base::ReadFile(top_ / "log", kMaxOutput);
    return text.ok() ? *text : "";
  }

  /// Expects exit 1, one line on standard error that starts with WORD, and the same in the log.
  void ExpectRefused(const Outcome& outcome, const std::string& word) {
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, StartsWith(word + ": "));
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1);
    const std::string log = Log();
    const auto line = base::ParseStrictJson(log, kMaxOutput);
    ASSERT_THAT(line, IsOk()) << log;
    EXPECT_EQ(line->at("level").get<std::string>(), "error");
    EXPECT_EQ(line->at("msg").get<std::string>() + "\n", outcome.errors);
    fs::remove(top_ / "log");
  }

  Words Logged(const Words& rest) {
    Words words = {"--root", "/run/r", "--log", top_ / "log", "--log-format", "json"};
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }

  testing::TempFolder top_;
  std::string socket_ = top_ / "run/gate.sock";
  Words environment_;
};

TEST_F(RuntimeMain, TheRealRuntimeSeesWhatItWouldHaveSeenWithoutUs) {
  const Words arguments = {"--root", "/r", "-debug", "kill", "--all", "id", "", "KILL"};
  for (const char* name : {"runc", "crun"}) {
    Words argv = {name};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Outcome bare = Run(top_ / "real/" + name, argv);
    const Outcome wrapped = Wrapped(arguments, name);
    ASSERT_EQ(bare.exit_code, kRecorded);
    ASSERT_EQ(wrapped.exit_code, kRecorded) << wrapped.errors;
    EXPECT_EQ(Part(wrapped.output, "ARGV"), Part(bare.output, "ARGV"));
    EXPECT_EQ(Part(wrapped.output, "STATUS"), Part(bare.output, "STATUS"));
    EXPECT_EQ(Part(wrapped.output, "DIRECTORY"), Part(bare.output, "DIRECTORY"));
    Words environment = environment_;
    environment.emplace_back("SIGWARD_RUNTIME_HOPS=1");
    EXPECT_EQ(Items(Part(wrapped.output, "ENVIRONMENT")), environment);
    EXPECT_THAT(Part(wrapped.output, "PROCESS"), StartsWith(std::to_string(wrapped.pid) + " "));
    EXPECT_EQ(wrapped.errors, "");
  }
}

/// Number of each open descriptor; pipes have another target in each run.
Words DescriptorNumbers(const Outcome& outcome) {
  Words numbers;
  std::istringstream lines(Part(outcome.output, "DESCRIPTORS"));
  for (std::string line; std::getline(lines, line);) {
    numbers.push_back(line.substr(0, line.find(' ')));
  }
  return numbers;
}

TEST_F(RuntimeMain, AnAllowedCreateIsTheSameProcessWithoutADescriptorMore) {
  const ScriptedGate gate(socket_, 1, [&](int, GateVisit& visit) {
    EXPECT_EQ(visit.question.call, rpc::GateCall::kCreate);
    EXPECT_EQ(visit.question.bundle, top_ / "bundle");
    EXPECT_EQ(visit.question.runtime_root, "/run/r");
    EXPECT_EQ(visit.question.container_id, "id");
    EXPECT_EQ(visit.descriptors.size(), 2U);
    return testing::AllowingBytes();
  });
  const Outcome bare = Run(top_ / "real/runc", {"runc"});
  const Outcome wrapped =
      Wrapped(Logged({"create", "--bundle", top_ / "run/../bundle", "-pid-file=/p", "id"}));
  ASSERT_EQ(wrapped.exit_code, kRecorded) << wrapped.errors;
  EXPECT_EQ(Items(Part(wrapped.output, "ARGV")),
            (Words{"runc", "--root=/run/r", "--log=" + (top_ / "log"), "--log-format=json",
                   "create", "--pid-file=/p", "--bundle=" + (top_ / "bundle"), "id"}));
  EXPECT_EQ(DescriptorNumbers(wrapped), DescriptorNumbers(bare));
  EXPECT_THAT(DescriptorNumbers(bare), ::testing::Contains(std::to_string(kPassedOn)));
  EXPECT_EQ(Part(wrapped.output, "STATUS"), Part(bare.output, "STATUS"));
  EXPECT_EQ(Part(wrapped.output, "DIRECTORY"), top_ / "bundle");
  EXPECT_THAT(Part(wrapped.output, "PROCESS"), StartsWith(std::to_string(wrapped.pid) + " "));
  EXPECT_FALSE(fs::exists(top_ / "log"));
}

TEST_F(RuntimeMain, TheWorkingDirectoryIsTheBundleWithoutOne) {
  const ScriptedGate gate(socket_, 1, [&](int, GateVisit& visit) {
    EXPECT_EQ(visit.question.bundle, top_ / "bundle");
    EXPECT_EQ(visit.question.runtime_root, "");
    return testing::AllowingBytes();
  });
  // Called by its path: the real one is named by its own.
  const Outcome outcome = Run(top_ / "own/crun", {top_ / "own/crun", "run", "-d", "id"});
  ASSERT_EQ(outcome.exit_code, kRecorded) << outcome.errors;
  EXPECT_EQ(Items(Part(outcome.output, "ARGV")),
            (Words{top_ / "real/crun", "run", "--detach", "--bundle=" + (top_ / "bundle"), "id"}));
}

TEST_F(RuntimeMain, EveryOtherAnswerRefuses) {
  const std::vector<std::pair<rpc::GateAnswer, std::string>> table = {
      {{1, 1, "no-signature: none", "{}"}, "no-signature: none\n"},
      {{1, 32, "rootfs-mismatch: a\nb\x1b[2J\"", "{}"}, "rootfs-mismatch: a?b?[2J\"\n"},
      {{2, 60, "timeout: late", "{}"}, "timeout: late\n"},
      {{3, 36, "runtime-unknown: contradiction", "{}"}, "runtime-unknown: contradiction\n"},
      {{4, 24, "an unknown verdict", "{}"}, "denied: an unknown verdict\n"},
      {{0, 0, "", "{}"}, "protocol: the gate refuses without a reason\n"},
      {{3, 250, "", "{}"}, "protocol: the gate refuses without a reason\n"},
  };
  for (const auto& [answer, line] : table) {
    const std::string bytes = rpc::Encode(answer);
    const ScriptedGate gate(socket_, 1, [&bytes](int, GateVisit&) { return bytes; });
    const Outcome outcome = Wrapped(Logged({"create", "id"}));
    EXPECT_EQ(outcome.errors, line);
    ExpectRefused(outcome, line.substr(0, line.find(':')));
  }
}

TEST_F(RuntimeMain, AGateThatHangsUpAndComesBackOnlyDelays) {
  const ScriptedGate gate(socket_, 3, [](int visit, GateVisit&) {
    return visit < 2 ? std::string() : testing::AllowingBytes();
  });
  EXPECT_EQ(Wrapped(Logged({"run", "id"})).exit_code, kRecorded);
}

TEST_F(RuntimeMain, AFolderThatIsNotRootsIsNotAsked) {
  const ScriptedGate gate(socket_, 1, [](int, GateVisit&) { return testing::AllowingBytes(); });
  ASSERT_EQ(chmod((top_ / "run").c_str(), 0777), 0);
  ExpectRefused(Wrapped(Logged({"create", "id"})), "gate-unreachable");
  ASSERT_EQ(chmod((top_ / "run").c_str(), 0755), 0);
  EXPECT_EQ(Wrapped({"create", "id"}).exit_code, kRecorded);  // The visit that the gate waits for.
}

TEST_F(RuntimeMain, NoDaemonRefusesAfterSomeTenSeconds) {
  const auto before = std::chrono::steady_clock::now();
  ExpectRefused(Wrapped(Logged({"create", "id"})), "gate-unreachable");
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, std::chrono::seconds(9));
  EXPECT_LE(took, std::chrono::seconds(20));
}

TEST_F(RuntimeMain, WithoutADaemonWhatStartsNothingGoesOn) {
  for (const char* subcommand : {"state", "kill", "delete", "exec", "start", "features"}) {
    EXPECT_EQ(Wrapped(Logged({subcommand, "id"})).exit_code, kRecorded) << subcommand;
  }
  EXPECT_EQ(Wrapped({"--version"}).exit_code, kRecorded);
  EXPECT_EQ(Wrapped({}).exit_code, kRecorded);
}

TEST_F(RuntimeMain, RefusesWithoutAskingWhatItCannotRead) {
  ExpectRefused(Wrapped(Logged({"create", "--config", "/x", "id"})), "invalid-arguments");
  ExpectRefused(Wrapped(Logged({"launch", "id"})), "invalid-arguments");
  ExpectRefused(Wrapped(Logged({"restore", "id"})), "checkpoint-unverified");
  ExpectRefused(Wrapped(Logged({"create", "-b", "/nowhere", "id"})), "io-failed");
  ExpectRefused(Wrapped(Logged({"create", "-b", top_ / "real", "id"})), "io-failed");
}

TEST_F(RuntimeMain, RefusesWithoutARealRuntime) {
  for (const std::string& path : {std::string("PATH="), "PATH=" + (top_ / "own"),
                                  "PATH=" + (top_ / "own") + ":" + (top_ / "own") + "::."}) {
    environment_.front() = path;
    ExpectRefused(Wrapped(Logged({"create", "id"})), "runtime-unknown");
    ExpectRefused(Wrapped(Logged({"state", "id"})), "runtime-unknown");
  }
  environment_.erase(environment_.begin());
  ExpectRefused(Wrapped(Logged({"create", "id"})), "runtime-unknown");
  const Outcome misnamed = Run(SIGWARD_BIN_DIR "/sigward-runtime", {"sigward-runtime", "state"});
  EXPECT_EQ(misnamed.exit_code, 1);
  EXPECT_THAT(misnamed.errors, StartsWith("runtime-unknown: called as \"sigward-runtime\""));
}

TEST_F(RuntimeMain, RefusesACandidateThatOthersMayWrite) {
  ASSERT_EQ(chmod((top_ / "real/runc").c_str(), 0777), 0);
  environment_.front() = "PATH=" + (top_ / "own") + ":" + (top_ / "real");
  ExpectRefused(Wrapped(Logged({"create", "id"})), "runtime-unknown");
}

TEST_F(RuntimeMain, RefusesARuntimeThatCannotBeExecuted) {
  std::ofstream(top_ / "real/runc", std::ios::trunc) << "neither a script nor a program";
  ExpectRefused(Wrapped(Logged({"state", "id"})), "runtime-unknown");
}

TEST_F(RuntimeMain, ARuntimeThatCallsRuncAgainEndsAfterTwoHops) {
  fs::create_directory(top_ / "script");
  std::ofstream(top_ / "script/runc") << "#!/bin/sh\nexec runc \"$@\"\n";
  fs::permissions(top_ / "script/runc", fs::perms(0755));
  environment_.front() = "PATH=" + (top_ / "own") + ":" + (top_ / "script") + ":/usr/bin:/bin";
  const Outcome outcome = Wrapped(Logged({"state", "id"}));
  EXPECT_THAT(outcome.errors, HasSubstr("leads back to sigward"));
  ExpectRefused(outcome, "runtime-unknown");
  // One that goes on to the real runtime by its path is fine, and so is its count.
  std::ofstream(top_ / "script/runc", std::ios::trunc)
      << "#!/bin/sh\n[ \"$SIGWARD_RUNTIME_HOPS\" = 2 ] && exec " << (top_ / "real/runc")
      << " \"$@\"\nexec runc \"$@\"\n";
  EXPECT_EQ(Wrapped(Logged({"state", "id"})).exit_code, kRecorded);
  environment_.emplace_back("SIGWARD_RUNTIME_HOPS=2");
  ExpectRefused(Wrapped(Logged({"state", "id"})), "runtime-unknown");
}

TEST_F(RuntimeMain, AnotherLogFormatGetsAnotherLine) {
  const Outcome outcome = Wrapped({"--log", top_ / "log", "restore", "id"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(Log(), HasSubstr(" level=error msg=\"checkpoint-unverified: "));
  EXPECT_THAT(Log(), Not(HasSubstr("{")));
}

TEST_F(RuntimeMain, RefusesWithoutAnyArgument) {
  const Outcome outcome = Run(top_ / "own/runc", {""});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.errors, StartsWith("runtime-unknown: "));
}

}  // namespace
}  // namespace sigward
