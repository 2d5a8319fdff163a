#include <array>
#include <cstdio>
#include <string>

#include "base/text.h"
#include "cli/gate_record.h"

namespace sigward::cli {
namespace {

constexpr std::size_t kMaxTextLine = 1200;

/// One line of what is printed; the gate's texts may hold names that somebody else chose.
std::string Line(std::string_view text) {
  return base::OneLine(text, kMaxTextLine) + "\n";
}

std::string Why(const std::string& reason, const std::string& detail) {
  return detail.empty() ? reason : reason + ": " + detail;
}

/// An authority, and where its signatures are looked for when that is not beside the image.
std::string Named(const AuthorityRecord& authority) {
  std::string text = authority.name;
  if (!authority.repository.empty()) {
    text += " in " + authority.repository;
  }
  if (!authority.tag_prefix.empty()) {
    text += " with tags " + authority.tag_prefix + "…";
  }
  return text;
}

std::string SatisfiedBy(const PolicyRecord& policy) {
  std::string names;
  for (const AuthorityRecord& authority : policy.authorities) {
    if (authority.decision == "allow") {
      names += (names.empty() ? "" : ", ") + Named(authority) +
               (authority.signer.empty() ? "" : " (" + authority.signer + ")");
    }
  }
  return names;
}

std::string PolicyText(const PolicyRecord& policy) {
  std::string title = "  policy " + policy.name;
  if (policy.mode == "warn") {
    title += " (mode warn)";
  }
  if (policy.decision == "allow") {
    return Line(title + ": satisfied by " + SatisfiedBy(policy));
  }
  std::string text = Line(title + ": not satisfied, " + Why(policy.reason, policy.detail));
  for (const AuthorityRecord& authority : policy.authorities) {
    text += Line("    - " + Named(authority) + ": " + Why(authority.reason, authority.detail));
  }
  return text;
}

/// "512 bytes", "1.5 MiB".
std::string SizeText(std::int64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  if (bytes < static_cast<std::int64_t>(kStep)) {
    return Counted(bytes, "byte", "bytes");
  }
  double size = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  while (size >= kStep && unit + 1 < kUnits.size()) {
    size /= kStep;
    ++unit;
  }
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1f %s", size, kUnits.at(unit));
  return text.data();
}

std::string PolicyStateText(const StatusRecord::PolicyState& policy) {
  std::string text;
  if (policy.state == "active") {
    text = Line("policy:      generation " + std::to_string(policy.generation) + ", " +
                Counted(policy.policies, "policy", "policies") + " from " + policy.source);
  } else {
    text = Line("policy:      none, every image is refused; source " + policy.source);
  }
  if (!policy.error.empty()) {
    text += Line("             last loading failed: " + policy.error);
  }
  return text;
}

std::string NriText(const NriState& nri) {
  const std::string gaps = nri.gaps == 0 ? "" : ", lost " + Counted(nri.gaps, "time", "times");
  if (nri.registered) {
    return Line("nri:         registered with " + nri.runtime + gaps);
  }
  std::string text = Line("nri:         not registered" + gaps);
  if (!nri.error.empty()) {
    text += Line("             " + nri.error);
  }
  return text;
}

std::string CreateGateText(const StatusRecord& record) {
  std::string text;
  if (record.listening.has_value()) {
    text += Line("containerd:  " + std::string(*record.listening ? "" : "not ") +
                 "listening for its images");
  }
  if (record.preparation.has_value()) {
    text += Line("prepared:    " + Counted(record.preparation->prepared, "image", "images") + ", " +
                 std::to_string(record.preparation->waiting) + " waiting");
  }
  return record.nri.has_value() ? text + NriText(*record.nri) : text;
}

}  // namespace

std::string DecisionText(const DecisionRecord& record, std::string_view line) {
  std::string text = Line("Verification for " + record.image + " --");
  for (const PolicyRecord& policy : record.policies) {
    text += PolicyText(policy);
  }
  for (const std::string& warning : record.warnings) {
    text += Line("  warning: " + warning);
  }
  return text + Line(line);
}

std::string StatusText(const StatusRecord& record) {
  return Line("sigwardd " + record.version + ", process " + std::to_string(record.pid)) +
         PolicyStateText(record.policy) +
         Line("remembered:  " +
              Counted(record.remembered, "verified signature", "verified signatures")) +
         Line("evidence:    " + Counted(record.evidence.images, "image", "images") + ", " +
              SizeText(record.evidence.bytes)) +
         CreateGateText(record) +
         Line("decisions:   " + std::to_string(record.decisions.allow) + " allowed, " +
              std::to_string(record.decisions.deny) + " refused, " +
              std::to_string(record.decisions.undetermined) + " could not tell");
}

}  // namespace sigward::cli
