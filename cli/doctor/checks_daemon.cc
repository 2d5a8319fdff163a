#include <algorithm>
#include <string>

#include "cli/doctor/checks.h"

namespace sigward::cli {
namespace {

void CheckNri(const NodeFacts& facts, std::vector<Finding>& findings) {
  const bool on = std::any_of(facts.containerds.begin(), facts.containerds.end(),
                              [](const ContainerdFacts& containerd) {
                                return containerd.config.ok() && containerd.config->nri;
                              });
  if (!on) {
    findings.push_back({"nri-off", Severity::kNote,
                        "containerd's NRI is off or not there: refusals of pods come from the "
                        "runtime alone, without the pod's name",
                        "set disable = false in [plugins.'io.containerd.nri.v1.nri']"});
    return;
  }
  if (!facts.gate.answered) {
    return;
  }
  if (!facts.gate.nri.has_value()) {
    findings.push_back({"nri-unknown", Severity::kNote,
                        "the daemon does not say whether it is registered with NRI",
                        "see that sigward and sigwardd are of one version"});
  } else if (!facts.gate.nri->registered) {
    findings.push_back({"nri-not-registered", Severity::kError,
                        "containerd's NRI is on, but sigwardd is not registered with it" +
                            (facts.gate.nri->error.empty() ? "" : ": " + facts.gate.nri->error),
                        "compare [nri] socket with containerd's socket_path"});
  }
  if (facts.gate.nri.has_value() && facts.gate.nri->gaps > 0) {
    findings.push_back({"nri-gaps", Severity::kNote,
                        "since its start sigwardd has lost the connection to NRI, gaps: " +
                            std::to_string(facts.gate.nri->gaps),
                        "look in the log why; the runtime's gate was there meanwhile"});
  }
}

}  // namespace

void CheckDaemon(const NodeFacts& facts, std::vector<Finding>& findings) {
  if (!facts.gate.answered) {
    findings.push_back(
        {"daemon-not-running", Severity::kError,
         "sigwardd does not answer (" + facts.gate.error + "): every pull and create is refused",
         "systemctl start sigward.service, and look at its log"});
  } else if (!facts.gate.policy_active) {
    findings.push_back({"policy-not-active", Severity::kError,
                        "no policy is in force, so every image is refused" +
                            (facts.gate.policy_error.empty() ? "" : ": " + facts.gate.policy_error),
                        "compile a policy to where [policy] source says"});
  } else if (!facts.gate.policy_error.empty()) {
    findings.push_back({"policy-stale", Severity::kError,
                        "the last loading of the policy failed, an older one is in force: " +
                            facts.gate.policy_error,
                        "mend the policy and reload"});
  }
  CheckNri(facts, findings);
}

}  // namespace sigward::cli
