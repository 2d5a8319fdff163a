#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/artifact_digests.h"
#include "verifier/dsse.h"
#include "verifier/evidence.h"
#include "verifier/public_key.h"
#include "verifier/verification_material.h"

namespace sigward::verifier {

/// Longest bundle that is verified by itself, outside of any image. cosign and sigstore-go read
/// whatever is there; the largest that tools write hold an SBOM.
inline constexpr std::size_t kMaxLoneBundleBytes = 16U << 20;

/// Media types of bundles, of whatever version, start with this.
inline constexpr std::string_view kBundleTypePrefix = "application/vnd.dev.sigstore.bundle";
inline bool IsBundleType(std::string_view media_type) {
  return media_type.starts_with(kBundleTypePrefix);
}

/// A signature over an artifact that the bundle does not hold.
struct MessageSignature {
  /// The signer's own word about the artifact, under no signature.
  std::optional<HashedMessage> digest;
  base::ByteBuffer signature;
};

/// A sigstore bundle, decoded. Nothing in it is to be believed yet.
struct Bundle {
  BundleVersion version;
  VerificationMaterial material;
  std::variant<DsseEnvelope, MessageSignature> content;
};

/// Parses a sigstore bundle v0.1, v0.2 or v0.3 of at most MAX_BYTES as ProtoFields does
/// (sigstore's client-spec §5). The version is the document's own word in either of its two
/// spellings; the media type of the layer that it came in is no part of it. The rest is
/// ParseVerificationMaterial's, and an envelope of exactly one signature or a message signature.
///
/// Fails with kMalformed, kDuplicateKey, kTooLarge, kUnsupportedFormat (another version) or
/// kUnsupportedAlgorithm (of a message digest).
base::Result<Bundle> ParseBundle(base::ByteView bytes, std::size_t max_bytes = kMaxBundleBytes);

}  // namespace sigward::verifier
