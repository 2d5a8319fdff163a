#include "policy/glob.h"

#include <algorithm>
#include <bitset>

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
  std::transform(pattern.begin(), host_end, pattern.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
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

bool MatchesPattern(std::string_view pattern, std::string_view subject) {
  // Most policies are for other images, and the part before the first wildcard says so at once.
  const std::size_t literal = std::min(pattern.find_first_of("*#"), pattern.size());
  if (!subject.starts_with(pattern.substr(0, literal))) {
    return false;
  }
  Places places(pattern.substr(literal));
  for (const char c : subject.substr(literal)) {
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

bool Glob::Matches(const GlobSubject& subject) const {
  return std::ranges::any_of(subject.spellings_, [this](const std::string& spelling) {
    return MatchesPattern(pattern_, spelling);
  });
}

bool Glob::Matches(const verifier::ImageRef& image, const verifier::Digest& digest) const {
  return Matches(GlobSubject(image, digest));
}

}  // namespace sigward::policy
