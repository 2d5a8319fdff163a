#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/node/processes.h"
#include "cli/setup/plan.h"

namespace sigward::cli {

struct WhereToSetUp {
  /// Stands before every path, and no command of the system is run; empty for this node.
  std::string root;
  /// containerd's configuration; empty for what the running containerd was given, or its default.
  std::string containerd_config;
};

/// Looks at the files below ROOT.
LookAtFile FilesBelow(std::string root);

/// What earlier runs have written. Fails when the record is there and cannot be read.
base::Result<std::vector<Written>> ReadRecord(const LookAtFile& look);

/// Whether one of PROCESSES is a containerd that dockerd has started for itself.
bool DockerRunsItsOwn(const std::vector<NodeProcess>& processes);

/// Why this node must not be set up: no sigward-runtime, or a Docker whose containers would all be
/// refused. Fails with kConfigInvalid.
base::Status CheckNode(const std::string& root);

/// Reads the node. Fails with kConfigInvalid where PATH or a file cannot be used.
base::Result<SetupInputs> ReadInputs(const WhereToSetUp& where, const LookAtFile& look);

}  // namespace sigward::cli
