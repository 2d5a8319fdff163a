#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/public_key.h"
#include "verifier/verify_entity.h"

namespace sigward::verifier {

enum class SignatureFormat : std::uint8_t { kCosignLegacy = 1, kSigstoreBundle = 2 };
std::string_view SignatureFormatName(SignatureFormat format);

/// Identifies what a signature was checked against, by content, so that a replaced key or trust
/// root is another authority.
class AuthorityHash {
 public:
  /// SHA-256 over CONTENT, one spelling of all that a signature by this authority has to satisfy.
  static AuthorityHash Of(std::string_view content);
  /// Fails with kMalformed unless BYTES are 32.
  static base::Result<AuthorityHash> FromBytes(base::ByteView bytes);
  const base::ByteBuffer& bytes() const { return bytes_; }
  friend auto operator<=>(const AuthorityHash&, const AuthorityHash&) = default;

 private:
  explicit AuthorityHash(base::ByteBuffer bytes) : bytes_(std::move(bytes)) {}
  base::ByteBuffer bytes_;
};

/// Who is trusted, and what a signature must bring beside itself. Authorities that demand the same
/// share one of these: what it takes is then looked at once for all of them.
struct EntityDemands {
  TrustMaterial trust;
  EntityRequirements requirements;
};

/// A key that may sign, and the hash it signs with. HASH absent: SHA-256 for the legacy format; for
/// bundles by curve (P-384 SHA-384, P-521 SHA-512), then SHA-256, which are cosign's own defaults.
struct KeyAuthority {
  AuthorityHash id;
  PublicKey key;
  std::optional<HashAlgorithm> hash;
  /// Null: log entries and time stamps say nothing beside a key. Outlives the verification.
  const EntityDemands* demands = nullptr;
  /// Signatures in other formats do not count.
  std::optional<SignatureFormat> format = {};
};

/// Certificates that may sign.
struct KeylessAuthority {
  AuthorityHash id;
  /// Never null; outlives the verification.
  const EntityDemands* demands;
  /// Fails with kIdentityMismatch when a certificate for this identity may not sign.
  std::function<base::Status(const CertificateIdentity&)> check_identity;
  std::optional<SignatureFormat> format = {};
};

using ImageAuthority = std::variant<KeyAuthority, KeylessAuthority>;

/// Witness: the image has a full, valid signature by this authority. Only VerifyImage makes one.
class VerifiedSignature {
 public:
  const Digest& image() const { return image_; }
  /// What the signature names: the image itself, or a platform manifest that the image's own index
  /// bytes list.
  const Digest& subject() const { return subject_; }
  const AuthorityHash& authority() const { return authority_; }
  SignatureFormat format() const { return format_; }
  /// The signed docker-reference (legacy) or empty. Signed, but by upstream's rule not compared.
  const std::string& docker_reference() const { return docker_reference_; }
  /// Whom the certificate was issued to; absent for a key.
  const std::optional<CertificateIdentity>& identity() const { return identity_; }
  /// The objects that prove it: the signature's manifest first, then its layer, then the index
  /// where membership was needed. Enough to verify it again.
  const std::vector<Digest>& proof() const { return proof_; }

 private:
  friend class ImageVerification;
  VerifiedSignature(Digest image, Digest subject, AuthorityHash authority, SignatureFormat format,
                    std::string docker_reference, std::optional<CertificateIdentity> identity,
                    std::vector<Digest> proof)
      : image_(std::move(image)),
        subject_(std::move(subject)),
        authority_(std::move(authority)),
        format_(format),
        docker_reference_(std::move(docker_reference)),
        identity_(std::move(identity)),
        proof_(std::move(proof)) {}
  Digest image_;
  Digest subject_;
  AuthorityHash authority_;
  SignatureFormat format_;
  std::string docker_reference_;
  std::optional<CertificateIdentity> identity_;
  std::vector<Digest> proof_;
};

/// What came out for one authority: a witness, or the failure that got furthest among all
/// signatures looked at (kNoSignature when there was none to look at).
struct AuthorityVerdict {
  AuthorityHash authority;
  std::variant<base::Error, VerifiedSignature> outcome;
};

struct ImageVerdict {
  /// One per authority asked for, in that order.
  std::vector<AuthorityVerdict> authorities;
  /// Signatures (legacy layers and bundles) that were looked at, at most kMaxSignatures.
  std::size_t signatures_seen = 0;
};

/// Looks for a signature of IMAGE by each of AUTHORITIES in EVIDENCE: cosign legacy signatures and
/// sigstore bundles, by keys and by certificates, whatever they are carried by. Every object is
/// hashed before use. A signature counts for the image's own digest or, when EVIDENCE holds the
/// index with that digest, for the manifest in it that fits PLATFORM. One full success per
/// authority is enough; what is stray, foreign or broken hides nothing. MEMORY spares chains that
/// were verified before.
///
/// Reasons per authority: kNoSignature, kDigestMismatch, kWrongType, kEvidenceMissing,
/// kIdentityMismatch, and those of VerifyByKey and VerifyByCertificate.
ImageVerdict VerifyImage(const Digest& image, const Platform& platform, const Evidence& evidence,
                         std::span<const ImageAuthority> authorities, ChainMemory& memory);

}  // namespace sigward::verifier
