#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/text.h"
#include "policy/evaluate.h"
#include "policy/explain.h"

namespace sigward::policy {
namespace {

using base::OneLine;
using base::Reason;

constexpr std::size_t kMaxLine = 1024;
/// Parts have bounds of their own, so that a long one leaves room for the digest and the policy.
constexpr std::size_t kMaxDetail = 300;
constexpr std::size_t kMaxImageName = 255;
constexpr std::size_t kMaxNamesListed = 3;

/// "registry/repository@digest", the digest always whole.
std::string ImageText(const Workload& workload) {
  return OneLine(workload.image.name(), kMaxImageName) + "@" + workload.digest.text();
}

/// "(policy a)", "(policies a, b)", "(policies a, b, c, +4 more)".
std::string InParentheses(const std::vector<std::string_view>& names, std::size_t max_listed) {
  std::string text = names.size() > 1 && max_listed > 1 ? " (policies " : " (policy ";
  for (std::size_t i = 0; i < names.size() && i < max_listed; ++i) {
    text += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  if (names.size() > max_listed) {
    text += ", +" + std::to_string(names.size() - max_listed) + " more";
  }
  return text + ")";
}

std::string AllowedLine(const Decision& decision, const Workload& workload) {
  std::vector<std::string_view> satisfied;
  for (const PolicyOutcome& policy : decision.policies) {
    if (policy.verdict == Verdict::kAllow) {
      satisfied.push_back(policy.name);
    }
  }
  const std::string line = "allowed: " + ImageText(workload);
  if (!satisfied.empty()) {
    return line + InParentheses(satisfied, kMaxNamesListed);
  }
  if (decision.basis == Basis::kFloor) {
    return line + " (system floor)";
  }
  return decision.policies.empty() ? line + " (no policy matches)" : line;
}

std::string RefusedLine(const Decision& decision, const Workload& workload) {
  // The policy that gave the decision its reason comes first: one with the decision's own verdict.
  std::vector<std::string_view> refusing;
  for (const bool with_reason : {true, false}) {
    for (const PolicyOutcome& policy : decision.policies) {
      if (policy.mode == Mode::kEnforce && policy.verdict != Verdict::kAllow &&
          (policy.verdict == decision.verdict) == with_reason) {
        refusing.push_back(policy.name);
      }
    }
  }
  const base::Error why =
      decision.error.value_or(base::Fail(Reason::kInternal, "a refusal without a reason"));
  const std::string line = ReasonFirst(why, decision.verdict, ImageText(workload));
  return refusing.empty() ? line : line + InParentheses(refusing, 1);
}

}  // namespace

namespace {

/// Refusals that no signature would have changed.
bool IsAboutMoreThanSignatures(Reason reason) {
  constexpr std::array kReasons{
      Reason::kInvalidReference, Reason::kDescriptorMismatch, Reason::kDenied,
      Reason::kRootfsMismatch,   Reason::kRootfsUnprovable,   Reason::kRootfsModified,
      Reason::kImageUnknown,     Reason::kRuntimeUnknown,     Reason::kCheckpointUnverified,
      Reason::kInvalidArguments,
  };
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

}  // namespace

std::string ReasonFirst(const base::Error& error, Verdict verdict, std::string_view subject) {
  const std::string word = std::string(base::ReasonWord(error.reason)) + ": ";
  const std::string about(subject);
  const std::string detail = OneLine(error.detail, kMaxDetail);
  if (verdict == Verdict::kUndetermined || base::CouldNotTell(error.reason)) {
    return word + "could not check " + about + ": " + detail;
  }
  if (error.reason == Reason::kNoSignature) {
    return word + "no signature found for " + about;
  }
  if (error.reason == Reason::kNoMatchingPolicy) {
    return word + "no policy matches " + about;
  }
  if (error.reason == Reason::kStaticFail) {
    return word + detail + ": " + about;
  }
  if (IsAboutMoreThanSignatures(error.reason)) {
    return word + about + " is refused: " + detail;
  }
  return word + "no valid signature for " + about + ": " + detail;
}

std::string DecisionLine(const Decision& decision, const Workload& workload) {
  std::string line = decision.verdict == Verdict::kAllow ? AllowedLine(decision, workload)
                                                         : RefusedLine(decision, workload);
  for (const std::string& warning : decision.warnings) {
    line += "; warning: " + warning;
  }
  return OneLine(line, kMaxLine);
}

}  // namespace sigward::policy
