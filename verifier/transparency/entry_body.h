#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// Largest body of an entry. An intoto entry may repeat the payload, in base64 twice.
inline constexpr std::size_t kMaxEntryBodyBytes = 512U << 10;
/// JSON values in it; the entries that are read here have about twenty.
inline constexpr std::size_t kMaxEntryBodyValues = 64;
/// Longest PEM text of a certificate or key in it.
inline constexpr std::size_t kMaxEntryPem = 32U << 10;

/// The kinds of entries that are read. Every other is refused: whatever it says, nothing here could
/// hold it against the evidence.
enum class EntryKind : std::uint8_t {
  /// Rekor v1.
  kHashedRekordV001 = 1,
  kDsseV001,
  kIntotoV002,
  /// Rekor v2.
  kHashedRekordV002,
};

/// The kind with this name and version, for example "dsse" and "0.0.1". Fails with
/// kUnsupportedFormat.
base::Result<EntryKind> ParseEntryKind(std::string_view kind, std::string_view version);

struct ArtifactDigest {
  HashAlgorithm algorithm;
  base::ByteView digest;
};

/// What a message signature is over: the artifact, by every digest of it that is known.
struct LoggedArtifact {
  std::vector<ArtifactDigest> digests;
};

/// What an envelope's signature is over.
struct LoggedEnvelope {
  std::string_view payload_type;
  base::ByteView payload;
  /// The envelope's own bytes, where they are what was sent to the log (cosign's attestations). A
  /// bundle holds the envelope in another spelling.
  std::optional<base::ByteView> blob;
};

/// What a log entry that stands beside a signature must be about: the parts of the evidence, as
/// views. Nothing in it needs to be verified yet.
struct LoggedContent {
  base::ByteView signature;
  /// DER of the certificate by whose key it is. Absent where the key stands for itself.
  std::optional<base::ByteView> certificate;
  /// DER SubjectPublicKeyInfo: the certificate's, or the key.
  base::ByteView spki;
  std::variant<LoggedArtifact, LoggedEnvelope> subject;
};

/// Checks that BODY, the canonicalized body of an entry, is of KIND and is about CONTENT: the same
/// signature, the same certificate or key byte for byte, the same digests (sigstore's client-spec
/// §4.4; for Rekor v2 rekor-v2-spec §6.1). What a DSSE entry of Rekor v1 says of the envelope as a
/// whole is compared where its bytes are given; its payload and its signature always are.
///
/// Fails with kLogMismatch (any part is another's, or KIND is not for this content), kMalformed,
/// kDuplicateKey or kTooLarge (the body is not what KIND prescribes; an unknown field too), or
/// kUnsupportedAlgorithm (Rekor v2: a key or digest that is not compared here).
base::Status CheckEntryBody(base::ByteView body, EntryKind kind, const LoggedContent& content);

}  // namespace sigward::verifier
