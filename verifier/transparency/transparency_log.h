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
  /// The log's id: the key id that entries and SCTs name. 32 bytes.
  base::ByteBuffer log_id;
  /// The first bytes of a checkpoint's signature, where the root says them (v0.2).
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
