#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace sigward::worker {

/// Holds when (argument INDEX & MASK) == VALUE, or with DIFFERS when the whole argument is not
/// VALUE. A mask of 0 says nothing.
struct ArgumentRule {
  unsigned int index = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
  bool differs = false;
};

/// Architectures that know a call. arm64 came late and has none of those that were replaced.
enum class KnownOn : std::uint8_t { kEverywhere = 1, kX86Only = 2 };

/// One system call, or one shape of it. Several rules for one call add up.
struct CallRule {
  const char* name = nullptr;
  KnownOn known_on = KnownOn::kEverywhere;
  /// About different arguments: libseccomp takes one condition on each.
  std::array<ArgumentRule, 2> arguments{};
  /// Refused with this errno instead of what the list says; 0: what the list says.
  int error = 0;
};

/// What happens to a call that no rule names.
enum class Otherwise : std::uint8_t {
  /// The rules allow; every other call kills the process, an unknown number too.
  kKills = 1,
  /// The rules kill; every other call is allowed.
  kAllows = 2,
};

struct CallList {
  Otherwise otherwise;
  std::span<const CallRule> rules;
};

// One list per process, for x86_64 and aarch64. Whatever the list, a call through another
// architecture's table (i386, x32) kills.

/// The child of sigward-verifyd from before its connection to its end: it takes that, reads one
/// message with its sealed memories, answers. No path, no new socket, no process, no signal to
/// anybody (so an abort() of its own ends it by SIGSYS), no memory that is code.
CallList VerifydChildCalls();
/// What stays of sigward-verifyd, and what a child calls until it takes on its own list on top.
CallList VerifydParentCalls();
/// sigward-fetchd: internet and unix sockets, files for reading, threads.
CallList FetchdCalls();
/// sigwardd. What gRPC and the C++ library may call is not ours to list, so this one says what may
/// not be: other sockets than AF_UNIX (refused), programs, processes, debugging, mounts, modules,
/// keys, code in memory.
CallList SigwarddCalls();

}  // namespace sigward::worker
