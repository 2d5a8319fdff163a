#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sigward::cli {

/// The names under which shims look for an OCI runtime in PATH, and that sigward stands in for.
inline constexpr std::array<std::string_view, 2> kRuntimeNames = {"runc", "crun"};

enum class PathOrder : std::uint8_t {
  /// Whatever name is looked up, sigward's folder has it first.
  kFirst = 1,
  /// Another folder with a runtime comes before it.
  kBehind,
  kAbsent,
};

struct PathVerdict {
  PathOrder order = PathOrder::kAbsent;
  /// The folder and name that come first, for kBehind.
  std::string ahead;
};

/// Whether a program that is not sigward's has this NAME in FOLDER.
using HasProgram = std::function<bool(const std::string& folder, std::string_view name)>;

/// Judges a PATH as Go's exec.LookPath reads it: entries that are empty or relative are never
/// taken (since Go 1.19 a program found there is an error, so they open nothing).
PathVerdict JudgePath(std::string_view path, std::string_view our_folder, const HasProgram& has);

/// The entries of a PATH.
std::vector<std::string> SplitPath(std::string_view path);

/// Without slashes at the end, "." and "..".
std::string NormalFolder(std::string_view folder);

}  // namespace sigward::cli
