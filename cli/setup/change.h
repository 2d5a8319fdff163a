#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::cli {

/// What is at a path now.
struct FileState {
  bool exists = false;
  /// A symbolic link's own text; TEXT is what it leads to then.
  std::optional<std::string> link;
  std::string text;
};

/// Looks at a path; what is there but cannot be read is an error, never "not there".
using LookAtFile = std::function<base::Result<FileState>(const std::string& path)>;

enum class FileKind : std::uint8_t { kText = 1, kLink };

/// One file that becomes another. For kLink the texts are the link's target.
struct Change {
  FileKind kind = FileKind::kText;
  std::string path;
  /// None: the file is not there before, or not any more after.
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// The change as a unified diff with three lines of context.
std::string DiffText(const Change& change);

/// Makes the change below ROOT, durably and in one step: a text keeps its file's mode, or gets
/// 0644. Folders are made. Fails with kIoFailed.
base::Status Apply(const Change& change, const std::string& root);

}  // namespace sigward::cli
