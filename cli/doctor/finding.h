#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strict_json.h"

namespace sigward::cli {

/// What a finding means for the node, worst first.
enum class Severity : std::uint8_t {
  /// Containers start without having been asked about.
  kFailOpen = 1,
  /// Some way past one of the gates is open.
  kPartial,
  /// Nothing is let past, but something that should work does not.
  kError,
  /// Worth knowing.
  kNote,
};

/// One row of docs/doctor.md. An id is an API: it never changes its meaning.
struct Finding {
  std::string id;
  Severity severity = Severity::kFailOpen;
  /// What was seen, one line.
  std::string text;
  /// What to do, one line.
  std::string fix;
};

enum class NodeState : std::uint8_t { kFailOpen = 1, kPartial, kEnforcing };

/// The worst of what was found.
NodeState StateOf(const std::vector<Finding>& findings);

std::string_view SeverityWord(Severity severity);
std::string_view StateWord(NodeState state);

/// docs/schemas/doctor.schema.json
base::Json ReportJson(const std::vector<Finding>& findings);
std::string ReportText(const std::vector<Finding>& findings);

}  // namespace sigward::cli
