#include "cli/node/try_doors.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "rpc/gate_message.h"

namespace sigward::cli {
namespace {

std::vector<std::string> EnvironmentOf(const ContainerdFacts& containerd) {
  std::vector<std::string> environment{"PATH=" + containerd.path};
  if (containerd.gate_socket.has_value()) {
    environment.push_back(std::string(rpc::kGateSocketVariable) + "=" + *containerd.gate_socket);
  }
  return environment;
}

void TryPull(const std::string& root, ContainerdFacts& containerd) {
  if (!containerd.config.ok() || !containerd.config->verifier.has_value() ||
      !containerd.bin_dir.has_value()) {
    return;
  }
  const auto& verifier = *containerd.config->verifier;
  std::vector<ContainerdFacts::Program> run = *containerd.bin_dir;
  if (verifier.max_verifiers >= 0 &&
      run.size() > static_cast<std::size_t>(verifier.max_verifiers)) {
    run.resize(static_cast<std::size_t>(verifier.max_verifiers));
  }
  const bool any_ours = std::any_of(run.begin(), run.end(), [](const auto& p) { return p.ours; });
  for (const auto& program : run) {
    if (program.ours == any_ours) {
      containerd.pull_canaries.push_back(
          TryPullDoor(root + verifier.bin_dir + "/" + program.name, EnvironmentOf(containerd)));
    }
  }
}

/// The first program of this NAME in PATH; empty when there is none.
std::string FirstInPath(const std::string& root, const std::string& path, std::string_view name) {
  for (const std::string& folder : SplitPath(path)) {
    std::string program = root + folder + "/" + std::string(name);
    if (folder.starts_with('/') && access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return {};
}

/// The name under which PATH has a real runtime; the first one when it has none.
std::string_view RuntimeIn(const std::string& path, const HasProgram& has) {
  const auto folders = SplitPath(path);
  for (const std::string_view name : kRuntimeNames) {
    if (std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
          return folder.starts_with('/') && has(folder, name);
        })) {
      return name;
    }
  }
  return kRuntimeNames.front();
}

void TryCreate(const NodeFacts& facts, const std::string& root, ContainerdFacts& containerd) {
  const std::string program =
      FirstInPath(root, containerd.path, RuntimeIn(containerd.path, facts.has_program));
  if (!IsProgram(program, kRuntimeProgramName)) {
    return;
  }
  const std::string& state =
      containerd.config.ok() ? containerd.config->state : facts.containerd_state;
  containerd.create_canary = TryCreateDoor(program, root + state, EnvironmentOf(containerd));
}

}  // namespace

void TryDoors(const NodeFacts& facts, const std::string& root, ContainerdFacts& containerd) {
  if (!containerd.environment_read) {
    return;
  }
  TryPull(root, containerd);
  TryCreate(facts, root, containerd);
}

}  // namespace sigward::cli
