#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::rpc {

/// Most descriptors that a program takes from who started it.
inline constexpr std::size_t kMaxListenFds = 16;

/// A socket that was handed over at start, and what it is called there.
struct ListenFd {
  std::string name;
  base::UniqueFd socket;
};

/// Takes the descriptors that systemd (or sigward's own launcher) has handed over: $LISTEN_FDS of
/// them from number 3 on, when $LISTEN_PID is this process, named by $LISTEN_FDNAMES, "unknown"
/// without names (sd_listen_fds(3)). Marks them close-on-exec and unsets the variables, so that a
/// child does not take them for its own. Nothing handed over, or variables out of shape: an empty
/// list. To be called once, before a thread is started.
std::vector<ListenFd> TakeListenFds();

/// The one listening SOCK_SEQPACKET socket that TakeListenFds gives, or none when nothing was
/// handed over. Fails with kConfigInvalid when there is more than one descriptor or it is something
/// else.
base::Result<std::optional<base::UniqueFd>> TakeListenerIfAny();

/// Like TakeListenerIfAny where one is needed. Fails with kConfigInvalid when
/// there is not exactly one descriptor or it is something else.
base::Result<base::UniqueFd> TakeOnlyListener();

}  // namespace sigward::rpc
