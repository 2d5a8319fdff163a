#pragma once

#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "worker/serving/idle_last_pool.h"

namespace sigward::worker {

/// Accepts connections on LISTENER and hands them to POOL; REFUSE gets those that it has no room
/// for, and must be quick. Fails when the listener does, with kIoFailed. Ends well when OUTDATED
/// says, before a connection is taken, that this process is not one to serve it: it waits for
/// whoever serves LISTENER next.
base::Status AcceptForever(
    int listener, IdleLastPool& pool, const std::function<void(base::UniqueFd connection)>& refuse,
    const std::function<bool()>& outdated = [] { return false; });

}  // namespace sigward::worker
