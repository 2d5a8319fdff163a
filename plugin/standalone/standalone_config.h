#pragma once

#include <string>

#include "base/result.h"

namespace sigward {

/// The text of a configuration for workers that serve no node: hosts.toml files lie in HOSTS_DIR,
/// credentials in AUTH_FILE (docker's config.json), absolute paths; the latter may be empty. Fails
/// with kConfigInvalid when a configuration cannot hold such a path.
base::Result<std::string> StandaloneConfig(const std::string& hosts_dir,
                                           const std::string& auth_file);

/// The text of the node's configuration at PATH, as ParseConfig takes it. Fails with
/// kConfigInvalid.
base::Result<std::string> NodeConfig(const std::string& path);

}  // namespace sigward
