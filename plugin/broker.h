#pragma once

#include "base/config/config.h"
#include "base/unique_fd.h"

namespace sigward {

/// Runs the deciding process on LISTENER (the gate's socket) until SIGTERM or SIGINT; SIGHUP
/// reloads the policy. Returns the exit code.
int RunBroker(const Config& config, base::UniqueFd listener);

}  // namespace sigward
