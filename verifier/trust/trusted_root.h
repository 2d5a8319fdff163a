#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/transparency/transparency_log.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/trust/sigstore_keys.h"

namespace sigward::verifier {

/// Bounds of one trusted root: bytes of its document, logs or authorities of one kind, bytes of one
/// text in it.
inline constexpr std::size_t kMaxTrustedRootBytes = 1U << 20;
inline constexpr std::size_t kMaxTrustInstances = 64;
inline constexpr std::size_t kMaxTrustText = 2048;

/// Who is trusted for keyless signatures, and when. Never changed after it was made.
class TrustRoot {
 public:
  /// Parses Sigstore's trusted_root.json (media types trustedroot v0.1 in both spellings and v0.2)
  /// as proto3 JSON: lowerCamelCase names, unknown fields refused. Every key, those of certificates
  /// included, must be one that PublicKey takes and, for a log, of the kind that keyDetails says;
  /// every log needs the start of its window (sigstore's client-spec §2.3), every log id 32 bytes;
  /// each certificate of a chain must be issued in the name of the next. Windows are kept to whole
  /// seconds, never wider than written. Fails with kMalformed, kDuplicateKey, kTooLarge,
  /// kUnsupportedFormat (another media type), kUnsupportedAlgorithm or kWeakKey.
  static base::Result<TrustRoot> Parse(base::ByteView json);

  /// The trust root that policy-controller's `sigstoreKeys` mean, with the same invariants; its
  /// hash is that of TrustedRootJson(KEYS), which says where windows come from.
  static base::Result<TrustRoot> Of(const SigstoreKeys& keys);

  const std::vector<TransparencyLog>& logs() const { return logs_; }
  const std::vector<TransparencyLog>& ct_logs() const { return ct_logs_; }
  const std::vector<CertificateAuthority>& certificate_authorities() const {
    return certificate_authorities_;
  }
  const std::vector<CertificateAuthority>& timestamp_authorities() const {
    return timestamp_authorities_;
  }
  /// SHA-256 over the document, so that a changed root is another root.
  const base::ByteBuffer& hash() const { return hash_; }

 private:
  TrustRoot() = default;
  std::vector<TransparencyLog> logs_;
  std::vector<TransparencyLog> ct_logs_;
  std::vector<CertificateAuthority> certificate_authorities_;
  std::vector<CertificateAuthority> timestamp_authorities_;
  base::ByteBuffer hash_;
};

}  // namespace sigward::verifier
