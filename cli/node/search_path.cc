#include "cli/node/search_path.h"

#include <algorithm>
#include <filesystem>

namespace sigward::cli {

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> entries;
  while (true) {
    const std::size_t colon = path.find(':');
    entries.emplace_back(path.substr(0, colon));
    if (colon == std::string_view::npos) {
      return entries;
    }
    path.remove_prefix(colon + 1);
  }
}

std::string NormalFolder(std::string_view folder) {
  std::string normal = std::filesystem::path(folder).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) {
    normal.pop_back();
  }
  return normal;
}

PathVerdict JudgePath(std::string_view path, std::string_view our_folder, const HasProgram& has) {
  const std::string ours = NormalFolder(our_folder);
  std::string ahead;
  for (const std::string& entry : SplitPath(path)) {
    if (!entry.starts_with('/')) {
      continue;
    }
    const std::string folder = NormalFolder(entry);
    if (folder == ours) {
      return ahead.empty() ? PathVerdict{PathOrder::kFirst, {}}
                           : PathVerdict{PathOrder::kBehind, ahead};
    }
    for (const std::string_view name : kRuntimeNames) {
      if (ahead.empty() && has(folder, name)) {
        ahead = folder + "/" + std::string(name);
      }
    }
  }
  return {PathOrder::kAbsent, {}};
}

}  // namespace sigward::cli
