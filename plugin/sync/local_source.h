#pragma once

#include <string>

#include "base/result.h"

namespace sigward::sync {

/// Reads the compiled policy from a file of this host that only root can have written: PATH is
/// absolute; the file and every folder above it are root's, none is a symbolic link, and none may be
/// written by group or others (a folder with the sticky bit may, for there nobody can replace what is
/// another's). Such a file is a trust of its own ("local-root") and needs no signature.
/// Fails with kPolicyUnavailable, naming the part of the path that is wrong, or kTooLarge.
base::Result<std::string> ReadLocalPolicy(const std::string& path);

}  // namespace sigward::sync
