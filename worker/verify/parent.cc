#include "worker/verify/parent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace sigward::worker {
namespace {

using base::Severity;

/// How long no child is forked after one could not be, or died before its time.
constexpr std::chrono::milliseconds kPauseAfterShortage{100};
/// However many processors a machine has, its memory is not boundless.
constexpr std::size_t kMostChildren = 64;

base::Error Failed(const char* call) {
  return base::Fail(base::Reason::kIoFailed,
                    std::string(call) + " failed, errno " + std::to_string(errno));
}

/// In words, where a number alone would not be understood.
std::string_view Manner(int status) {
  if (WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGSYS:
        return "a system call that is not on its list";
      case SIGXCPU:
        return "computed for too long";
      case SIGKILL:
        return "took too long, or was killed by others";
      default:
        return "crashed, or was killed by others";
    }
  }
  return "could not shut itself in, or had no connection to take";
}

/// Sets a child's end down, when it was not the quiet one.
void NoteEnd(pid_t pid, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return;
  }
  const bool killed = WIFSIGNALED(status);
  base::Log(Severity::kWarning, "verify-child-died",
            {{"pid", std::int64_t{pid}},
             {"signal", std::int64_t{killed ? WTERMSIG(status) : 0}},
             {"exit_code", std::int64_t{killed ? 0 : WEXITSTATUS(status)}},
             {"detail", Manner(status)}});
}

}  // namespace

std::size_t MaxChildren(unsigned int cores) {
  return std::clamp<std::size_t>(std::size_t{2} * cores, 2, kMostChildren);
}

base::Result<Parent> Parent::Make(base::UniqueFd listener, std::size_t max_children,
                                  ChildSeal seal) {
  // Without this, a connection that is gone before it is accepted would stop everything.
  const int flags = fcntl(listener.get(), F_GETFL);
  if (flags < 0 || fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return Failed("fcntl of the listening socket");
  }
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) {
    sigaddset(&wanted, signal);
  }
  if (sigprocmask(SIG_BLOCK, &wanted, nullptr) != 0) {
    return Failed("sigprocmask");
  }
  base::UniqueFd signals(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) {
    return Failed("signalfd");
  }
  return Parent(std::move(listener), std::move(signals), max_children, std::move(seal));
}

base::Status Parent::Run() {
  for (;;) {
    if (MayFork()) {
      ForkReady();
    }
    std::array<pollfd, 2> events = {{
        {.fd = signals_.get(), .events = POLLIN, .revents = 0},
        // poll passes over a negative descriptor.
        {.fd = ready_ ? ready_->connected.get() : -1, .events = POLLIN, .revents = 0},
    }};
    if (poll(events.data(), events.size(), PollTimeout()) < 0 && errno != EINTR) {
      KillAll();
      return Failed("poll");
    }
    // Before the dead are reaped: a pid is a child's until then.
    if (events[1].revents != 0) {
      ReadyIsGone();
    }
    if (TakeSignals()) {
      KillAll();
      return base::Ok();
    }
    Reap();
    KillLate();
  }
}

bool Parent::MayFork() const {
  return !ready_ && children_.size() < max_children_ && (!pause_ || pause_->Passed());
}

int Parent::PollTimeout() const {
  std::optional<std::chrono::milliseconds> shortest;
  if (pause_ && !pause_->Passed()) {
    shortest = pause_->Left();
  }
  for (const Child& child : children_) {
    shortest = std::min(shortest.value_or(kChildTime), child.deadline.Left());
  }
  // One more, because what is left was rounded down.
  return shortest ? static_cast<int>(shortest->count()) + 1 : -1;
}

bool Parent::TakeSignals() {
  bool end = false;
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    end = end || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
  }
  return end;
}

void Parent::ForkReady() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    base::Log(Severity::kError, "pipe-failed", {{"errno", std::int64_t{errno}}});
    pause_ = base::Deadline::After(kPauseAfterShortage);
    return;
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    RunChild(listener_.get(), theirs.get(), parent, seal_);
  }
  if (pid < 0) {
    base::Log(Severity::kError, "fork-failed", {{"errno", std::int64_t{errno}}});
    pause_ = base::Deadline::After(kPauseAfterShortage);
    return;
  }
  ready_.emplace(ReadyChild{.pid = pid, .connected = std::move(ours)});
}

void Parent::ReadyIsGone() {
  char byte = 0;
  if (read(ready_->connected.get(), &byte, sizeof byte) != sizeof byte) {
    // Where one cannot even begin, the next is not likely to.
    pause_ = base::Deadline::After(kPauseAfterShortage);
  }
  children_.push_back({.pid = ready_->pid, .deadline = base::Deadline::After(kChildTime)});
  ready_.reset();
}

void Parent::Reap() {
  int status = 0;
  for (pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED); pid > 0;
       pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) {
    if (WIFSTOPPED(status)) {
      kill(pid, SIGKILL);
      continue;
    }
    if (ready_ && ready_->pid == pid) {
      ReadyIsGone();
    }
    std::erase_if(children_, [pid](const Child& child) { return child.pid == pid; });
    NoteEnd(pid, status);
  }
}

void Parent::KillLate() {
  for (const Child& child : children_) {
    // Its number cannot be another's: only Reap gives it back.
    if (child.deadline.Passed()) {
      kill(child.pid, SIGKILL);
    }
  }
}

void Parent::KillAll() {
  if (ready_) {
    ReadyIsGone();
  }
  for (const Child& child : children_) {
    kill(child.pid, SIGKILL);
  }
  for (const Child& child : children_) {
    while (waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  children_.clear();
}

}  // namespace sigward::worker
