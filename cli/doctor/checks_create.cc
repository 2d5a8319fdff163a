#include <string>

#include "cli/doctor/checks.h"

namespace sigward::cli {
namespace {

constexpr std::string_view kRuncShim = "containerd-shim-runc-v2";
/// Shims that are named one by one in a finding.
constexpr std::size_t kMaxNamedShims = 10;

/// What is wrong with a PATH; empty when sigward's folder is first.
std::string WrongWith(bool read, const std::string& path, const NodeFacts& facts) {
  if (!read) {
    return "has an environment that cannot be read";
  }
  const PathVerdict verdict = JudgePath(path, facts.runtime_folder, facts.has_program);
  switch (verdict.order) {
    case PathOrder::kFirst:
      return {};
    case PathOrder::kBehind:
      return "finds " + verdict.ahead + " in PATH before " + facts.runtime_folder;
    case PathOrder::kAbsent:
      return "has no " + facts.runtime_folder + " in PATH";
  }
  return "has an unknown PATH";
}

void CheckContainerdPath(const NodeFacts& facts, const ContainerdFacts& containerd,
                         std::vector<Finding>& findings) {
  const std::string name = "containerd " + std::to_string(containerd.pid);
  const std::string wrong = WrongWith(containerd.environment_read, containerd.path, facts);
  if (!wrong.empty()) {
    findings.push_back({"containerd-path", Severity::kFailOpen,
                        name + " " + wrong + ": new containers start without a question",
                        "run sigward setup, then restart containerd (containers go on running)"});
  }
  if (!containerd.config.ok()) {
    return;
  }
  for (const std::string& entry : containerd.config->shim_environment) {
    constexpr std::string_view kPath = "PATH=";
    const std::string shim_wrong =
        entry.starts_with(kPath) ? WrongWith(true, entry.substr(kPath.size()), facts) : "";
    if (!shim_wrong.empty()) {
      findings.push_back({"shim-env-path", Severity::kFailOpen,
                          name +
                              " gives its shims another PATH (io.containerd.shim.v1.manager "
                              "env), which " +
                              shim_wrong,
                          "put " + facts.runtime_folder + " first in that PATH, or remove it"});
    }
  }
}

std::string NameOf(const ShimFacts& shim) {
  return std::to_string(shim.pid) + " (" + shim.namespace_name + " " + shim.id + ")";
}

/// Adds one finding for all SHIMS, which names the first few of them.
void AddForShims(const std::vector<std::string>& shims, Finding finding,
                 std::vector<Finding>& findings) {
  if (shims.empty()) {
    return;
  }
  std::string names;
  for (std::size_t i = 0; i < shims.size() && i < kMaxNamedShims; ++i) {
    names += (i == 0 ? "" : ", ") + shims[i];
  }
  if (shims.size() > kMaxNamedShims) {
    names += " and " + std::to_string(shims.size() - kMaxNamedShims) + " more";
  }
  finding.text += names;
  findings.push_back(std::move(finding));
}

}  // namespace

void CheckCreateGate(const NodeFacts& facts, std::vector<Finding>& findings) {
  if (!facts.missing_wrappers.empty()) {
    std::string names;
    for (const std::string& name : facts.missing_wrappers) {
      names += (names.empty() ? "" : " and ") + name;
    }
    findings.push_back({"wrapper-missing", Severity::kFailOpen,
                        facts.runtime_folder + " does not hold sigward-runtime as " + names,
                        "install sigward again"});
  }
  if (facts.containerds.empty()) {
    findings.push_back({"containerd-not-found", Severity::kFailOpen,
                        "no containerd of this node is running, or this is not root: nothing shows "
                        "that the gates are in force",
                        "start containerd and ask again as root"});
  }
  for (const ContainerdFacts& containerd : facts.containerds) {
    CheckContainerdPath(facts, containerd, findings);
  }
  std::vector<std::string> old;
  std::vector<std::string> foreign;
  for (const ShimFacts& shim : facts.shims) {
    if (shim.name != kRuncShim) {
      foreign.push_back(shim.name + " " + NameOf(shim));
    } else if (!WrongWith(shim.environment_read, shim.path, facts).empty()) {
      old.push_back(NameOf(shim));
    }
  }
  AddForShims(old,
              {"shim-path", Severity::kPartial,
               "shims that do not meet sigward's runtime, so new containers of their pods start "
               "without a question: ",
               "restart these pods or containers: they were started before sigward's PATH"},
              findings);
  AddForShims(foreign,
              {"foreign-shim", Severity::kPartial,
               "shims that run no OCI runtime, where only NRI sees containers: ",
               "see runtime-past-wrapper"},
              findings);
}

std::vector<Finding> Diagnose(const NodeFacts& facts) {
  std::vector<Finding> findings;
  CheckPullGate(facts, findings);
  CheckCreateGate(facts, findings);
  CheckRuntimes(facts, findings);
  CheckDocker(facts, findings);
  CheckDaemon(facts, findings);
  CheckCanaries(facts, findings);
  return findings;
}

}  // namespace sigward::cli
