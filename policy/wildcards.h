#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sigward::policy {

/// Longest text with wildcards.
inline constexpr std::size_t kMaxWildcardLength = 512;

/// A text in which `*` stands for anything within one path component (it stops at `/`), `**` for
/// anything, and everything else for itself; anchored. Matched in time proportional to the length
/// of the subject times that of the text, whatever either holds.
class Wildcards {
 public:
  /// TEXT is at most kMaxWildcardLength long and holds no control character.
  explicit Wildcards(std::string_view text);

  bool Matches(std::string_view subject) const;
  /// What stands before the first wildcard: every subject that matches begins with it.
  std::string_view literal() const { return std::string_view(pattern_).substr(0, literal_size_); }

 private:
  /// The text with every `**` as one character.
  std::string pattern_;
  std::size_t literal_size_;
};

}  // namespace sigward::policy
