#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "verifier/public_key.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// A transparency log (Rekor or certificate transparency) that is trusted within a window.
struct TransparencyLog {
  std::string base_url;
  /// The log's id, opaque and never empty: what entries and SCTs name.
  base::ByteBuffer log_id;
  /// Where the root says it (v0.2): the key id of the log's checkpoints, whole or cut to its first
  /// bytes, by which entries may name the log as well.
  std::optional<base::ByteBuffer> checkpoint_key_id;
  std::shared_ptr<const PublicKey> key;
  /// With which the log signs; Ed25519 needs none.
  HashAlgorithm hash = HashAlgorithm::kSha256;
  /// Its start is never absent.
  Validity validity;
  /// Who runs it; logs of one operator count once. Empty where the root does not say it.
  std::string operated_by;
};

}  // namespace sigward::verifier
