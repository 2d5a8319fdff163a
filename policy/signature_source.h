#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::policy {

/// With it, a signature's tag (PREFIXsha256-HEX.sig) is as long as a tag may be.
inline constexpr std::size_t kMaxTagPrefix = 53;

/// Where an authority's signatures are looked for: as nothing is set, beside the image. It says
/// where to look and nothing else: a signature counts wherever it was found.
struct SignatureSource {
  /// Fails with kPolicyInvalid. REPOSITORY is a repository in any spelling that an image reference
  /// may have, without tag or digest, or empty for the image's own; the prefix may be empty.
  static base::Result<SignatureSource> Of(std::string_view repository, std::string tag_prefix);

  /// Normalised as those of images are. Both are empty for the image's own.
  std::string registry;
  std::string repository;
  /// What stands before `sha256-HEX.sig`.
  std::string tag_prefix;

  bool IsOwnRepository() const { return repository.empty(); }
  /// "registry/repository", or empty.
  std::string name() const { return IsOwnRepository() ? "" : registry + "/" + repository; }
  friend auto operator<=>(const SignatureSource&, const SignatureSource&) = default;
};

/// What may begin a tag (distribution-spec), at most kMaxTagPrefix of it; or nothing.
base::Status CheckTagPrefix(std::string_view prefix);

}  // namespace sigward::policy
