#include "policy/glob.h"

#include <algorithm>
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

bool IsGlobCharacter(char c) {
  return base::IsAlphaNumeric(c) || std::string_view("-_:/*.@").find(c) != std::string_view::npos;
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
  return pattern;
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

Glob::Glob(std::string text, std::string_view pattern)
    : text_(std::move(text)), pattern_(pattern) {}

bool Glob::Matches(const GlobSubject& subject) const {
  return std::ranges::any_of(subject.spellings(), [this](const std::string& spelling) {
    return MatchesSpelling(spelling);
  });
}

bool Glob::Matches(const verifier::ImageRef& image, const verifier::Digest& digest) const {
  return Matches(GlobSubject(image, digest));
}

}  // namespace sigward::policy
