#pragma once

#include <vector>

#include "cli/doctor/finding.h"
#include "cli/node/node_facts.h"

namespace sigward::cli {

// Each check looks at facts and adds what it finds; the ids are the rows of docs/doctor.md. What
// could not be read is never taken for good.

/// The pull gate: containerd's image verifier.
void CheckPullGate(const NodeFacts& facts, std::vector<Finding>& findings);
/// The create gate: PATH of containerd and its shims, and the folder that stands first in it.
void CheckCreateGate(const NodeFacts& facts, std::vector<Finding>& findings);
/// Runtime handlers of CRI and Docker that go past the create gate.
void CheckRuntimes(const NodeFacts& facts, std::vector<Finding>& findings);
/// Docker's image store.
void CheckDocker(const NodeFacts& facts, std::vector<Finding>& findings);
/// The daemon, its policy and its NRI door.
void CheckDaemon(const NodeFacts& facts, std::vector<Finding>& findings);

/// What the doors said to the canaries, where they were asked.
void CheckCanaries(const NodeFacts& facts, std::vector<Finding>& findings);

/// All of them.
std::vector<Finding> Diagnose(const NodeFacts& facts);

}  // namespace sigward::cli
