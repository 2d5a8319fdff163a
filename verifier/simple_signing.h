#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

inline constexpr std::string_view kSimpleSigningType = "cosign container image signature";

/// What a cosign legacy signature says (cosign's SIGNATURE_SPEC, "Simple Signing").
struct SimpleSigning {
  /// As it was signed; not known to be a proper digest.
  std::string manifest_digest;
  /// At most kMaxReferenceLength bytes without control characters.
  std::string docker_reference;
};

/// Parses the payload of a legacy signature. It takes the witness and not bytes, so that nobody
/// reads a payload that is not signed. `critical` must have exactly its known members and
/// `optional`, which says nothing here, must be an object, null or absent; nothing else may stand
/// beside them. Fails with kMalformed, kDuplicateKey, kTooLarge or kWrongType (critical.type).
base::Result<SimpleSigning> ParseSimpleSigning(const SignedBytes& payload);

}  // namespace sigward::verifier
