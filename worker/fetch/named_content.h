#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "verifier/digest.h"
#include "worker/fetch/candidates.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/repository_reader.h"

namespace sigward::worker {

/// Pages of one referrers list that are read.
inline constexpr std::size_t kMaxReferrersPages = 8;

inline constexpr std::string_view kAcceptManifest =
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kAcceptIndex = "application/vnd.oci.image.index.v1+json";

/// An image's referrers as one host lists them, best ranks first, at most kMaxSignatures.
struct ReferrersList {
  Candidates candidates;
  /// Usable ones beyond kMaxSignatures.
  std::size_t left_out = 0;
  /// Why the list has more pages than were read.
  std::optional<base::Error> incomplete;
};

/// What one host holds under the names that belong to an image.
struct NamedContent {
  /// The manifest behind the tag `[PREFIX]sha256-HEX.sig` (cosign's specs/SIGNATURE_SPEC.md).
  Outcome signature_tag;
  std::variant<ReferrersList, Absent, base::Error> referrers;
};

/// Asks ENDPOINT for all of it at once. Referrers come from the referrers API (distribution-spec,
/// "Listing Referrers"), with its pages, as long as they are at the same origin, and from the tag
/// `sha256-HEX` that stands in for it. Both are read wherever they are: a registry that got the API
/// later need not list what was pushed before. A host lacks the API when it answers 404, 400, 405,
/// 406 or with no index. TAG_PREFIX is the signature tag's alone: what pushes referrers (cosign,
/// notation, oras) knows no prefix for theirs.
NamedContent AskNamedContent(RepositoryReader& reader, const Endpoint& endpoint,
                             const verifier::Digest& image, const std::string& tag_prefix,
                             const base::Deadline& deadline);

}  // namespace sigward::worker
