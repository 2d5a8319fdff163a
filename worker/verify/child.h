#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>

#include "worker/sandbox/call_filter.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/sandbox.h"

namespace sigward::worker {

/// How long one question may take, from connection to answer; the parent kills a child that is
/// later.
inline constexpr std::chrono::milliseconds kChildTime{5000};
/// How much of that it may compute; under a sanitizer everything takes many times as long.
inline constexpr std::chrono::seconds kChildCpuTime{kSealed ? 2 : 20};
/// Address space of a child: the parent's own, the evidence, and what the largest manifest grows to
/// while it is parsed.
inline constexpr std::size_t kChildAddressSpace = 512U << 20;
/// Descriptors of a child: the standard ones, the connection, and what a frame can bring.
inline constexpr std::size_t kChildDescriptors = 32;

/// What a child shuts itself in with; the parent has it ready.
struct ChildSeal {
  CallFilter calls;
  Reach reach;
};

/// The life of a child forked by PARENT: shuts itself in with SEAL, takes one connection of
/// LISTENER, which is non-blocking, tells the parent with a byte into the pipe CONNECTED, closes
/// both, and only then reads: answers one question, ends. Nothing of the parent's is torn down on
/// the way (no exit handlers, no destructors). The status is 0 when it did what it could, also when
/// the peer went away, and 1 when it could not shut itself in or no connection can be taken.
[[noreturn]] void RunChild(int listener, int connected, pid_t parent, const ChildSeal& seal);

}  // namespace sigward::worker
