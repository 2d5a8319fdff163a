#include <algorithm>
#include <string>

#include "cli/doctor/checks.h"

namespace sigward::cli {
namespace {

constexpr std::string_view kRuncType = "io.containerd.runc.v2";
constexpr std::string_view kRuncShim = "containerd-shim-runc-v2";
/// It runs runc from PATH itself, and so meets the wrapper.
constexpr std::string_view kNvidiaRuntime = "nvidia-container-runtime";

std::string_view LastPart(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// How a runtime program goes past sigward's; empty when it does not. A bare name is looked up in
/// PATH, where only runc and crun are sigward's.
std::string PastWrapper(const std::string& program, const NodeFacts& facts) {
  if (program.empty() || LastPart(program).starts_with(kNvidiaRuntime)) {
    return {};
  }
  if (!program.starts_with('/')) {
    const bool wrapped = std::find(std::begin(kRuntimeNames), std::end(kRuntimeNames), program) !=
                         std::end(kRuntimeNames);
    return wrapped ? "" : "runs " + program + ", which sigward does not stand in for";
  }
  return facts.is_wrapper(program) ? "" : "runs " + program + " itself";
}

bool IsRuncShim(const std::string& type) {
  return type.empty() || type == kRuncType || LastPart(type) == kRuncShim;
}

std::string PastWrapper(const RuntimeRoute& route, const NodeFacts& facts) {
  if (!IsRuncShim(route.type)) {
    return "is of type " + route.type + ", which runs no OCI runtime";
  }
  if (!route.shim_path.empty() && LastPart(route.shim_path) != kRuncShim) {
    return "runs the shim " + route.shim_path;
  }
  return PastWrapper(route.binary_name, facts);
}

void CheckRoutes(const NodeFacts& facts, const ContainerdFacts& containerd,
                 std::vector<Finding>& findings) {
  const bool nri =
      containerd.config->nri && facts.gate.nri.has_value() && facts.gate.nri->registered;
  for (const RuntimeRoute& route : containerd.config->runtimes) {
    const std::string how = PastWrapper(route, facts);
    if (how.empty()) {
      continue;
    }
    // NRI alone lets a container start when the plugin is late, so it never makes a node whole.
    const bool is_default = route.name == containerd.config->default_runtime;
    findings.push_back(
        {"runtime-past-wrapper", is_default || !nri ? Severity::kFailOpen : Severity::kPartial,
         "containerd " + std::to_string(containerd.pid) + ": the " +
             (is_default ? "default " : "") + "runtime handler " + route.name + " " + how +
             (nri ? ": only NRI sees its containers, and NRI lets through what it gets no answer "
                    "for"
                  : ": its containers start without a question"),
         "let BinaryName be runc or crun without a path; for kata or gVisor keep NRI on and see "
         "docs/limitations.md"});
  }
}

}  // namespace

void CheckRuntimes(const NodeFacts& facts, std::vector<Finding>& findings) {
  for (const ContainerdFacts& containerd : facts.containerds) {
    if (containerd.config.ok()) {
      CheckRoutes(facts, containerd, findings);
    }
  }
  for (const DockerRuntime& runtime : facts.docker.runtimes) {
    std::string how;
    if (!IsRuncShim(runtime.type)) {
      how = "is of type " + runtime.type + ", which runs no OCI runtime";
    } else {
      how = PastWrapper(runtime.path, facts);
    }
    if (how.empty()) {
      continue;
    }
    const bool is_default = runtime.name == facts.docker.default_runtime;
    findings.push_back({"docker-runtime", is_default ? Severity::kFailOpen : Severity::kPartial,
                        "Docker's " + std::string(is_default ? "default " : "") + "runtime " +
                            runtime.name + " " + how + ": its containers start without a question",
                        "take it out of Docker's runtimes, or let its path be runc or crun"});
  }
}

void CheckDocker(const NodeFacts& facts, std::vector<Finding>& findings) {
  if (facts.docker.store == DockerStore::kClassic) {
    findings.push_back({"docker-classic-store", Severity::kError,
                        "Docker keeps its images in its classic store (" + facts.docker.evidence +
                            "): nothing proves what its containers are made of, so each is refused",
                        "turn on Docker's containerd image store (features.containerd-snapshotter) "
                        "and pull the images again"});
  } else if (facts.docker.store == DockerStore::kUnknown) {
    findings.push_back({"docker-store-unknown", Severity::kNote,
                        facts.docker.evidence + "; with its classic store every container of "
                                                "Docker's is refused",
                        "start Docker and ask again"});
  }
}

}  // namespace sigward::cli
