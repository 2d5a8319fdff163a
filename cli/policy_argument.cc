#include "cli/policy_argument.h"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/strict_json.h"
#include "cli/policy_sources.h"

namespace sigward::cli {
namespace {

constexpr std::uint64_t kGeneration = 1;

/// Sources have "apiVersion" and "kind" where a compiled policy has its format.
bool IsCompiled(std::string_view text) {
  const auto root =
      base::ParseStrictJson(text, policy::kMaxCompiledBytes, policy::kMaxCompiledValues);
  return root.ok() && root->is_object() && root->contains("format");
}

}  // namespace

base::Result<std::shared_ptr<const policy::PolicySnapshot>> LoadPolicy(const std::string& path,
                                                                       Problems& problems) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string text,
                             base::ReadFile(path, policy::kMaxCompiledBytes));
    if (IsCompiled(text)) {
      auto snapshot = policy::PolicySnapshot::Parse(text, kGeneration);
      return snapshot.ok() ? std::move(snapshot) : base::Within(path, std::move(snapshot).error());
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<SourceText> sources, ReadPolicySources({path}));
  const auto compiled = CompileSources(sources, problems, InstalledCompileOptions());
  if (!compiled.has_value()) {
    return std::shared_ptr<const policy::PolicySnapshot>();
  }
  return policy::PolicySnapshot::Parse(compiled->text, kGeneration);
}

}  // namespace sigward::cli
