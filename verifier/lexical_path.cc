#include "verifier/lexical_path.h"

#include <algorithm>

namespace sigward::verifier {
namespace {

/// Calls DO with each element of PATH, empty ones included.
template <typename Do>
void ForEachElement(std::string_view path, Do take) {
  for (;;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    take(path.substr(0, slash));
    if (slash == path.size()) {
      return;
    }
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string CleanPath(std::string_view path) {
  std::string out;
  ForEachElement(path, [&](std::string_view element) {
    if (element.empty() || element == ".") {
      return;
    }
    if (element == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
      return;
    }
    out += '/';
    out += element;
  });
  return out.empty() ? "/" : out;
}

std::string CleanPathFrom(std::string_view base, std::string_view path) {
  if (path.starts_with('/')) {
    return CleanPath(path);
  }
  return CleanPath(std::string(base) + "/" + std::string(path));
}

bool HasParentElement(std::string_view path) {
  bool found = false;
  ForEachElement(path, [&](std::string_view element) { found = found || element == ".."; });
  return found;
}

bool IsAtOrBelow(std::string_view path, std::string_view folder) {
  return path == folder || IsBelow(path, folder);
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder == "/") {
    return path.size() > 1 && path.starts_with('/');
  }
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace sigward::verifier
