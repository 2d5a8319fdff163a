#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::worker {

/// The version of Landlock that the running kernel has; 0 when it has none or it is switched off.
/// What a version brings: 1 files, 3 truncation, 4 TCP, 5 ioctl of devices, 6 signals and abstract
/// sockets.
int LandlockVersion();

/// Whether a process may connect to TCP ports. None may wait for connections.
enum class Tcp : std::uint8_t { kNone = 1, kConnects = 2 };

/// What a process may still reach, by paths, ports and signals, however it got hold of the numbers
/// (landlock(7)). As much of it as the kernel knows; nothing on one without Landlock.
class Reach {
 public:
  /// Whoever enters reads what is at or below READABLE (those of them that exist), which is no
  /// matter of names: a file that takes another's place later is not it. He opens nothing else,
  /// writes and makes nothing, waits at no TCP port, connects to one only as TCP says, and signals
  /// only what enters with him or after him, in processes that he forks. Fails with kInternal.
  static base::Result<Reach> Make(std::span<const std::string> readable, Tcp tcp);

  /// Binds the calling thread, and every thread and process that it starts. Each entering is a wall
  /// of its own: who enters again can no longer signal those who entered once. Needs
  /// PR_SET_NO_NEW_PRIVS. Nothing happens where kSealed is false. Fails with kInternal.
  base::Status Enter() const;

 private:
  explicit Reach(base::UniqueFd rules) : rules_(std::move(rules)) {}

  /// Not valid on a kernel without Landlock.
  base::UniqueFd rules_;
};

}  // namespace sigward::worker
