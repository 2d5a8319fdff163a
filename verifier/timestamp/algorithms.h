#pragma once

#include <optional>

#include "base/result.h"
#include "verifier/der.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// Which kind of key a signature algorithm belongs to.
enum class SignatureFamily : std::uint8_t { kEcdsa = 1, kRsaPkcs1, kEd25519 };

struct SignatureAlgorithm {
  SignatureFamily family = SignatureFamily::kEcdsa;
  /// Absent where the algorithm leaves it to others (rsaEncryption) or has none (Ed25519).
  std::optional<HashAlgorithm> hash;
};

/// Reads an AlgorithmIdentifier (RFC 5280 §4.1.1.2) that names SHA-256, SHA-384 or SHA-512, its
/// parameters absent or NULL (RFC 5754 §2). Fails with kMalformed, or kUnsupportedAlgorithm: SHA-1
/// and whatever else.
base::Result<HashAlgorithm> ReadHashAlgorithm(DerReader& reader);

/// Reads an AlgorithmIdentifier of a signature: ECDSA (RFC 5754 §3.3), RSA with PKCS#1 v1.5 (§3.2)
/// or Ed25519 (RFC 8419), with the hashes of ReadHashAlgorithm. Fails as that does.
base::Result<SignatureAlgorithm> ReadSignatureAlgorithm(DerReader& reader);

/// True when a key of this type makes signatures of this family.
bool Fits(SignatureFamily family, KeyType type);

}  // namespace sigward::verifier
