#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/users.h"

namespace sigward::worker {

// What a worker gives up before it reads a foreign byte. Every step fails with kInternal, and a
// worker that cannot take one must not go on. The lists of system calls are call_filter.h's, files,
// ports and signals landlock.h's; both come after what is here.

using base::kFetchdUser;
using base::kVerifydUser;

/// What a worker keeps of root's rights.
enum class Keeps : std::uint8_t {
  kNothing = 1,
  /// CAP_DAC_READ_SEARCH: hosts.toml and the certificates that it names are often readable for root
  /// alone. Landlock says which files they are. A root without that capability, as in a container,
  /// keeps nothing.
  kReadingFiles = 2,
};

/// Sanitizers keep terabytes of address space for their shadow, write their findings to standard
/// error, and look for leaks through ptrace: their builds leave those three doors open.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSealed = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSealed = false;
#else
inline constexpr bool kSealed = true;
#endif
#else
inline constexpr bool kSealed = true;
#endif

/// No more rights by exec: what every list of system calls needs first.
base::Status RefuseNewPrivileges();

/// Both workers, first of all: no more rights by exec, no debugger and no core dump (both would
/// show one image's bytes to another's), standard input and output on /dev/null, SIGPIPE ignored.
base::Status HardenProcess();

/// Goes from root to USER and the group of that number with no other group, for good, and keeps
/// what KEEPS names. Whoever is not root stays who he is. The signal at the parent's death, which
/// the kernel forgets on the way, is kept.
base::Status DropRoot(uid_t user, Keeps keeps);

struct ProcessLimits {
  std::size_t address_space;  // bytes
  std::size_t descriptors;
};

/// Bounds a worker that stays and has threads, and lets it use all of that. A hard limit that is
/// lower already remains.
base::Status LimitProcess(const ProcessLimits& limits);

struct ChildLimits {
  std::chrono::seconds cpu;
  std::size_t address_space;  // bytes
  std::size_t descriptors;
};

/// Enters the process of one question, a child of a hardened PARENT: dies with it, keeps no
/// descriptor but KEPT and the standard ones (all on /dev/null), writes no file, forks nobody
/// (unless it is root's), and is killed beyond LIMITS.
base::Status EnterChild(std::array<int, 2> kept, pid_t parent, const ChildLimits& limits);

}  // namespace sigward::worker
