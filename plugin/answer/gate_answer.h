#pragma once

#include <string>

#include "base/result.h"
#include "plugin/journal/journal.h"
#include "policy/evaluate.h"
#include "rpc/gate_message.h"

namespace sigward {

/// DECISION as it goes back over the gate's socket.
rpc::GateAnswer AnswerOf(const policy::Decision& decision, journal::Told told);

/// The decision about a question that no policy was asked about, because of ERROR.
policy::Decision Refusal(base::Error error);

/// "reason: detail", one line of bounded length.
std::string LineOf(const base::Error& error);

}  // namespace sigward
