#include "plugin/answering_threads.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.h"

namespace sigward {
namespace {

constexpr std::chrono::milliseconds kPauseAfterFailure{20};

}  // namespace

AnsweringThreads::AnsweringThreads(std::function<void(base::UniqueFd)> answer, std::size_t most)
    : answer_(std::move(answer)),
      most_(most),
      stop_(eventfd(0, EFD_CLOEXEC)),
      events_(epoll_create1(EPOLL_CLOEXEC)) {}

AnsweringThreads::~AnsweringThreads() {
  Stop();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return threads_ == 0; });
}

base::Status AnsweringThreads::Start(int listener) {
  listener_ = listener;
  // Another process may share the socket and take a connection first.
  const int flags = fcntl(listener, F_GETFL);
  epoll_event stop{.events = EPOLLIN, .data = {.fd = stop_.get()}};
  if (!stop_.valid() || !events_.valid() || flags < 0 ||
      fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0 ||
      epoll_ctl(events_.get(), EPOLL_CTL_ADD, stop_.get(), &stop) != 0 || !Arm(EPOLL_CTL_ADD)) {
    return base::Fail(base::Reason::kIoFailed, "the gate's socket cannot be waited for");
  }
  const std::lock_guard lock(mutex_);
  Grow();
  return threads_ > 0 ? base::Ok()
                      : base::Status(base::Fail(base::Reason::kIoFailed, "no thread to be had"));
}

void AnsweringThreads::Drain(const base::Deadline& deadline) {
  Stop();
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.when(), [this] { return answering_ == 0; });
}

void AnsweringThreads::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  (void)eventfd_write(stop_.get(), 1);
}

void AnsweringThreads::Grow() {
  if (threads_ == most_) {
    return;
  }
  try {
    std::thread([this] { Run(); }).detach();
    ++threads_;
  } catch (const std::exception&) {
    // Those that there are go on; what they cannot take waits in the backlog.
  }
}

void AnsweringThreads::Run() {
  while (true) {
    base::UniqueFd connection = Next();
    const bool ends = !connection.valid();
    if (!ends) {
      Answer(std::move(connection));
    }
    const std::lock_guard lock(mutex_);
    answering_ -= ends ? 0 : 1;
    const bool surplus = threads_ - answering_ > kIdleThreads;
    changed_.notify_all();
    if (ends || surplus) {
      --threads_;
      return;
    }
  }
}

base::UniqueFd AnsweringThreads::Next() {
  while (true) {
    epoll_event event{};
    if (epoll_wait(events_.get(), &event, 1, -1) != 1) {
      continue;  // EINTR
    }
    if (event.data.fd != listener_) {
      return {};
    }
    base::UniqueFd connection = TakeCounted();
    const int error = errno;
    if (!connection.valid() && error != EAGAIN && error != EINTR && error != ECONNABORTED) {
      // Out of descriptors, say: the listener stays readable, and asking at once again would spin.
      std::this_thread::sleep_for(kPauseAfterFailure);
    }
    Arm(EPOLL_CTL_MOD);
    if (connection.valid()) {
      return connection;
    }
  }
}

base::UniqueFd AnsweringThreads::TakeCounted() {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    errno = EAGAIN;
    return {};
  }
  base::UniqueFd connection(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.valid()) {
    ++answering_;
    if (answering_ == threads_) {
      Grow();
    }
  }
  return connection;
}

bool AnsweringThreads::Arm(int operation) {
  epoll_event event{.events = EPOLLIN | EPOLLONESHOT, .data = {.fd = listener_}};
  return epoll_ctl(events_.get(), operation, listener_, &event) == 0;
}

void AnsweringThreads::Answer(base::UniqueFd connection) {
  try {
    answer_(std::move(connection));
  } catch (const std::exception& error) {
    // Out of memory, say. The caller sees the connection end, which is a refusal.
    base::Log(base::Severity::kError, "question-failed", {{"detail", error.what()}});
  }
}

}  // namespace sigward
