#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::worker {

/// Most children at once on a machine of CORES processors.
std::size_t MaxChildren(unsigned int cores);

/// The process that stays: it accepts connections, forks a child for each, and sees to it that
/// every child ends. It reads not one byte of what peers send, so nothing they send can outlive a
/// child. One thread.
class Parent {
 public:
  /// Fails with kIoFailed.
  static base::Result<Parent> Make(base::UniqueFd listener, std::size_t max_children);

  /// Serves until SIGTERM or SIGINT; then kills and reaps the children that are left. Fails with
  /// kIoFailed when it cannot wait for events.
  base::Status Run();

 private:
  struct Child {
    pid_t pid = -1;
    base::Deadline deadline;
  };

  Parent(base::UniqueFd listener, base::UniqueFd signals, std::size_t max_children)
      : listener_(std::move(listener)), signals_(std::move(signals)), max_children_(max_children) {}

  /// Milliseconds until something is due without an event, -1 when nothing is.
  int PollTimeout() const;
  bool MayAccept() const;
  /// True when a signal says to end.
  bool TakeSignals();
  void AcceptOne();
  void Reap();
  void KillLate();
  void KillAll();

  base::UniqueFd listener_;
  base::UniqueFd signals_;
  std::size_t max_children_;
  std::vector<Child> children_;
  /// Set while the machine is short of something that accept or fork needs.
  std::optional<base::Deadline> pause_;
};

}  // namespace sigward::worker
