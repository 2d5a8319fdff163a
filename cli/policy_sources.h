#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "cli/problems.h"
#include "cli/tuf_mirror.h"
#include "policy/snapshot.h"

namespace sigward::cli {

/// Most files that one policy is compiled from.
inline constexpr std::size_t kMaxPolicyFiles = 4096;

struct SourceText {
  /// As messages name it.
  std::string file;
  std::string text;
};

struct CompiledPolicy {
  /// policy::Compile's.
  std::string text;
  std::size_t policies = 0;
  policy::NoMatch no_match = policy::NoMatch::kDeny;
};

/// The files behind PATHS: a file stands for itself, a folder for its *.yaml, *.yml and *.json in
/// the order of their names (folders in it are not entered). Fails with kIoFailed (also for a
/// folder without such a file) or kTooLarge (kMaxPolicyFiles, kMaxYamlBytes).
base::Result<std::vector<SourceText>> ReadPolicySources(const std::vector<std::string>& paths);

struct CompileOptions {
  /// The trust root of Sigstore's public instances (trusted_root.json), for policies that name no
  /// other. Read only when one does.
  std::string public_good_root = {};
  /// For TrustRoots that are in TUF repositories.
  TufMirrors mirrors = {};
};

/// With the trust root that is installed with sigward, and the system's time.
CompileOptions InstalledCompileOptions();

/// Compiles all documents of SOURCES: ClusterImagePolicies and TrustRoots of policy.sigstore.dev,
/// at most one ConfigMap of policy-controller and one NodePolicy of sigward, and Lists of these.
/// All that is wrong is put into PROBLEMS; empty when there was an error.
std::optional<CompiledPolicy> CompileSources(std::span<const SourceText> sources,
                                             Problems& problems,
                                             const CompileOptions& options = {});

}  // namespace sigward::cli
