#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rpc/gate_message.h"

namespace sigward::rpc {

/// The gate's socket: $SIGWARD_GATE_SOCKET, or kDefaultGateSocket.
std::string GateSocketPath();

/// Asks the gate at PATH one question. Connects only where the socket's folder is root's and nobody
/// else may write to it, and takes an answer only when it was sent by a process of root
/// (SCM_CREDENTIALS: with socket activation SO_PEERCRED would show who made the socket).
/// DESCRIPTORS go along with the question.
/// Fails with kGateUnreachable, kTimeout or kProtocol.
base::Result<GateAnswer> AskGate(const std::string& path, const GateQuestion& question,
                                 const base::Deadline& deadline,
                                 const std::vector<int>& descriptors = {});

}  // namespace sigward::rpc
