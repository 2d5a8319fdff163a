#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward::policy {

inline constexpr std::size_t kMaxGlobLength = 512;

/// An image glob of ClusterImagePolicy (policy-controller's rules): `*` matches within one path
/// component, `**` across them, everything else is literal and the match is anchored. `*` alone means
/// index.docker.io/library/*, `*/*` means index.docker.io/*/*. Matched in linear time.
class Glob {
 public:
  /// Fails with kPolicyInvalid when TEXT is empty, too long or holds a character outside
  /// `A-Za-z0-9-_:/*.@`.
  static base::Result<Glob> Parse(std::string_view text);

  /// Matches against "registry/repository@digest". docker.io and index.docker.io are one registry:
  /// the glob may write either (a deviation from upstream, which knows only index.docker.io).
  bool Matches(const verifier::ImageRef& image, const verifier::Digest& digest) const;

  const std::string& text() const { return text_; }

 private:
  explicit Glob(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace sigward::policy
