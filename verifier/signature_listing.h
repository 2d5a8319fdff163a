#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"

namespace sigward::verifier {

// Where signatures may lie among images, read from what tools write beside them. Nothing here is
// trusted: a choice that a lying document leads to brings the wrong bytes, which then prove
// nothing.

/// Largest listing, in bytes, and most manifests of one that may have to do with signatures.
inline constexpr std::size_t kMaxListingBytes = kMaxManifestBytes;
inline constexpr std::size_t kMaxListedManifests = 4096;

/// What the descriptor of a manifest says of it.
enum class ListedAs : std::uint8_t {
  /// Its name is SUBJECT's `sha256-HEX.sig`: a cosign signature image.
  kSignatureTag = 1,
  /// Its name is SUBJECT's `sha256-HEX`: an index of referrers, or a referrer alone.
  kReferrersTag = 2,
  /// `cosign save` marks it as the image, or as the image's index.
  kSavedImage = 3,
  /// `cosign save` marks it as the image's signatures.
  kSavedSignatures = 4,
  /// Nothing is said: it may be a referrer.
  kUntold = 5,
};

struct ListedManifest {
  Digest digest;
  ListedAs as = ListedAs::kUntold;
  /// Set for the two that a tag names.
  std::optional<Digest> subject;
};

/// The manifests of INDEX (an image-spec image-layout.md index.json, or an image index of
/// referrers) that may bear signatures, in its order. A tag is what follows the last colon of
/// `org.opencontainers.image.ref.name`. Left out are descriptors that are none, manifests named
/// otherwise unless they tell an artifactType, and unnamed indexes. Fails with kMalformed,
/// kDuplicateKey, kTooLarge (beyond kMaxListingBytes or kMaxListedManifests), kWrongType (it is no
/// index, or a manifest as well).
base::Result<std::vector<ListedManifest>> ListSignatures(base::ByteView index);

/// The rank of what looks least like an image's signature.
inline constexpr int kMaxSignatureRank = 2;

/// A manifest that bears signatures of SUBJECT by its own words.
struct SignatureManifest {
  ObjectKind kind = ObjectKind::kReferrerManifest;
  Digest subject;
  /// 0 for what says most clearly that it is an image's signature, to kMaxSignatureRank.
  int rank = 0;
};

/// What MANIFEST (image-spec manifest.md, at most kMaxManifestBytes) with a subject says: one with
/// a sigstore bundle as layer is kReferrerManifest, one with a cosign signature annotation on a
/// layer kLegacyManifest. Nothing for all else, and for what is no manifest.
std::optional<SignatureManifest> ReadSignatureManifest(base::ByteView manifest);

}  // namespace sigward::verifier
