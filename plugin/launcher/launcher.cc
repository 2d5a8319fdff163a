#include "plugin/launcher/launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/sealed_memory.h"
#include "base/unique_fd.h"
#include "base/users.h"
#include "plugin/launcher/start_program.h"
#include "rpc/frame.h"

namespace sigward {
namespace {

using base::Severity;

/// A process that dies sooner than this after its start is started again only after a pause, which
/// doubles up to kLongestPause.
constexpr std::chrono::milliseconds kHealthyAge{2000};
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{2000};
constexpr std::chrono::seconds kStopTime{5};

struct Program {
  std::string name;
  std::vector<std::string> arguments;
  base::UniqueFd socket;
  /// Sealed memory for StartProgram, the bytes that were found good at the start: a file that is
  /// being edited must not stop a process from being started again. Not valid where none is needed.
  base::UniqueFd config;
  pid_t pid = -1;
  base::Clock::Steady started_at{};
  base::Clock::Steady not_before{};
  std::chrono::milliseconds pause = kFirstPause;
};

void Start(Program& program, const base::Clock& clock) {
  const pid_t pid =
      StartProgram(program.arguments, OwnEnvironment(),
                   {.socket = program.socket.get(), .config = program.config.get(), .peer = -1});
  program.started_at = clock.SteadyNow();
  program.pid = pid;
  if (pid < 0) {
    program.not_before = program.started_at + kLongestPause;
    base::Log(Severity::kError, "start-failed", {{"program", program.name}});
  }
}

/// Notes how a process ended and when it may be started again.
void Bury(Program& program, int status, const base::Clock& clock) {
  const auto now = clock.SteadyNow();
  const bool was_healthy = now - program.started_at >= kHealthyAge;
  program.pause = was_healthy ? kFirstPause : std::min(program.pause * 2, kLongestPause);
  program.not_before = was_healthy ? now : now + program.pause;
  program.pid = -1;
  base::Log(Severity::kError, "process-ended",
            {{"program", program.name},
             {"signal", static_cast<std::int64_t>(WIFSIGNALED(status) ? WTERMSIG(status) : 0)},
             {"exit_code", static_cast<std::int64_t>(WIFEXITED(status) ? WEXITSTATUS(status) : 0)},
             {"effect", "started again"}});
}

/// Reaps every child that has ended.
void Reap(std::vector<Program>& programs, const base::Clock& clock) {
  int status = 0;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
    for (Program& program : programs) {
      if (program.pid == pid) {
        Bury(program, status, clock);
      }
    }
  }
}

void Signal(const std::vector<Program>& programs, int number) {
  for (const Program& program : programs) {
    if (program.pid > 0) {
      kill(program.pid, number);
    }
  }
}

/// Ends all children: asks first, then does not ask.
void StopAll(std::vector<Program>& programs) {
  Signal(programs, SIGTERM);
  const base::Deadline deadline = base::Deadline::After(kStopTime);
  auto running = [&] {
    return std::any_of(programs.begin(), programs.end(),
                       [](const Program& program) { return program.pid > 0; });
  };
  while (running() && !deadline.Passed()) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) {
      usleep(10'000);
      continue;
    }
    for (Program& program : programs) {
      program.pid = program.pid == pid ? -1 : program.pid;
    }
  }
  Signal(programs, SIGKILL);
}

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGCHLD}) {
    sigaddset(&signals, number);
  }
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Keeps the processes running until a signal says to end.
void Supervise(std::vector<Program>& programs, const sigset_t& signals, const base::Clock& clock) {
  while (true) {
    std::chrono::nanoseconds wait = std::chrono::hours(1);
    for (Program& program : programs) {
      if (program.pid < 0 && clock.SteadyNow() >= program.not_before) {
        Start(program, clock);
      }
      if (program.pid < 0) {
        wait = std::min<std::chrono::nanoseconds>(wait, program.not_before - clock.SteadyNow());
      }
    }
    wait = std::max(wait, std::chrono::nanoseconds(1'000'000));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec timeout{seconds.count(), (wait - seconds).count()};
    const int number = sigtimedwait(&signals, nullptr, &timeout);
    if (number == SIGTERM || number == SIGINT) {
      return;
    }
    if (number == SIGHUP && programs.front().pid > 0) {
      kill(programs.front().pid, SIGHUP);
    }
    Reap(programs, clock);
  }
}

/// NAME, in the launcher's own folder, with the configuration as CONFIG_TEXT.
base::Result<Program> Configured(const std::string& name, const std::string& socket_path,
                                 std::string_view config_text) {
  Program program;
  program.name = name;
  program.arguments = {ProgramFolder() + "/" + name, "--config", kConfigInChild};
  SIGWARD_ASSIGN_OR_RETURN(program.socket, rpc::Listen(socket_path));
  SIGWARD_ASSIGN_OR_RETURN(program.config, base::SealBytes(base::AsBytes(config_text)));
  return program;
}

base::Result<std::vector<Program>> Prepare(const Config& config, std::string_view config_text) {
  std::error_code error;
  std::filesystem::create_directories(config.SocketFolder(), error);
  std::vector<Program> programs;
  // The deciding process stands first: signals are passed on to it.
  SIGWARD_ASSIGN_OR_RETURN(Program broker, Configured("sigwardd", config.gate_socket, config_text));
  programs.push_back(std::move(broker));
  SIGWARD_ASSIGN_OR_RETURN(Program fetchd,
                           Configured("sigward-fetchd", config.fetchd_socket(), config_text));
  programs.push_back(std::move(fetchd));
  Program verifyd;
  verifyd.name = "sigward-verifyd";
  verifyd.arguments = {ProgramFolder() + "/" + verifyd.name};
  SIGWARD_ASSIGN_OR_RETURN(verifyd.socket, rpc::Listen(config.verifyd_socket()));
  programs.push_back(std::move(verifyd));
  if (config.HasCredentials()) {
    const std::string path = config.credentiald_socket();
    SIGWARD_ASSIGN_OR_RETURN(Program credentiald,
                             Configured("sigward-credentiald", path, config_text));
    // Whoever owns the socket may ask.
    if (geteuid() == 0 && chown(path.c_str(), base::kFetchdUser, 0) != 0) {
      return base::Fail(base::Reason::kIoFailed, path + " cannot be given to sigward-fetchd");
    }
    programs.push_back(std::move(credentiald));
  }
  return programs;
}

}  // namespace

int RunLauncher(const Config& config, std::string_view config_text) {
  const sigset_t signals = BlockSignals();
  // Who reads the log may go away; that ends nothing here.
  signal(SIGPIPE, SIG_IGN);
  umask(0022);
  OpenStandardStreams();
  auto programs = Prepare(config, config_text);
  if (!programs.ok()) {
    base::Log(Severity::kError, "cannot-start", {{"detail", programs.error().detail}});
    return 1;
  }
  Supervise(*programs, signals, base::Clock::System());
  StopAll(*programs);
  for (const std::string& path : {config.gate_socket, config.fetchd_socket(),
                                  config.verifyd_socket(), config.credentiald_socket()}) {
    unlink(path.c_str());
  }
  return 0;
}

}  // namespace sigward
