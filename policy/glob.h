#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/wildcards.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward::policy {

/// Short forms aside, which are written out below it.
inline constexpr std::size_t kMaxGlobLength = kMaxWildcardLength;

/// What globs are matched against: "registry/repository@digest", under every name that the registry
/// is known to have, so that another spelling of an image does not step past a policy. Docker Hub
/// is docker.io, index.docker.io and registry-1.docker.io; HOST:443 is HOST.
class GlobSubject {
 public:
  GlobSubject(const verifier::ImageRef& image, const verifier::Digest& digest);

  const std::vector<std::string>& spellings() const { return spellings_; }

 private:
  std::vector<std::string> spellings_;
};

/// An image glob of ClusterImagePolicy (policy-controller's rules): `*` matches within one path
/// component, `**` across them, everything else is literal and the match is anchored. `*` alone
/// means index.docker.io/library/*, `*/*` means index.docker.io/*/*. Matched in time proportional
/// to the length of the subject times that of the glob, whatever either holds.
class Glob {
 public:
  /// Fails with kPolicyInvalid when TEXT is empty, too long or holds a character outside
  /// `A-Za-z0-9-_:/*.@`.
  static base::Result<Glob> Parse(std::string_view text);

  /// Matches when one spelling of the subject does. A glob's host is compared in lower case. (Both
  /// are deviations from upstream, which knows only index.docker.io and compares letters as
  /// written.)
  bool Matches(const GlobSubject& subject) const;
  bool Matches(const verifier::ImageRef& image, const verifier::Digest& digest) const;
  bool MatchesSpelling(std::string_view spelling) const { return pattern_.Matches(spelling); }

  const std::string& text() const { return text_; }
  /// What stands before the first wildcard: every spelling that matches begins with it.
  std::string_view literal() const { return pattern_.literal(); }

 private:
  Glob(std::string text, std::string_view pattern);
  std::string text_;
  /// The text with its short forms written out.
  Wildcards pattern_;
};

}  // namespace sigward::policy
