#pragma once

#include <cstddef>
#include <string>
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

/// A log or authority of a trusted root that verifies nothing here: its key or hash is of a kind
/// that is not verified, or too weak. To leave it out trusts nobody more; it is kept so that a
/// refusal can say what is missing.
struct UnusableInstance {
  /// Where it stands and its address: `tlogs[1] (https://log.example)`.
  std::string name;
  /// kUnsupportedAlgorithm or kWeakKey.
  base::Error why;
};

/// Who is trusted for keyless signatures, and when. Never changed after it was made.
class TrustRoot {
 public:
  /// Parses Sigstore's trusted_root.json (media types trustedroot v0.1 in both spellings and v0.2)
  /// as ProtoFields does. Every log needs the start of its window (sigstore's client-spec §2.3), an
  /// id (logId or checkpointKeyId, opaque, of at most 64 bytes) and a key of the kind that
  /// keyDetails says; each certificate of a chain must be issued in the name of the next. Windows
  /// are kept to whole seconds, never wider than written. An instance whose form is right and whose
  /// keys, those of certificates included, PublicKey does not take is left out and named in
  /// unusable(). Fails with kMalformed, kDuplicateKey, kTooLarge or kUnsupportedFormat (another
  /// media type).
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
  const std::vector<UnusableInstance>& unusable() const { return unusable_; }
  /// SHA-256 over the document, so that a changed root is another root.
  const base::ByteBuffer& hash() const { return hash_; }

 private:
  TrustRoot() = default;
  std::vector<TransparencyLog> logs_;
  std::vector<TransparencyLog> ct_logs_;
  std::vector<CertificateAuthority> certificate_authorities_;
  std::vector<CertificateAuthority> timestamp_authorities_;
  std::vector<UnusableInstance> unusable_;
  base::ByteBuffer hash_;
};

}  // namespace sigward::verifier
