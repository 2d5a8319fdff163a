#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// What a time stamp says (RFC 3161 §2.4.2, TSTInfo), as far as anybody here asks: the hash of what
/// was stamped, and when. The view is into the parsed bytes. Nothing in it is to be believed yet.
struct TstInfo {
  HashAlgorithm imprint_hash = HashAlgorithm::kSha256;
  base::ByteView imprint;
  /// A fraction of a second is cut off: certificates and windows know whole seconds, and the last
  /// second of a validity belongs to it. The accuracy that a stamp may state is not added either:
  /// Sigstore's client-spec judges by the stamped time itself.
  Time time;
};

/// Parses exactly one DER TSTInfo. Policy, serial number, accuracy, ordering, nonce and the
/// authority's name must have their types and say nothing here: who stamped is told by the
/// certificate. Fails with kMalformed, kUnsupportedAlgorithm (an imprint by another hash than
/// SHA-256, SHA-384 or SHA-512) or kUnsupportedFormat (another version, a critical extension).
base::Result<TstInfo> ParseTstInfo(base::ByteView der);

/// Parses a GeneralizedTime as RFC 3161 §2.4.2 spells it: YYYYMMDDhhmmss[.fraction]Z, a fraction
/// without trailing zeros. Fails with kMalformed.
base::Result<Time> ParseGenTime(std::string_view text);

}  // namespace sigward::verifier
