#include "policy/wildcards.h"

#include <algorithm>
#include <bitset>

#include "base/result.h"

namespace sigward::policy {
namespace {

constexpr char kWithin = '*';
/// Stands for `**` in a pattern. No text can hold this character.
constexpr char kAcross = '\x01';
constexpr std::string_view kWildcards = "*\x01";

/// Which places in a pattern can be reached after the characters read so far: an automaton run on
/// all of its states at once, so no subject makes it try a way twice.
class Places {
 public:
  explicit Places(std::string_view pattern) : pattern_(pattern) {
    reached_.set(0);
    StepOverWildcards();
  }

  void Read(char c) {
    // From the end, so that what this character reaches is not read as reached before it.
    for (std::size_t i = pattern_.size() + 1; i-- > 0;) {
      if (!reached_.test(i)) {
        continue;
      }
      const char wanted = i < pattern_.size() ? pattern_[i] : '\0';
      const bool wildcard = wanted == kWithin || wanted == kAcross;
      if (i < pattern_.size() && !wildcard && wanted == c) {
        reached_.set(i + 1);
      }
      reached_.set(i, wanted == kAcross || (wanted == kWithin && c != '/'));
    }
    StepOverWildcards();
  }

  bool AtEnd() const { return reached_.test(pattern_.size()); }
  bool Nowhere() const { return reached_.none(); }

 private:
  /// A wildcard may match nothing.
  void StepOverWildcards() {
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      if (reached_.test(i) && (pattern_[i] == kWithin || pattern_[i] == kAcross)) {
        reached_.set(i + 1);
      }
    }
  }

  std::string_view pattern_;
  std::bitset<kMaxWildcardLength + 1> reached_;
};

/// False when a literal piece of PATTERN is not in SUBJECT after those before it: no match then,
/// seen without an automaton.
bool HoldsPieces(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find_first_of(kWildcards), pattern.size());
    const std::size_t found = subject.find(pattern.substr(0, end));
    if (found == std::string_view::npos) {
      return false;
    }
    subject.remove_prefix(found + end);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return true;
}

bool MatchesPattern(std::string_view pattern, std::string_view subject) {
  if (!HoldsPieces(pattern, subject)) {
    return false;
  }
  Places places(pattern);
  for (const char c : subject) {
    places.Read(c);
    if (places.Nowhere()) {
      return false;
    }
  }
  return places.AtEnd();
}

}  // namespace

Wildcards::Wildcards(std::string_view text) : pattern_(text) {
  if (text.size() > kMaxWildcardLength || text.find(kAcross) != std::string_view::npos) {
    base::AbortOnMisuse("a text with wildcards that nobody checked");
  }
  for (std::size_t at = pattern_.find("**"); at != std::string::npos;
       at = pattern_.find("**", at)) {
    pattern_.replace(at, 2, 1, kAcross);
  }
  literal_size_ = std::min(pattern_.find_first_of(kWildcards), pattern_.size());
}

bool Wildcards::Matches(std::string_view subject) const {
  return subject.starts_with(literal()) &&
         MatchesPattern(std::string_view(pattern_).substr(literal_size_),
                        subject.substr(literal_size_));
}

}  // namespace sigward::policy
