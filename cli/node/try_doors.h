#pragma once

#include <string>

#include "cli/node/node_facts.h"

namespace sigward::cli {

/// Asks at both doors of CONTAINERD, one of FACTS, with the canaries, in the environment that its
/// verifiers and shims have, and puts the answers into it. ROOT stands before every path.
///
/// The pull door: sigward's own programs in its bin_dir; all of them where none is sigward's. Those
/// that containerd does not run, behind max_verifiers, are not asked.
/// The runtime door: the first `runc` in its PATH (`crun`, where that is the only real runtime),
/// and only where it is sigward-runtime: no other is ever run.
void TryDoors(const NodeFacts& facts, const std::string& root, ContainerdFacts& containerd);

}  // namespace sigward::cli
