#include <algorithm>
#include <string>

#include "cli/doctor/checks.h"

namespace sigward::cli {
namespace {

std::string Of(const ContainerdFacts& containerd) {
  return "containerd " + std::to_string(containerd.pid);
}

/// "exit code 1, LINE", or why there was no exit code.
std::string Said(const CanaryAnswer& answer) {
  if (answer.exit_code < 0) {
    return answer.line.empty() ? "ended by a signal" : answer.line;
  }
  return "exit code " + std::to_string(answer.exit_code) + ", \"" + answer.line + "\"";
}

void AddNotTried(const ContainerdFacts& containerd, const char* door, const std::string& why,
                 std::vector<Finding>& findings) {
  findings.push_back({"canary-not-tried", Severity::kPartial,
                      Of(containerd) + ": nothing shows that " + door + " are refused: " + why,
                      "mend what it says, and ask again as root"});
}

void CheckPull(const ContainerdFacts& containerd, std::vector<Finding>& findings) {
  std::vector<const PullCanary*> tried;
  for (const PullCanary& canary : containerd.pull_canaries) {
    if (canary.not_tried.empty()) {
      tried.push_back(&canary);
    } else {
      AddNotTried(containerd, "pulls", canary.not_tried, findings);
    }
  }
  const auto first = [&](const auto& is) -> const PullCanary* {
    const auto found = std::find_if(tried.begin(), tried.end(), is);
    return found == tried.end() ? nullptr : *found;
  };
  if (tried.empty()) {
    return;
  }
  // containerd refuses what one of its verifiers refuses.
  const PullCanary* gate =
      first([](const PullCanary* one) { return RefusesPullCanary(one->must_be_refused); });
  const PullCanary* refusing =
      first([](const PullCanary* one) { return one->must_be_refused.exit_code != 0; });
  if (gate != nullptr) {
    if (!gate->must_pass.has_value() || gate->must_pass->exit_code != 0) {
      findings.push_back({"pull-canary-not-passed", Severity::kPartial,
                          Of(containerd) + ": " + gate->program +
                              " refuses the image that must pass too: " +
                              Said(gate->must_pass.value_or(CanaryAnswer())),
                          "look at the log of sigward.service; use one version of all programs"});
    }
  } else if (refusing == nullptr) {
    findings.push_back({"pull-canary-not-refused", Severity::kPartial,
                        Of(containerd) + ": " + tried.front()->program +
                            " lets the image pass that must be refused: every pull is let through",
                        "see that bin_dir holds sigward-image-verifier of this version"});
  } else {
    findings.push_back({"pull-canary-unanswered", Severity::kPartial,
                        Of(containerd) + ": " + refusing->program +
                            " does not reach the gate, so that pulls are refused without being "
                            "judged: " +
                            Said(refusing->must_be_refused),
                        "start sigward.service with a policy; containerd's SIGWARD_GATE_SOCKET "
                        "names its socket"});
  }
}

void CheckCreate(const ContainerdFacts& containerd, std::vector<Finding>& findings) {
  if (!containerd.create_canary.has_value()) {
    return;
  }
  const CreateCanary& canary = *containerd.create_canary;
  if (!canary.not_tried.empty()) {
    AddNotTried(containerd, "creates", canary.not_tried, findings);
    return;
  }
  const std::string place = Of(containerd) + ": " + canary.program;
  if (canary.must_be_refused.exit_code == 0) {
    findings.push_back({"create-canary-started", Severity::kFailOpen,
                        place + " created a container of which containerd knows nothing: the gate "
                                "lets everything pass",
                        "see that the program is sigward-runtime of this version"});
  } else if (canary.must_be_refused.exit_code > 0 && !IsGateLine(canary.must_be_refused.line)) {
    findings.push_back({"create-canary-started", Severity::kFailOpen,
                        place +
                            " did not refuse a container of which containerd knows nothing, "
                            "only the real runtime did: " +
                            Said(canary.must_be_refused),
                        "see that the program is sigward-runtime of this version"});
  } else if (!RefusesCreateCanary(canary.must_be_refused)) {
    findings.push_back({"create-canary-unanswered", Severity::kPartial,
                        place +
                            " does not get an answer of the gate, so that creates are refused "
                            "without being judged: " +
                            Said(canary.must_be_refused),
                        "start sigward.service with a policy; [containerd] address and state are "
                        "those of containerd"});
  } else if (!canary.must_pass.has_value() || !PassesCreateCanary(*canary.must_pass)) {
    findings.push_back({"create-canary-not-passed", Severity::kPartial,
                        place +
                            " does not hand the container that must pass to the real runtime: " +
                            Said(canary.must_pass.value_or(CanaryAnswer())),
                        "look at the log of sigward.service; use one version of all programs"});
  }
  if (canary.version.exit_code != 0) {
    findings.push_back(
        {"create-canary-not-passed", Severity::kPartial,
         place + " does not reach the real runtime with --version: " + Said(canary.version),
         "see that containerd's PATH has a runtime of root's behind sigward's "
         "folder"});
  }
}

}  // namespace

void CheckCanaries(const NodeFacts& facts, std::vector<Finding>& findings) {
  for (const ContainerdFacts& containerd : facts.containerds) {
    CheckPull(containerd, findings);
    CheckCreate(containerd, findings);
  }
}

}  // namespace sigward::cli
