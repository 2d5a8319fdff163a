#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::cli {

/// kText: for a person. kJson: standard output holds one JSON value and nothing else, errors too.
enum class OutputFormat : std::uint8_t { kText = 1, kJson };

/// How a command ends. Scripts read these numbers; those of `verify` are as close to cosign's as
/// the meaning allows.
enum class ExitCode : std::uint8_t {
  kOk = 0,
  /// Could not tell, and every failure that has no number of its own.
  kFailed = 1,
  kUsage = 2,
  kNoSignature = 10,
  kNoneValid = 12,
  kRefusedByPolicy = 13,
};

void PrintOut(std::string_view text);
void PrintError(std::string_view text);

/// "1 error", "2 errors".
template <typename Count>
std::string Counted(Count count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// {"error":{"reason":…,"message":…}}
base::Json ErrorJson(const base::Error& error);

/// Tells the user: on standard output as JSON, or on standard error as a line.
void ReportError(OutputFormat format, const base::Error& error);

}  // namespace sigward::cli
