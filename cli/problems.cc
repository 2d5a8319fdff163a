#include "cli/problems.h"

#include <utility>

#include "base/text.h"

namespace sigward::cli {
namespace {
constexpr std::size_t kMaxProblemLine = 2048;
}  // namespace

std::string ProblemText(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) {
    text += ":" + std::to_string(problem.line);
  }
  text += ": ";
  if (!problem.field.empty()) {
    text += problem.field + ": ";
  }
  return base::OneLine(text + problem.message, kMaxProblemLine);
}

base::Json ProblemsJson(const std::vector<Problem>& problems) {
  base::Json list = base::Json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.file},
                    {"line", problem.line},
                    {"field", problem.field},
                    {"message", problem.message}});
  }
  return list;
}

void ReportErrors(const Problems& problems, std::string_view outcome, OutputFormat format) {
  const std::string summary = Counted(problems.error_count(), "error", "errors") +
                              " in the policy, " + std::string(outcome);
  if (format == OutputFormat::kJson) {
    base::Json json = ErrorJson(base::Fail(base::Reason::kPolicyInvalid, summary));
    json["error"]["problems"] = ProblemsJson(problems.errors());
    PrintOut(json.dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n");
    return;
  }
  for (const Problem& problem : problems.errors()) {
    PrintError(ProblemText(problem) + "\n");
  }
  if (problems.error_count() > problems.errors().size()) {
    PrintError("… and " + std::to_string(problems.error_count() - problems.errors().size()) +
               " more\n");
  }
  PrintError("sigward: " + summary + "\n");
}

void PrintWarnings(const Problems& problems) {
  for (Problem warning : problems.warnings()) {
    warning.message.insert(0, "warning: ");
    PrintError(ProblemText(warning) + "\n");
  }
}

void Problems::Kept::Add(Problem problem) {
  ++count;
  if (kept.size() < kMaxKept) {
    kept.push_back(std::move(problem));
  }
}

}  // namespace sigward::cli
