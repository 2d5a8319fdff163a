#include "plugin/nri/nri_door.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/unique_fd.h"
#include "plugin/nri/decision_pool.h"
#include "plugin/nri/running_report.h"
#include "plugin/nri/runtime_connection.h"
#include "plugin/nri/session.h"

namespace sigward::nri {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};

std::string TextOf(const base::Error& error) {
  return std::string(base::ReasonWord(error.reason)) + ": " + error.detail;
}

}  // namespace

/// Connects, serves and connects again, until it is stopped.
class NriDoor::Loop {
 public:
  Loop(DoorConfig config, DoorRooms rooms)
      : config_(std::move(config)),
        stop_(eventfd(0, EFD_CLOEXEC)),
        pool_(std::move(rooms.decide)),
        report_(std::move(rooms.running)),
        thread_([this] { Run(); }) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    {
      // Wakes a thread that waits for the runtime to read.
      const std::lock_guard lock(mutex_);
      ending_ = true;
      if (connection_) {
        connection_->Break(base::Fail(base::Reason::kContainerdUnreachable, "stopped"));
      }
    }
    const std::uint64_t one = 1;
    (void)!write(stop_.get(), &one, sizeof one);
    thread_.join();
  }

  DoorStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void Run();
  /// One connection; returns whether it was ever registered.
  bool ServeOnce();
  void Lost(bool registered, base::Error why);
  SessionListener Listener(const std::unique_ptr<Session>& session);
  /// False when the door is stopped meanwhile.
  bool Pause(std::chrono::milliseconds span) const;

  const DoorConfig config_;
  const base::UniqueFd stop_;
  mutable std::mutex mutex_;
  DoorStatus status_;
  std::shared_ptr<RuntimeConnection> connection_;
  bool ending_ = false;
  /// An earlier list of events was refused, it seems.
  bool only_create_ = false;
  std::string logged_;
  DecisionPool pool_;
  RunningReport report_;
  std::thread thread_;
};

void NriDoor::Loop::Run() {
  std::chrono::milliseconds pause = kFirstPause;
  for (;;) {
    if (ServeOnce()) {
      pause = kFirstPause;
    }
    if (!Pause(pause)) {
      return;
    }
    pause = std::min(pause * 2, kLongestPause);
  }
}

bool NriDoor::Loop::Pause(std::chrono::milliseconds span) const {
  pollfd item{.fd = stop_.get(), .events = POLLIN, .revents = 0};
  return poll(&item, 1, static_cast<int>(span.count())) == 0;
}

bool NriDoor::Loop::ServeOnce() {
  auto connection = RuntimeConnection::Open(config_.socket);
  if (!connection.ok()) {
    Lost(false, std::move(connection).error());
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    if (ending_) {
      return false;
    }
    connection_ = *connection;
  }
  std::unique_ptr<Session> session;
  session = std::make_unique<Session>(*connection, config_.index, !only_create_, pool_,
                                      Listener(session));
  auto why = session->Serve(stop_.get());
  (*connection)->Break(why);
  const bool registered = session->registered();
  if (registered) {
    only_create_ = false;
  } else if (session->events_may_be_refused()) {
    only_create_ = true;
  }
  Lost(registered, std::move(why));
  return registered;
}

SessionListener NriDoor::Loop::Listener(const std::unique_ptr<Session>& session) {
  SessionListener listener;
  listener.configured = [this](std::string name, std::string version) {
    const std::lock_guard lock(mutex_);
    status_.runtime_name = std::move(name);
    status_.runtime_version = std::move(version);
  };
  listener.synchronised = [this, &session](RunningContainers::Collected running) {
    const auto count = static_cast<std::int64_t>(running.containers.size());
    const auto left_out = static_cast<std::int64_t>(running.left_out);
    const bool validates = session->validates();
    DoorStatus now;
    {
      const std::lock_guard lock(mutex_);
      status_.registered = true;
      status_.validates = validates;
      status_.running_left_out = running.left_out;
      status_.error.reset();
      now = status_;
    }
    logged_.clear();
    base::Log(base::Severity::kNotice, "nri-registered",
              {{"runtime", now.runtime_name},
               {"version", now.runtime_version},
               {"validates", validates},
               {"running", count},
               {"left-out", left_out}});
    report_.Put(std::move(running.containers));
  };
  listener.asked = [this] {
    const std::lock_guard lock(mutex_);
    ++status_.questions;
  };
  return listener;
}

void NriDoor::Loop::Lost(bool registered, base::Error why) {
  const std::string text = TextOf(why);
  std::int64_t gaps = 0;
  {
    const std::lock_guard lock(mutex_);
    connection_.reset();
    status_.registered = false;
    status_.validates = false;
    status_.error = std::move(why);
    if (ending_) {
      return;
    }
    if (registered) {
      ++status_.gaps;
    }
    gaps = static_cast<std::int64_t>(status_.gaps);
  }
  if (registered) {
    base::Log(base::Severity::kWarning, "nri-connection-lost", {{"error", text}, {"gaps", gaps}});
  } else if (text != logged_) {
    // A runtime that is away for long is said once.
    logged_ = text;
    base::Log(base::Severity::kWarning, "nri-not-registered", {{"error", text}});
  }
}

NriDoor::NriDoor(DoorConfig config, DoorRooms rooms) {
  if (!config.socket.empty()) {
    loop_ = std::make_unique<Loop>(std::move(config), std::move(rooms));
  }
}

NriDoor::~NriDoor() = default;

DoorStatus NriDoor::status() const {
  return loop_ ? loop_->status() : DoorStatus{};
}

}  // namespace sigward::nri
