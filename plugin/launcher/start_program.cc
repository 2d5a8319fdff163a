#include "plugin/launcher/start_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sigward {
namespace {

/// Where what is handed over stands in the child: the socket (sd_listen_fds(3)) and, as
/// kConfigInChild and kPeerInChild say, the rest.
constexpr int kFirstFd = 3;

/// Runs in the child. Everything it needs was made before the fork.
[[noreturn]] void Exec(char* const* argv, char* const* environment, const HandedOver& handed_over,
                       pid_t parent, char* listen_pid_digits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(1);
  }
  // SIGHUP stays blocked: it may be passed on before the child is ready for it, and would kill it.
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  sigprocmask(SIG_SETMASK, &hangup, nullptr);
  // LISTEN_PID is known only here; the digits are written into the prepared environment.
  std::array<char, 16> digits{};
  std::size_t count = 0;
  for (pid_t rest = getpid(); rest > 0; rest /= 10) {
    digits.at(count++) = static_cast<char>('0' + rest % 10);
  }
  for (std::size_t i = 0; i < count; ++i) {
    listen_pid_digits[i] = digits.at(count - 1 - i);
  }
  listen_pid_digits[count] = '\0';
  // They change places with whatever has these numbers now.
  const std::array<int, 3> given{handed_over.socket, handed_over.config, handed_over.peer};
  std::array<int, 3> above{-1, -1, -1};
  constexpr int kFirstAbove = kFirstFd + static_cast<int>(given.size());
  bool placed = true;
  for (std::size_t i = 0; i < given.size(); ++i) {
    above.at(i) = given.at(i) < 0 ? -1 : fcntl(given.at(i), F_DUPFD, kFirstAbove);
    placed = placed && (given.at(i) < 0 || above.at(i) >= 0);
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const int place = kFirstFd + static_cast<int>(i);
    if (above.at(i) < 0) {
      close(place);
    } else {
      placed = placed && dup2(above.at(i), place) == place;
    }
  }
  if (placed && close_range(kFirstAbove, UINT_MAX, 0) == 0) {
    execve(argv[0], argv, environment);
  }
  _exit(127);
}

}  // namespace

std::string ProgramFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

void OpenStandardStreams() {
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) {
    fd = open("/dev/null", O_RDWR);
  }
  close(fd);
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    variables.emplace_back(*entry);
  }
  return variables;
}

pid_t StartProgram(std::vector<std::string> arguments, std::vector<std::string> environment,
                   const HandedOver& handed_over) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  std::string listen_pid = "LISTEN_PID=" + std::string(16, '0');
  std::string listen_fds = "LISTEN_FDS=1";
  std::vector<char*> variables{listen_pid.data(), listen_fds.data()};
  for (std::string& variable : environment) {
    if (!variable.starts_with("LISTEN_")) {
      variables.push_back(variable.data());
    }
  }
  variables.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    Exec(argv.data(), variables.data(), handed_over, parent,
         listen_pid.data() + strlen("LISTEN_PID="));
  }
  return pid;
}

}  // namespace sigward
