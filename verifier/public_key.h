#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

enum class HashAlgorithm : std::uint8_t { kSha224 = 1, kSha256, kSha384, kSha512 };

/// "sha224" … "sha512" in any case, as ClusterImagePolicy's hashAlgorithm names them.
/// Fails with kUnsupportedAlgorithm.
base::Result<HashAlgorithm> ParseHashAlgorithm(std::string_view name);
std::string_view HashAlgorithmName(HashAlgorithm algorithm);

enum class KeyType : std::uint8_t { kEcdsaP256 = 1, kEcdsaP384, kEcdsaP521, kRsa, kEd25519 };

/// Longest PEM text that PublicKey::Parse takes, in bytes (an RSA-16384 key has about 2,900).
inline constexpr std::size_t kMaxPublicKeyPem = 8192;
/// Smallest and largest RSA modulus, in bits. The upper bound keeps one verification cheap.
inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 8192;
/// Longest signature that Verify looks at, in bytes (RSA-8192 has 1,024).
inline constexpr std::size_t kMaxSignatureBytes = 1024;
/// The same as base64 text.
inline constexpr std::size_t kMaxSignatureText = (kMaxSignatureBytes + 2) / 3 * 4;

/// Witness: these bytes carry a valid signature by the key with this fingerprint. Only
/// PublicKey::Verify makes one. What is signed can be parsed only through it.
class SignedBytes {
 public:
  base::ByteView bytes() const { return bytes_; }

 private:
  friend class PublicKey;
  explicit SignedBytes(base::ByteView bytes) : bytes_(bytes) {}
  base::ByteView bytes_;
};

/// Witness: a message with this digest carries a valid signature. Only PublicKey::VerifyDigest
/// makes one.
class SignedDigest {
 public:
  base::ByteView digest() const { return digest_; }

 private:
  friend class PublicKey;
  explicit SignedDigest(base::ByteView digest) : digest_(digest) {}
  base::ByteView digest_;
};

/// A public key that sigward verifies with: ECDSA on named curves P-256, P-384, P-521, RSA of
/// kMinRsaBits and more with PKCS#1 v1.5 or, where it is asked for, PSS, Ed25519.
class PublicKey {
 public:
  /// Parses exactly one PEM block `PUBLIC KEY` (SubjectPublicKeyInfo) or `RSA PUBLIC KEY` (PKCS#1);
  /// white space around it is all that may stand beside it. Fails with kMalformed, kTooLarge,
  /// kUnsupportedAlgorithm (other types or curves, explicit curve parameters) or kWeakKey.
  static base::Result<PublicKey> Parse(std::string_view pem);

  /// The same of the bare DER SubjectPublicKeyInfo, of at most kMaxPublicKeyPem bytes.
  static base::Result<PublicKey> FromSpki(base::ByteView der);

  PublicKey(PublicKey&&) noexcept;
  PublicKey& operator=(PublicKey&&) noexcept;
  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;
  ~PublicKey();

  KeyType type() const { return type_; }
  /// DER SubjectPublicKeyInfo.
  const base::ByteBuffer& spki() const { return spki_; }
  /// SHA-256 over it, 32 bytes.
  const base::ByteBuffer& fingerprint() const { return fingerprint_; }

  /// Verifies SIGNATURE over MESSAGE: ECDSA in DER (FIPS 186-5), RSASSA-PKCS1-v1_5 (RFC 8017 §8.2),
  /// pure Ed25519 (RFC 8032; HASH plays no part). Fails with kBadSignature, kTooLarge or kInternal.
  base::Result<SignedBytes> Verify(base::ByteView message, base::ByteView signature,
                                   HashAlgorithm hash) const;

  /// Verifies SIGNATURE over MESSAGE by RSASSA-PSS (RFC 8017 §8.1) with SHA-256, also in MGF1, and
  /// a salt of any length: the signature says which. Verify takes none of these, and this none of
  /// Verify's. Fails with kBadSignature, kTooLarge, kInternal, or kUnsupportedAlgorithm for a key
  /// that is not RSA.
  base::Result<SignedBytes> VerifyPss(base::ByteView message, base::ByteView signature) const;

  /// The same as Verify for a message of which nothing but its DIGEST by HASH is known. Fails as
  /// Verify does; kMalformed for a digest of another length, kUnsupportedAlgorithm for an Ed25519
  /// key, whose signatures are over the message itself.
  base::Result<SignedDigest> VerifyDigest(base::ByteView digest, base::ByteView signature,
                                          HashAlgorithm hash) const;

 private:
  struct Handle;
  base::Status CheckShape(base::ByteView signature) const;
  base::Result<SignedBytes> VerifyAs(base::ByteView message, base::ByteView signature,
                                     HashAlgorithm hash, bool pss) const;
  PublicKey(std::unique_ptr<Handle> handle, KeyType type, base::ByteBuffer spki);
  std::unique_ptr<Handle> handle_;
  KeyType type_;
  base::ByteBuffer spki_;
  base::ByteBuffer fingerprint_;
};

/// Loads the digests and does one verification of each kind, so that a process that is sealed or
/// forked afterwards needs no further set-up. Fails with kInternal.
base::Status WarmUp();

}  // namespace sigward::verifier
