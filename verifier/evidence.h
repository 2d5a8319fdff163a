#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/digest.h"

namespace sigward::verifier {

/// Bounds on what is looked at for one image, whoever offers it.
inline constexpr std::size_t kMaxManifestBytes = 4U << 20;
inline constexpr std::size_t kMaxPayloadBytes = 128U << 10;
inline constexpr std::size_t kMaxBundleBytes = 1U << 20;
/// Signatures looked at per image, over all formats and places.
inline constexpr std::size_t kMaxSignatures = 64;
/// Objects that one evidence may hold, and their size together.
inline constexpr std::size_t kMaxEvidenceObjects = 256;
inline constexpr std::size_t kMaxEvidenceBytes = 16U << 20;

/// What a fetcher found an object as. A claim about where it lay, never a reason to trust it.
enum class ObjectKind : std::uint8_t {
  /// Manifest behind the tag `sha256-HEX.sig` (cosign legacy).
  kLegacyManifest = 1,
  /// Manifest that the referrers API or its fallback tag listed.
  kReferrerManifest = 2,
  /// A layer of one of them.
  kBlob = 3,
  /// The image index that the image's digest names.
  kImageIndex = 4,
};

/// One object of an evidence: bytes, and the digest they were asked by. The digest is checked
/// before the bytes are used. For kLegacyManifest, whose tag is no digest, it is what the bytes
/// hash to.
struct EvidenceObject {
  ObjectKind kind;
  Digest digest;
  base::ByteView bytes;
  /// For manifests: the digest whose signatures it was offered as (the image or a platform of it).
  std::optional<Digest> offered_for;
};

/// Signature artefacts for an image, as bytes. Never trusted for where they lie.
using Evidence = std::vector<EvidenceObject>;

/// What a node runs: values of Go's GOOS and GOARCH, variant as in OCI, empty when there is none.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
};

}  // namespace sigward::verifier
