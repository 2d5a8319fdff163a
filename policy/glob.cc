#include "policy/glob.h"

#include <algorithm>
#include <bitset>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubIndex = "index.docker.io";
constexpr std::string_view kHubHost = "registry-1.docker.io";
constexpr std::string_view kHttpsPort = ":443";

constexpr char kWithin = '*';
/// Stands for `**` in a pattern. No glob and no reference can hold this character.
constexpr char kAcross = '#';
constexpr std::string_view kWildcards = "*#";

bool IsGlobCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_:/*.@").find(c) != std::string_view::npos;
}

std::string ToPattern(std::string_view glob) {
  std::string pattern;
  if (glob == "*") {
    pattern = "index.docker.io/library/*";
  } else if (glob == "*/*") {
    pattern = "index.docker.io/*/*";
  } else {
    pattern = glob;
  }
  // Hosts are compared in lower case, as references are normalised.
  const std::size_t slash = pattern.find('/');
  const auto host_end =
      pattern.begin() + static_cast<std::ptrdiff_t>(slash == std::string::npos ? 0 : slash);
  std::transform(pattern.begin(), host_end, pattern.begin(),
                 [](char c) { return base::LowerCase(c); });
  for (std::size_t at = pattern.find("**"); at != std::string::npos; at = pattern.find("**", at)) {
    pattern.replace(at, 2, 1, kAcross);
  }
  return pattern;
}

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
  std::bitset<kMaxGlobLength + 1> reached_;
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

GlobSubject::GlobSubject(const verifier::ImageRef& image, const verifier::Digest& digest) {
  std::vector<std::string> names{image.registry()};
  if (names.front().ends_with(kHttpsPort)) {
    names.push_back(names.front().substr(0, names.front().size() - kHttpsPort.size()));
  }
  if (names.back() == kHub || names.back() == kHubIndex || names.back() == kHubHost) {
    names.insert(names.end(), {std::string(kHub), std::string(kHubIndex)});
  }
  for (const std::string& name : names) {
    spellings_.push_back(name + "/" + image.repository() + "@" + digest.text());
  }
}

base::Result<Glob> Glob::Parse(std::string_view text) {
  if (text.empty()) {
    return Fail(Reason::kPolicyInvalid, "glob is empty");
  }
  if (text.size() > kMaxGlobLength) {
    return Fail(Reason::kPolicyInvalid,
                "glob is longer than " + std::to_string(kMaxGlobLength) + " bytes");
  }
  if (text.find("://") != std::string_view::npos) {
    return Fail(Reason::kPolicyInvalid, "invalid glob \"" + base::OneLine(text, 128) +
                                            "\": an image has no scheme, write HOST/REPOSITORY");
  }
  const auto* const bad = std::find_if_not(text.begin(), text.end(), IsGlobCharacter);
  if (bad != text.end()) {
    const auto at = static_cast<std::size_t>(bad - text.begin());
    return Fail(Reason::kPolicyInvalid, "invalid glob \"" + base::OneLine(text, 128) +
                                            "\": character " + std::to_string(at + 1) +
                                            " is none of A-Z a-z 0-9 - _ : / * . @");
  }
  return Glob(std::string(text), ToPattern(text));
}

Glob::Glob(std::string text, std::string pattern)
    : text_(std::move(text)),
      pattern_(std::move(pattern)),
      literal_size_(std::min(pattern_.find_first_of(kWildcards), pattern_.size())) {}

bool Glob::MatchesSpelling(std::string_view spelling) const {
  return spelling.starts_with(literal()) &&
         MatchesPattern(std::string_view(pattern_).substr(literal_size_),
                        spelling.substr(literal_size_));
}

bool Glob::Matches(const GlobSubject& subject) const {
  return std::ranges::any_of(subject.spellings(), [this](const std::string& spelling) {
    return MatchesSpelling(spelling);
  });
}

bool Glob::Matches(const verifier::ImageRef& image, const verifier::Digest& digest) const {
  return Matches(GlobSubject(image, digest));
}

}  // namespace sigward::policy
