// YAML that a person wrote: either errors with a place, or a compiled policy that the daemon takes.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "cli/policy_sources.h"
#include "cli/problems.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sigward::cli::Problems;
  const std::string text(sigward::base::AsText({data, size}));
  const std::vector<sigward::cli::SourceText> sources = {{"input", text}};
  Problems problems;
  const auto compiled = sigward::cli::CompileSources(
      sources, problems, {.public_good_root = "/nowhere/trusted_root.json"});
  if (compiled.has_value() == problems.HasErrors()) {
    std::abort();
  }
  for (const auto& problem : problems.errors()) {
    const std::string line = sigward::cli::ProblemText(problem);
    if (problem.message.empty() || sigward::base::OneLine(line, line.size()) != line) {
      std::abort();
    }
  }
  if (compiled.has_value() && !sigward::policy::PolicySnapshot::Parse(compiled->text, 1).ok()) {
    std::abort();
  }
  return 0;
}
