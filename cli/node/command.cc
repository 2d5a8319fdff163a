#include "cli/node/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/unique_fd.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

constexpr std::chrono::milliseconds kPauseBetweenLooks{2};

struct Pipe {
  base::UniqueFd reading;
  base::UniqueFd writing;
};

base::Result<Pipe> MakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Fail(Reason::kIoFailed, "no pipe for a command");
  }
  return Pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

/// A pipe that holds INPUT and has no writer any more; none for no input.
base::Result<base::UniqueFd> Holding(const std::string& input) {
  if (input.empty()) {
    return base::UniqueFd();
  }
  if (input.size() > kMaxCommandInput) {
    return Fail(Reason::kTooLarge,
                "a command's input has more than " + std::to_string(kMaxCommandInput) + " bytes");
  }
  SIGWARD_ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  if (write(pipe.writing.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
    return Fail(Reason::kIoFailed, "a command's input cannot be written");
  }
  return std::move(pipe.reading);
}

std::vector<std::string> OwnPath() {
  const char* path = std::getenv("PATH");
  return {"PATH=" + std::string(path == nullptr ? "/usr/bin:/bin" : path)};
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// IN or OUT below zero stands for /dev/null.
base::Result<pid_t> Spawn(const Command& command, int in, int out) {
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> environment = command.environment.value_or(OwnPath());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (in < 0) {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  }
  if (out < 0) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, argv.front().c_str(), &actions, &attributes,
                                  Pointers(argv).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Fail(Reason::kIoFailed, "cannot run " + argv.front() + ": " + std::strerror(failed));
  }
  return pid;
}

/// The exit code, none at DEADLINE.
std::optional<int> WaitFor(pid_t pid, const base::Deadline& deadline) {
  while (true) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (ended < 0 && errno != EINTR) {
      return -1;
    }
    if (deadline.Passed()) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kPauseBetweenLooks);
  }
}

void Kill(pid_t pid) {
  (void)kill(-pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

base::Result<CommandOutput> RunCommand(const Command& command, std::size_t max_bytes,
                                       const base::Deadline& deadline) {
  if (command.argv.empty()) {
    return Fail(Reason::kIoFailed, "a command without a program");
  }
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd input, Holding(command.input));
  Pipe pipe;
  if (command.keep_output) {
    SIGWARD_ASSIGN_OR_RETURN(pipe, MakePipe());
  }
  SIGWARD_ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, input.get(), pipe.writing.get()));
  pipe.writing = base::UniqueFd();
  CommandOutput done;
  if (command.keep_output) {
    auto out = base::ReadToEnd(pipe.reading.get(), max_bytes, deadline);
    if (!out.ok()) {
      Kill(pid);
      return base::Within(command.argv.front(), std::move(out).error());
    }
    done.out = *std::move(out);
  }
  const auto exit_code = WaitFor(pid, deadline);
  if (!exit_code.has_value()) {
    Kill(pid);
    return Fail(Reason::kTimeout, command.argv.front() + " did not end in time");
  }
  done.exit_code = *exit_code;
  return done;
}

base::Result<CommandOutput> RunCommand(const std::vector<std::string>& argv, std::size_t max_bytes,
                                       const base::Deadline& deadline) {
  return RunCommand(Command{.argv = argv}, max_bytes, deadline);
}

}  // namespace sigward::cli
