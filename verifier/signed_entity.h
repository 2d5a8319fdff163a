#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/artifact_digests.h"
#include "verifier/bundle.h"
#include "verifier/certificate/certificate.h"
#include "verifier/dsse.h"
#include "verifier/public_key.h"
#include "verifier/transparency/log_entry.h"

namespace sigward::verifier {

/// Which rules a signature's format has for the hash that was signed.
enum class HashRule : std::uint8_t {
  /// cosign's older format: SHA-256, whatever the key.
  kSha256 = 1,
  /// Bundles: by curve (P-384 SHA-384, P-521 SHA-512), then SHA-256.
  kByCurve,
};

/// One signature and all that stands beside it, in one form for every format it came in. Nothing in
/// it is to be believed yet.
struct SignedEntity {
  HashRule hash_rule = HashRule::kByCurve;
  /// A certificate may stand beside the signature of a key. cosign's older format has both where a
  /// key was certified; a bundle is by one or the other (sigstore_bundle.proto).
  bool certificate_beside_key = false;
  /// The leaf first; empty where the signature is by a key that its reader has.
  std::vector<Certificate> certificates;
  base::ByteBuffer signature;
  /// What the signature is over. Absent for a bundle's message signature, of which only digests are
  /// known.
  std::optional<base::ByteBuffer> message;
  std::variant<ArtifactDigests, DsseEnvelope> subject;
  std::vector<LogEntry> log_entries;
  /// DER TimeStampResp each, over the signature.
  std::vector<base::ByteBuffer> timestamps;
};

/// The signature that BUNDLE is around. Where it is a message signature, ARTIFACT is what it is
/// meant to be over, and a digest that the bundle names must be among its. A certificate that its
/// own subject issued, the root, has no place in a bundle (sigstore_bundle.proto).
/// Fails with kMalformed, kTooLarge, kDigestMismatch, or kUnsupportedAlgorithm: the bundle names a
/// digest by an algorithm that ARTIFACT does not have.
base::Result<SignedEntity> EntityOf(Bundle bundle, const ArtifactDigests& artifact);

}  // namespace sigward::verifier
