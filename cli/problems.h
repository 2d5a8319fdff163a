#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/strict_json.h"
#include "cli/output.h"

namespace sigward::cli {

/// Something wrong in a file that a person wrote, and where.
struct Problem {
  std::string file;
  /// From 1; 0 when it is about the whole file.
  std::size_t line;
  /// "spec.authorities[0].key.data"; empty when no field can be named.
  std::string field;
  std::string message;
};

/// "FILE:LINE: field: message", fit for one line.
std::string ProblemText(const Problem& problem);

/// All that was found wrong in a set of files, so that a person can correct it in one go.
class Problems {
 public:
  /// Errors are kept up to this many, then counted; so are warnings.
  static constexpr std::size_t kMaxKept = 50;

  void AddError(Problem problem) { errors_.Add(std::move(problem)); }
  void AddWarning(Problem problem) { warnings_.Add(std::move(problem)); }

  bool HasErrors() const { return errors_.count > 0; }
  const std::vector<Problem>& errors() const { return errors_.kept; }
  const std::vector<Problem>& warnings() const { return warnings_.kept; }
  /// All errors, those that were not kept too.
  std::size_t error_count() const { return errors_.count; }

 private:
  struct Kept {
    void Add(Problem problem);
    std::vector<Problem> kept;
    std::size_t count = 0;
  };
  Kept errors_;
  Kept warnings_;
};

/// A list of objects with the members of Problem.
base::Json ProblemsJson(const std::vector<Problem>& problems);

/// Tells the user of all errors. OUTCOME ends the last line: "2 errors in the policy, OUTCOME".
void ReportErrors(const Problems& problems, std::string_view outcome, OutputFormat format);

/// Prints all warnings, one line each, to standard error.
void PrintWarnings(const Problems& problems);

}  // namespace sigward::cli
