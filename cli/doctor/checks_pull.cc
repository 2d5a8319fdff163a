#include <string>

#include "cli/doctor/checks.h"

namespace sigward::cli {
namespace {

constexpr const char* kSetup = "run sigward setup, then restart containerd";

std::string Of(const ContainerdFacts& containerd) {
  return "containerd " + std::to_string(containerd.pid);
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

/// Where there is no verifier at all. Returns false then.
bool CheckVerifierIsThere(const ContainerdFacts& containerd, std::vector<Finding>& findings) {
  if (containerd.config->verifier.has_value()) {
    return true;
  }
  const bool old = containerd.version.has_value() && containerd.version->major < 2;
  findings.push_back({"no-image-verifier", Severity::kPartial,
                      Of(containerd) +
                          (old ? " (" + containerd.version->text + ") has no image verifier"
                               : " runs no image verifier plugin") +
                          ": pulls are not checked, only creates are",
                      old ? "containerd 2.1 or newer checks pulls too"
                          : "take " + std::string(kVerifierPlugin) + " out of disabled_plugins"});
  return false;
}

void CheckBinDir(const ContainerdFacts& containerd, std::vector<Finding>& findings) {
  const auto& verifier = *containerd.config->verifier;
  const auto place = Of(containerd) + ": bin_dir " + verifier.bin_dir;
  if (!containerd.bin_dir.has_value()) {
    findings.push_back({"bin-dir-missing", Severity::kPartial,
                        place + " cannot be opened: every pull is let through", kSetup});
    return;
  }
  if (containerd.bin_dir->empty()) {
    findings.push_back({"bin-dir-empty", Severity::kPartial,
                        place + " is empty: every pull is let through", kSetup});
    return;
  }
  std::int64_t position = 0;
  for (const auto& program : *containerd.bin_dir) {
    if (program.ours) {
      break;
    }
    ++position;
  }
  if (position == static_cast<std::int64_t>(containerd.bin_dir->size())) {
    findings.push_back({"bin-dir-without-sigward", Severity::kPartial,
                        place + " does not hold sigward-image-verifier: pulls are not checked "
                                "by sigward",
                        kSetup});
  } else if (verifier.max_verifiers >= 0 && position >= verifier.max_verifiers) {
    findings.push_back({"verifier-skipped", Severity::kPartial,
                        place + " holds sigward-image-verifier behind the first " +
                            std::to_string(verifier.max_verifiers) +
                            " programs, and containerd runs no more",
                        "raise max_verifiers, or give the link a name that sorts first"});
  }
}

void CheckLocalPull(const ContainerdFacts& containerd, std::vector<Finding>& findings) {
  const ContainerdConfig& config = *containerd.config;
  if (!config.cri) {
    return;
  }
  if (containerd.version.has_value() && containerd.version->major == 2 &&
      containerd.version->minor == 0) {
    findings.push_back({"cri-pulls-unverified", Severity::kPartial,
                        Of(containerd) + " (" + containerd.version->text +
                            ") asks the verifier for ctr's pulls, not for Kubernetes'",
                        "containerd 2.1 or newer checks both"});
  }
  if (config.use_local_image_pull) {
    findings.push_back({"local-image-pull", Severity::kPartial,
                        Of(containerd) + ": use_local_image_pull is true, so Kubernetes' pulls "
                                         "are not checked",
                        "set use_local_image_pull = false and restart containerd"});
  } else if (!config.implied_local_pull.empty()) {
    findings.push_back({"local-image-pull-implied", Severity::kPartial,
                        Of(containerd) + " turns use_local_image_pull on by itself, because of " +
                            Joined(config.implied_local_pull) +
                            ": Kubernetes' pulls are not checked",
                        "remove these settings (mirrors belong into certs.d, docs/doctor.md says "
                        "what replaces the others) and restart containerd"});
  }
}

void CheckTimeout(const ContainerdFacts& containerd, const NodeFacts& facts,
                  std::vector<Finding>& findings) {
  const std::string& text = containerd.config->verifier->per_verifier_timeout;
  const auto timeout = ParseGoDuration(text);
  if (!timeout.has_value() || *timeout <= facts.pull_deadline) {
    findings.push_back({"verifier-timeout", Severity::kError,
                        Of(containerd) + ": per_verifier_timeout is " + text +
                            ", not more than sigward's own deadline of " +
                            std::to_string(facts.pull_deadline.count()) +
                            " ms: a slow answer fails the pull without a reason",
                        "raise per_verifier_timeout to 10s, or lower [gate] pull_deadline"});
  }
}

}  // namespace

void CheckPullGate(const NodeFacts& facts, std::vector<Finding>& findings) {
  for (const ContainerdFacts& containerd : facts.containerds) {
    if (!containerd.config.ok()) {
      findings.push_back({"config-unreadable", Severity::kPartial,
                          Of(containerd) + ": " + containerd.config.error().detail +
                              ": whether pulls are checked is unknown",
                          "run this as root, and see what `containerd config dump` says"});
      continue;
    }
    if (CheckVerifierIsThere(containerd, findings)) {
      CheckBinDir(containerd, findings);
      CheckLocalPull(containerd, findings);
      CheckTimeout(containerd, facts, findings);
    }
  }
}

}  // namespace sigward::cli
