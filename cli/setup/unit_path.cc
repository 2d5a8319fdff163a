#include "cli/setup/unit_path.h"

#include <algorithm>

#include "cli/node/search_path.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

/// Quotes, backslashes and control characters have a meaning in unit files; % is doubled instead.
bool IsPlain(char c) {
  return c > ' ' && c != '"' && c != '\'' && c != '\\' && c != '\x7f' && c != '$';
}

}  // namespace

base::Result<std::optional<std::string>> PathInEnvironment(std::string_view output) {
  constexpr std::string_view kPath = "PATH=";
  std::optional<std::string> found;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find_first_of(" \n"), output.size());
    std::string_view word = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    if (word.starts_with('"') && word.substr(1).starts_with(kPath)) {
      return Fail(Reason::kConfigInvalid, "the unit's PATH has characters that need quotes");
    }
    if (!word.starts_with(kPath)) {
      continue;
    }
    word.remove_prefix(kPath.size());
    if (!std::all_of(word.begin(), word.end(), IsPlain)) {
      return Fail(Reason::kConfigInvalid, "the unit's PATH has characters that need quotes");
    }
    found = std::string(word);
  }
  return found;
}

std::string WithoutFolder(std::string_view path, std::string_view folder) {
  std::string rest;
  for (const std::string& entry : SplitPath(path)) {
    if (!entry.empty() && NormalFolder(entry) != NormalFolder(folder)) {
      rest += (rest.empty() ? "" : ":") + entry;
    }
  }
  return rest;
}

base::Result<std::string> PathDropIn(std::string_view path, std::string_view folder) {
  const std::string rest = WithoutFolder(path, folder);
  if (rest.empty() || !std::all_of(rest.begin(), rest.end(), IsPlain)) {
    return Fail(Reason::kConfigInvalid,
                "the unit's PATH is empty or has characters that a unit file cannot hold plainly");
  }
  std::string escaped;
  for (const char c : std::string(folder) + ":" + rest) {
    escaped += c == '%' ? "%%" : std::string(1, c);
  }
  return "# Written by sigward setup; sigward setup --undo removes it.\n"
         "# The first runc or crun in this PATH is the one that containerd's shims run.\n"
         "[Service]\nEnvironment=\"PATH=" +
         escaped + "\"\n";
}

}  // namespace sigward::cli
