#include "worker/credentials/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/root_only.h"
#include "base/sealed_memory.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using base::UniqueFd;

constexpr std::size_t kReadAtOnce = 16U << 10;
constexpr int kReadsInARow = 128;

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

base::Result<Pipe> MakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Fail(Reason::kWorkerFailed, "no pipe for a program");
  }
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // Only this side: the program's end is its own business.
  fcntl(pipe.reading.get(), F_SETFL, O_NONBLOCK);
  return pipe;
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

/// A child that leads a process group; ended with its group and reaped when this goes away.
class Child {
 public:
  Child(pid_t pid, UniqueFd ended) : pid_(pid), ended_(std::move(ended)) {}
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), ended_(std::move(other.ended_)) {}
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { End(); }

  /// Readable when the child has ended.
  int ended() const { return ended_.get(); }

  /// Kills what is left of the group and returns the exit code, -1 for a signal. The child is not
  /// reaped before, so that its number cannot be another's.
  int End() {
    if (pid_ < 0) {
      return -1;
    }
    (void)kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
  UniqueFd ended_;
};

base::Result<Child> Spawn(const Program& program, int in, int out, int err) {
  std::vector<std::string> argv{program.path};
  argv.insert(argv.end(), program.arguments.begin(), program.arguments.end());
  std::vector<std::string> environment = program.environment;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, program.path.c_str(), &actions, &attributes,
                                 Pointers(argv).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    const char* text = strerrordesc_np(failed);
    return Fail(Reason::kWorkerFailed,
                "cannot be run: " + std::string(text == nullptr ? "unknown error" : text));
  }
  // glibc 2.36 declares its own call for C alone.
  Child child(pid, UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
  if (child.ended() < 0) {
    return Fail(Reason::kWorkerFailed, "cannot be waited for");
  }
  return child;
}

/// Takes what lies ready in PIPE; what is beyond MAX bytes is dropped. Closes the pipe at its end.
/// Returns whether all of it was kept. Bounded, so that a program that never stops cannot hold up
/// its own deadline.
bool Drain(UniqueFd& pipe, std::string& kept, std::size_t max) {
  std::array<char, kReadAtOnce> buffer{};
  bool whole = true;
  for (int i = 0; i < kReadsInARow && pipe.valid(); ++i) {
    const ssize_t size = read(pipe.get(), buffer.data(), buffer.size());
    if (size > 0) {
      const auto got = static_cast<std::size_t>(size);
      const std::size_t room = std::min(max - kept.size(), got);
      kept.append(buffer.data(), room);
      whole = whole && room == got;
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      pipe.Reset();
    } else if (errno == EAGAIN) {
      break;
    }
  }
  return whole;
}

base::Result<ProgramOutput> Follow(Child& child, UniqueFd out, UniqueFd err,
                                   const base::Deadline& deadline) {
  ProgramOutput output;
  std::string error;
  while (true) {
    std::array<pollfd, 3> watched{
        {{child.ended(), POLLIN, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    const auto left = std::min<std::chrono::milliseconds::rep>(deadline.Left().count(), INT_MAX);
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) {
      return Fail(Reason::kWorkerFailed, "cannot be waited for");
    }
    if (ready == 0 && left == 0) {
      return Fail(Reason::kTimeout, "did not end in time");
    }
    const bool has_ended = ready > 0 && watched[0].revents != 0;
    if (has_ended) {
      // What it has left behind must not go on writing.
      output.exit_code = child.End();
    }
    if (!Drain(out, output.out, kMaxProgramOutput)) {
      return Fail(Reason::kWorkerFailed,
                  "wrote more than " + std::to_string(kMaxProgramOutput) + " bytes");
    }
    // The rest of a long complaint is of no use, but a full pipe would stop the program.
    (void)Drain(err, error, kMaxProgramErrorLine);
    if (has_ended) {
      output.error_line = base::OneLine(error, kMaxProgramErrorLine);
      return output;
    }
  }
}

}  // namespace

base::Result<ProgramOutput> RunProgram(const Program& program, const base::Deadline& deadline) {
  // Memory, not a pipe: the whole input is there at once, and nobody has to go on writing it.
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd in, base::SealBytes(base::AsBytes(program.input)));
  lseek(in.get(), 0, SEEK_SET);
  SIGWARD_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  SIGWARD_ASSIGN_OR_RETURN(Pipe err, MakePipe());
  auto child = Spawn(program, in.get(), out.writing.get(), err.writing.get());
  if (!child.ok()) {
    return base::Within(program.path, std::move(child).error());
  }
  out.writing.Reset();
  err.writing.Reset();
  auto output = Follow(*child, std::move(out.reading), std::move(err.reading), deadline);
  if (!output.ok()) {
    return base::Within(program.path, std::move(output).error());
  }
  return output;
}

base::Result<std::string> CheckedProgram(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr),
                                                             &std::free);
  if (resolved == nullptr) {
    return Fail(Reason::kConfigInvalid, path + " is not there");
  }
  const std::string real = resolved.get();
  if (geteuid() == 0) {
    if (const auto checked = base::CheckRootOnlyFile(real); !checked.ok()) {
      return Fail(Reason::kConfigInvalid, checked.error().detail);
    }
  }
  if (access(real.c_str(), X_OK) != 0) {
    return Fail(Reason::kConfigInvalid, path + " is not executable");
  }
  return real;
}

base::Result<std::string> FindProgram(const std::string& name, std::string_view search_path) {
  while (!search_path.empty()) {
    const std::size_t colon = std::min(search_path.find(':'), search_path.size());
    const std::string candidate = std::string(search_path.substr(0, colon)) + "/" + name;
    if (candidate.starts_with('/') && access(candidate.c_str(), X_OK) == 0) {
      return CheckedProgram(candidate);
    }
    search_path.remove_prefix(std::min(colon + 1, search_path.size()));
  }
  return Fail(Reason::kConfigInvalid, "no program " + name + " in PATH");
}

}  // namespace sigward::worker
