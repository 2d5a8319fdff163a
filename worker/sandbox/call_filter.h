#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "worker/sandbox/call_list.h"

namespace sigward::worker {

/// A list of system calls as the kernel takes it (seccomp(2)). Made once, since libseccomp needs
/// milliseconds for it; entered in one call, by as many processes as have a copy.
class CallFilter {
 public:
  /// The filter of LIST for ARCHITECTURE (SCMP_ARCH_…), this machine's unless named. Fails with
  /// kInternal: a name that the architecture does not have, or no memory.
  static base::Result<CallFilter> Make(const CallList& list);
  static base::Result<CallFilter> Make(const CallList& list, std::uint32_t architecture);

  /// Binds the calling thread, every thread and process that it starts, and every program. Needs
  /// PR_SET_NO_NEW_PRIVS. Nothing happens where kSealed is false. Fails with kInternal.
  base::Status Enter() const;

  /// Instructions.
  std::size_t size() const { return program_.size(); }

 private:
  explicit CallFilter(std::vector<sock_filter> program) : program_(std::move(program)) {}

  std::vector<sock_filter> program_;
};

}  // namespace sigward::worker
