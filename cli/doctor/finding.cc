#include "cli/doctor/finding.h"

#include <algorithm>

#include "base/text.h"

namespace sigward::cli {
namespace {

constexpr std::size_t kMaxText = 2000;

std::string Line(std::string_view text) {
  return base::OneLine(text, kMaxText) + "\n";
}

/// Worst first; within one severity in the order of the checks.
std::vector<Finding> Sorted(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return findings;
}

}  // namespace

NodeState StateOf(const std::vector<Finding>& findings) {
  NodeState state = NodeState::kEnforcing;
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kFailOpen) {
      return NodeState::kFailOpen;
    }
    if (finding.severity == Severity::kPartial) {
      state = NodeState::kPartial;
    }
  }
  return state;
}

std::string_view SeverityWord(Severity severity) {
  switch (severity) {
    case Severity::kFailOpen:
      return "fail-open";
    case Severity::kPartial:
      return "partial";
    case Severity::kError:
      return "error";
    case Severity::kNote:
      return "note";
  }
  return "fail-open";
}

std::string_view StateWord(NodeState state) {
  switch (state) {
    case NodeState::kFailOpen:
      return "fail-open";
    case NodeState::kPartial:
      return "partial";
    case NodeState::kEnforcing:
      return "enforcing";
  }
  return "fail-open";
}

base::Json ReportJson(const std::vector<Finding>& findings) {
  base::Json list = base::Json::array();
  for (const Finding& finding : Sorted(findings)) {
    list.push_back({{"id", finding.id},
                    {"severity", SeverityWord(finding.severity)},
                    {"text", base::OneLine(finding.text, kMaxText)},
                    {"fix", base::OneLine(finding.fix, kMaxText)}});
  }
  return {{"state", StateWord(StateOf(findings))}, {"findings", std::move(list)}};
}

std::string ReportText(const std::vector<Finding>& findings) {
  std::string text = Line("this node is " + std::string(StateWord(StateOf(findings))));
  for (const Finding& finding : Sorted(findings)) {
    text +=
        Line(std::string(SeverityWord(finding.severity)) + ": " + finding.id + ": " + finding.text);
    text += Line("  to do: " + finding.fix);
  }
  return text;
}

}  // namespace sigward::cli
