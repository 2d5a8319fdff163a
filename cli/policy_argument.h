#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/problems.h"
#include "policy/snapshot.h"

namespace sigward::cli {

/// The policy at PATH: a file that `sigward policy compile` has written, or a file or folder of
/// sources as ReadPolicySources takes them. It is generation 1, as a daemon's first one is. Null
/// when something in the sources is wrong: that is in PROBLEMS, warnings are in any case. Fails
/// with kIoFailed, kTooLarge or, for a compiled file, kPolicyInvalid.
base::Result<std::shared_ptr<const policy::PolicySnapshot>> LoadPolicy(const std::string& path,
                                                                       Problems& problems);

}  // namespace sigward::cli
