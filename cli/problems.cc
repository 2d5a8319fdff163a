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

void Problems::Kept::Add(Problem problem) {
  ++count;
  if (kept.size() < kMaxKept) {
    kept.push_back(std::move(problem));
  }
}

}  // namespace sigward::cli
