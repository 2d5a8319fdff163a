#pragma once

#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "worker/serving/idle_last_pool.h"

namespace sigward::worker {

/// Accepts connections on LISTENER and hands them to POOL; REFUSE gets those that it has no room
/// for, and must be quick. Returns when the listener fails: kIoFailed.
base::Error AcceptForever(int listener, IdleLastPool& pool,
                          const std::function<void(base::UniqueFd connection)>& refuse);

}  // namespace sigward::worker
