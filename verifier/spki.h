#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// Largest RSA public exponent, in bits. Every exponent in use is far below, and a larger one would
/// only make verification expensive.
inline constexpr std::size_t kMaxRsaExponentBits = 32;

/// The parts of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), as views into its DER.
struct KeyParts {
  KeyType type;
  /// ECDSA: the uncompressed point (SEC 1 §2.3.3). Ed25519: the 32 bytes of RFC 8032. RSA: empty.
  base::ByteView point;
  /// RSA only: magnitudes, most significant byte first, no leading zero.
  base::ByteView modulus;
  base::ByteView exponent;
};

/// Parses exactly one DER SubjectPublicKeyInfo: named curves P-256, P-384 and P-521 with an
/// uncompressed point (RFC 5480), RSA with NULL parameters (RFC 3279 §2.3.1), Ed25519 (RFC 8410).
/// Fails with kMalformed, kUnsupportedAlgorithm or kWeakKey (RSA outside kMinRsaBits to
/// kMaxRsaBits, an even modulus, an exponent that is even, below 3 or beyond kMaxRsaExponentBits).
base::Result<KeyParts> ParseSpki(base::ByteView der);

/// Puts a PKCS#1 RSAPublicKey (RFC 8017 §A.1.1) into the SubjectPublicKeyInfo that means the same.
/// The key inside is not looked at.
base::ByteBuffer SpkiOfPkcs1(base::ByteView rsa_public_key);

}  // namespace sigward::verifier
