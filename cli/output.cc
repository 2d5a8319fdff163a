#include "cli/output.h"

#include <cstdio>
#include <string>

#include "base/text.h"

namespace sigward::cli {
namespace {
constexpr std::size_t kMaxErrorText = 2048;
}  // namespace

void PrintOut(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stdout);
}

void PrintError(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

base::Json ErrorJson(const base::Error& error) {
  return {{"error",
           {{"reason", base::ReasonWord(error.reason)},
            {"message", base::OneLine(error.detail, kMaxErrorText)}}}};
}

void ReportError(OutputFormat format, const base::Error& error) {
  if (format == OutputFormat::kJson) {
    PrintOut(ErrorJson(error).dump() + "\n");
  } else {
    PrintError("sigward: " + std::string(base::ReasonWord(error.reason)) + ": " +
               base::OneLine(error.detail, kMaxErrorText) + "\n");
  }
}

}  // namespace sigward::cli
