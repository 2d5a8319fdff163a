#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "rpc/gate_message.h"
#include "shim/runtime_arguments.h"

namespace sigward::shim {

/// How long a create waits for the gate.
struct GatePatience {
  /// For an answer, reconnects included: a daemon that is restarted delays a create. The daemon's
  /// own deadline is shorter; the whole create, exec included, is to stay within 10 s.
  std::chrono::milliseconds answer{9800};
  /// For the socket's folder to be there and root's alone. Where it is not, nothing of sigward
  /// runs, and a restart will not mend it.
  std::chrono::milliseconds folder{2000};
  /// Between two attempts.
  std::chrono::milliseconds pause{50};
};

/// The container's bundle folder, links resolved; the working directory when CALL names none. Fails
/// with kIoFailed, or kInvalidArguments when its path is not one that could be asked about.
base::Result<std::string> ResolveBundle(const RuntimeCall& call);

/// Asks the gate at SOCKET_PATH whether CALL may start what is in BUNDLE: the descriptors of
/// BUNDLE's config.json and of this process's mountinfo go along, in this order. Asks again while
/// nobody answers. Fails with kIoFailed when one of the two files cannot be read or config.json is
/// no regular file, else as rpc::AskGate for its last attempt.
base::Result<rpc::GateAnswer> AskAboutCreate(const std::string& socket_path,
                                             const RuntimeCall& call, const std::string& bundle,
                                             const GatePatience& patience = {});

}  // namespace sigward::shim
