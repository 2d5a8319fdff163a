#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "worker/verify/child.h"

namespace sigward::worker {

/// Most children at once on a machine of CORES processors, the one that is ready included.
std::size_t MaxChildren(unsigned int cores);

/// The process that stays: it keeps one child ready, which takes the next connection, and sees to
/// it that every child ends. It reads not one byte of what peers send, so nothing they send can
/// outlive a child. One thread.
class Parent {
 public:
  /// SEAL is what each child enters. Fails with kIoFailed.
  static base::Result<Parent> Make(base::UniqueFd listener, std::size_t max_children,
                                   ChildSeal seal);

  /// Serves until SIGTERM or SIGINT; then kills and reaps the children that are left. Fails with
  /// kIoFailed when it cannot wait for events.
  base::Status Run();

 private:
  struct Child {
    pid_t pid = -1;
    base::Deadline deadline;
  };
  /// A child that waits for a connection, and the pipe into which it puts a byte when it has one.
  struct ReadyChild {
    pid_t pid = -1;
    base::UniqueFd connected;
  };

  Parent(base::UniqueFd listener, base::UniqueFd signals, std::size_t max_children, ChildSeal seal)
      : listener_(std::move(listener)),
        signals_(std::move(signals)),
        max_children_(max_children),
        seal_(std::move(seal)) {}

  /// Milliseconds until something is due without an event, -1 when nothing is.
  int PollTimeout() const;
  bool MayFork() const;
  /// True when a signal says to end.
  bool TakeSignals();
  void ForkReady();
  /// The ready child is one of those that answer, or dead before its time.
  void ReadyIsGone();
  /// Reaps the dead, and kills who was stopped: nobody else would make him go on.
  void Reap();
  void KillLate();
  void KillAll();

  base::UniqueFd listener_;
  base::UniqueFd signals_;
  std::size_t max_children_;
  ChildSeal seal_;
  /// Those that answer.
  std::vector<Child> children_;
  std::optional<ReadyChild> ready_;
  /// Set while the machine is short of something that a child needs.
  std::optional<base::Deadline> pause_;
};

}  // namespace sigward::worker
