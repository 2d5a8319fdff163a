#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/node/canary.h"
#include "cli/node/containerd_config.h"
#include "cli/node/docker.h"
#include "cli/node/search_path.h"

namespace sigward::cli {

/// Where sigward is installed. `sigward setup` and the units name these folders too.
inline constexpr const char* kRuntimeFolder = "/usr/lib/sigward/runtime";
inline constexpr const char* kVerifierFolder = "/usr/lib/sigward/image-verifier";
inline constexpr const char* kVerifierProgram = "/usr/lib/sigward/sigward-image-verifier";
inline constexpr const char* kRuntimeProgramName = "sigward-runtime";
inline constexpr const char* kVerifierProgramName = "sigward-image-verifier";

/// A running containerd.
struct ContainerdFacts {
  pid_t pid = -1;
  bool environment_read = false;
  std::string path;
  /// $SIGWARD_GATE_SOCKET of it, where it has one.
  std::optional<std::string> gate_socket;
  /// None when `containerd --version` said nothing of use.
  std::optional<ContainerdVersion> version;
  /// Its merged configuration, or why it could not be read.
  base::Result<ContainerdConfig> config =
      base::Fail(base::Reason::kConfigInvalid, "its configuration was not read");
  /// The programs in its bin_dir in the order in which they are run; none when there is no folder.
  struct Program {
    std::string name;
    bool ours = false;
  };
  std::optional<std::vector<Program>> bin_dir;
  /// What its doors said to the canaries, where they were asked.
  std::vector<PullCanary> pull_canaries;
  std::optional<CreateCanary> create_canary;
};

/// A running shim of containerd.
struct ShimFacts {
  pid_t pid = -1;
  /// What it was started as: "containerd-shim-runc-v2".
  std::string name;
  std::string namespace_name;
  std::string id;
  bool environment_read = false;
  std::string path;
};

/// What `sigward status` says.
struct GateFacts {
  bool answered = false;
  /// Why it did not.
  std::string error;
  bool policy_active = false;
  std::string policy_error;
  struct Nri {
    bool registered = false;
    std::int64_t gaps = 0;
    std::string error;
  };
  /// None when the daemon says nothing about NRI.
  std::optional<Nri> nri;
};

/// Everything that the checks look at; they themselves read nothing.
struct NodeFacts {
  std::string runtime_folder = kRuntimeFolder;
  /// Which of kRuntimeNames are not sigward-runtime in runtime_folder.
  std::vector<std::string> missing_wrappers;
  std::vector<ContainerdFacts> containerds;
  std::vector<ShimFacts> shims;
  DockerFacts docker;
  GateFacts gate;
  std::chrono::milliseconds pull_deadline{8000};
  /// [containerd] state of sigwardd's configuration.
  std::string containerd_state = "/run/containerd";
  /// Whether a path is sigward-runtime, and whether a folder has another runtime.
  std::function<bool(const std::string& path)> is_wrapper = [](const std::string&) {
    return false;
  };
  HasProgram has_program = [](const std::string&, std::string_view) { return false; };
};

struct WhereToLook {
  /// Stands before every path; empty for this node.
  std::string root;
  std::string runtime_folder = kRuntimeFolder;
  /// sigwardd's configuration.
  std::string config = "/etc/sigward/config.toml";
  /// Looks at this containerd alone; 0 for all.
  pid_t containerd = 0;
  /// Whether the doors are asked with the canaries, see try_doors.h.
  bool canaries = false;
};

/// Reads the node. What cannot be read is said in the facts, each in its own place.
NodeFacts LookAtNode(const WhereToLook& where);

/// Runs PROGRAM with ARGUMENTS of a running containerd: `--version`, and `config dump` with the
/// same --config. Empty when it fails.
std::string ContainerdVersionOutput(const std::string& program);
base::Result<std::string> DumpContainerdConfig(const std::string& program,
                                               const std::string& config_path);

/// Whether the file at PATH is the program of this NAME, links followed.
bool IsProgram(const std::string& path, std::string_view name);

}  // namespace sigward::cli
