#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/dsse.h"

namespace sigward::verifier {

/// Bounds on what a bundle may carry beside its signature.
inline constexpr std::size_t kMaxLogEntries = 32;
inline constexpr std::size_t kMaxTimestamps = 32;
inline constexpr std::size_t kMaxProofHashes = 64;

/// Media types of bundles, of whatever version, start with this.
inline constexpr std::string_view kBundleTypePrefix = "application/vnd.dev.sigstore.bundle";

/// Parses a sigstore bundle v0.1, v0.2 or v0.3 of at most kMaxBundleBytes as proto3 JSON with
/// lowerCamelCase names (sigstore's client-spec §5; unknown fields and nulls refused) and returns
/// its DSSE envelope. The version is the document's own word in either of its two spellings; the
/// media type of the layer that it came in is no part of it. The verification material must be a
/// public key's, by that version's rules (CheckVerificationMaterial); its hint is read and not
/// believed. Beside a key, log entries and timestamps say nothing.
///
/// Fails with kMalformed, kDuplicateKey, kTooLarge, or kUnsupportedFormat: another version, a
/// certificate in place of a key, or a message signature, which is no image signature.
base::Result<DsseEnvelope> ParseBundle(base::ByteView bytes);

}  // namespace sigward::verifier
