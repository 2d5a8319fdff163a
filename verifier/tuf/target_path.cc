#include "verifier/tuf/target_path.h"

#include <algorithm>

#include "base/percent.h"
#include "base/star_match.h"
#include "base/text.h"

namespace sigward::verifier::tuf {
namespace {

/// Takes the first element off PATH. False when nothing is left.
bool TakeElement(std::string_view& path, bool& more, std::string_view& element) {
  if (!more) {
    return false;
  }
  const std::size_t slash = path.find('/');
  element = path.substr(0, slash);
  more = slash != std::string_view::npos;
  path.remove_prefix(more ? slash + 1 : path.size());
  return true;
}

bool MatchesPattern(std::string_view pattern, std::string_view path) {
  bool more_pattern = true;
  bool more_path = true;
  std::string_view pattern_element;
  std::string_view path_element;
  while (more_pattern && more_path) {
    TakeElement(pattern, more_pattern, pattern_element);
    TakeElement(path, more_path, path_element);
    if (!base::MatchesStars(pattern_element, path_element)) {
      return false;
    }
  }
  return more_pattern == more_path;
}

}  // namespace

base::Status CheckTargetPath(std::string_view path) {
  if (path.size() > kMaxPathBytes) {
    return base::Fail(base::Reason::kTooLarge,
                      "a target's path is longer than " + std::to_string(kMaxPathBytes) + " bytes");
  }
  bool more = true;
  std::string_view rest = path;
  std::string_view element;
  bool fine = base::IsUtf8(path) && std::none_of(path.begin(), path.end(), [](char c) {
                return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
              });
  while (TakeElement(rest, more, element)) {
    fine = fine && !element.empty() && element != "." && element != "..";
  }
  if (!fine) {
    return base::Fail(base::Reason::kMalformed, base::OneLine(path, base::kMaxNameInError) +
                                                    " is no path of a file below the targets");
  }
  return base::Ok();
}

bool IsDelegatedTo(const Delegation& delegation, std::string_view path) {
  if (!delegation.path_hash_prefixes.empty()) {
    const Digest digest = Digest::Of(base::AsBytes(path));
    return std::any_of(
        delegation.path_hash_prefixes.begin(), delegation.path_hash_prefixes.end(),
        [&digest](const std::string& prefix) { return digest.hex().starts_with(prefix); });
  }
  return std::any_of(delegation.path_patterns.begin(), delegation.path_patterns.end(),
                     [path](const std::string& pattern) { return MatchesPattern(pattern, path); });
}

std::string RoleFileName(std::string_view name) {
  return base::PercentEncode(name) + ".json";
}

}  // namespace sigward::verifier::tuf
