#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/artifact_digests.h"
#include "verifier/dsse.h"
#include "verifier/public_key.h"
#include "verifier/verification_material.h"

namespace sigward::verifier {

/// Media types of bundles, of whatever version, start with this.
inline constexpr std::string_view kBundleTypePrefix = "application/vnd.dev.sigstore.bundle";

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

/// Parses a sigstore bundle v0.1, v0.2 or v0.3 of at most kMaxBundleBytes as ProtoFields does
/// (sigstore's client-spec §5). The version is the document's own word in either of its two
/// spellings; the media type of the layer that it came in is no part of it. The rest is
/// ParseVerificationMaterial's, and an envelope of exactly one signature or a message signature.
///
/// Fails with kMalformed, kDuplicateKey, kTooLarge, kUnsupportedFormat (another version) or
/// kUnsupportedAlgorithm (of a message digest).
base::Result<Bundle> ParseBundle(base::ByteView bytes);

}  // namespace sigward::verifier
