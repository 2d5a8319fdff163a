#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verifier/digest.h"

namespace sigward::worker {

// What to fetch next, read from documents that a registry sent. Nothing here is trusted: a choice
// that a lying document leads to fetches the wrong bytes, which then prove nothing.

/// Bytes of one page of a referrers index.
inline constexpr std::size_t kMaxReferrersBytes = 4U << 20;

/// Something a document points to.
struct Candidate {
  verifier::Digest digest;
  /// As the descriptor has it; what is larger than its own kind may be is no candidate.
  std::size_t size = 0;
  std::string media_type;
  /// Among referrers, 0 for what looks most like a signature.
  int rank = 0;
};

/// Candidates without repetitions, and how many descriptors asked for one but are too large or no
/// descriptors at all.
struct Candidates {
  std::vector<Candidate> wanted;
  std::size_t unusable = 0;
  /// Descriptors seen that count as signatures; more than WANTED where several share their bytes.
  std::size_t listed = 0;
};

/// Payloads of a cosign legacy manifest: its layers that carry a signature annotation, in order.
/// Fails as verifier::ParseManifest does.
base::Result<Candidates> LegacyPayloads(std::string_view manifest);

/// Manifests that a referrers index lists. What the descriptors say of artifact types and
/// annotations is known to be wrong in the wild, so it never excludes one: it only puts what looks
/// like a signature first, for when there are too many. Fails with kMalformed, kDuplicateKey,
/// kTooLarge (beyond kMaxReferrersBytes), kWrongType (it is no index, or a manifest as well).
base::Result<Candidates> ListedReferrers(std::string_view index);

/// What a referrer's manifest is.
enum class ReferrerKind : std::uint8_t { kOther = 1, kBundle = 2, kLegacy = 3, kBroken = 4 };
struct Referrer {
  ReferrerKind kind = ReferrerKind::kOther;
  /// What to fetch with it: the one bundle, or the legacy payloads. Neither for the other kinds.
  std::vector<Candidate> blobs;
};

/// A sigstore bundle's manifest has one layer, with a media type that starts with
/// "application/vnd.dev.sigstore.bundle". One whose layers carry cosign's signature annotation
/// holds legacy signatures (cosign's --registry-referrers-mode oci-1-1). A bundle among several
/// layers, blobs that are too large and what is no manifest at all are kBroken: left to the
/// verifier to name.
Referrer ReadReferrer(std::string_view manifest);

}  // namespace sigward::worker
