#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// What a digest's bytes were made with, and they.
struct HashedMessage {
  HashAlgorithm algorithm;
  base::ByteBuffer digest;
};

/// An artifact, by the digests that are known of it.
struct ArtifactDigests {
  std::vector<HashedMessage> digests;

  /// The one digest of an artifact whose bytes are not there.
  static ArtifactDigests Of(const Digest& digest);
  /// SHA-256, SHA-384 and SHA-512 of BYTES.
  static ArtifactDigests Of(base::ByteView bytes);
  /// Null when it is not known.
  const HashedMessage* Find(HashAlgorithm algorithm) const;
};

/// Digests an artifact that comes in pieces.
class ArtifactHasher {
 public:
  ArtifactHasher();
  ArtifactHasher(ArtifactHasher&&) noexcept;
  ArtifactHasher& operator=(ArtifactHasher&&) noexcept;
  ArtifactHasher(const ArtifactHasher&) = delete;
  ArtifactHasher& operator=(const ArtifactHasher&) = delete;
  ~ArtifactHasher();

  void Add(base::ByteView bytes);
  /// What ArtifactDigests::Of says of all that was added.
  ArtifactDigests Finish() &&;

 private:
  struct State;
  std::vector<State> states_;
};

}  // namespace sigward::verifier
