#include "verifyd_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "rpc/frame.h"

namespace sigward::testing {
namespace {

constexpr const char* kProgram = VerifydProcess::kProgram;
constexpr int kListenFd = 3;

/// The parent's number, from the text behind the name's closing parenthesis (proc(5)); -1 for a
/// process that ended meanwhile. getline() and no iterator: reading about a process that has just
/// ended fails with ESRCH, which only the stream's own functions turn into "nothing read".
pid_t ParentOf(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  std::string text;
  std::getline(file, text, '\0');
  const std::size_t name_end = text.rfind(") ");
  return name_end == std::string::npos ? -1 : std::stoi(text.substr(name_end + 4));
}

}  // namespace

VerifydProcess::VerifydProcess(std::optional<rlim_t> descriptors, const char* program) {
  const auto listener = rpc::Listen(path_);
  EXPECT_TRUE(listener.ok());
  listener_ = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(listener->get()));
  pid_ = fork();
  if (pid_ == 0) {
    if (listener->get() == kListenFd) {
      fcntl(kListenFd, F_SETFD, 0);
    } else {
      dup2(listener->get(), kListenFd);
    }
    // Children that are killed on purpose are no news to whoever reads the test's output.
    dup2(open((folder_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600),
         STDERR_FILENO);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    if (descriptors.has_value()) {
      const rlimit limit{.rlim_cur = *descriptors, .rlim_max = *descriptors};
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    execl(program, program, nullptr);
    _exit(127);
  }
}

VerifydProcess::~VerifydProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
}

std::vector<pid_t> VerifydProcess::Children() const {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        ParentOf(entry.path()) == pid_) {
      children.push_back(std::stoi(name));
    }
  }
  return children;
}

bool VerifydProcess::WaitForChildren(std::size_t count) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Children().size() != count) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

pid_t VerifydProcess::ReadyChild() const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    const std::vector<pid_t> children = Children();
    if (children.size() == 1 && HasListener(children.front())) {
      return children.front();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 0;
}

bool VerifydProcess::HasListener(pid_t pid) const {
  std::error_code error;
  const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == listener_) {
      return true;
    }
  }
  return error == std::errc::permission_denied;
}

std::string VerifydProcess::StatusLine(pid_t pid, const std::string& name) const {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) {
      return line;
    }
  }
  return "";
}

std::string VerifydProcess::Limit(pid_t pid, const std::string& name) const {
  std::ifstream file("/proc/" + std::to_string(pid) + "/limits");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) {
      std::istringstream rest(line.substr(name.size()));
      std::string soft;
      rest >> soft;
      return soft;
    }
  }
  return "";
}

std::size_t VerifydProcess::CountInLog(const std::string& text) const {
  std::ifstream file(folder_ / "log");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    count += line.find(text) == std::string::npos ? 0U : 1U;
  }
  return count;
}

void VerifydProcess::Signal(int number) const {
  kill(pid_, number);
}

int VerifydProcess::Wait() {
  int status = -1;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  return status;
}

int RunVerifydWithoutSocket(const std::vector<std::string>& arguments) {
  const pid_t pid = fork();
  if (pid == 0) {
    std::vector<char*> argv{const_cast<char*>(kProgram)};
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execv(kProgram, argv.data());
    _exit(127);
  }
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace sigward::testing
