#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/transparency/transparency_log.h"

namespace sigward::verifier {

/// How a log names itself in its checkpoints.
enum class CheckpointStyle : std::uint8_t {
  /// Rekor v1: `NAME - TREE`, TREE a decimal number; the key's name is NAME. A log's host and the
  /// name that its operator gave it need not agree, so NAME is not compared with the base URL.
  kRekorV1 = 1,
  /// Rekor v2: the host of the log's base URL, which is the key's name as well
  /// (sigstore's rekor-v2-spec §7.2; sigstore_trustroot.proto, checkpoint_key_id).
  kRekorV2,
};

/// Witness: the log signed a tree with this size and root. Only VerifyCheckpoint makes one.
class VerifiedCheckpoint {
 public:
  std::uint64_t size() const { return size_; }
  /// kTreeHashBytes long.
  const base::ByteBuffer& root_hash() const { return root_hash_; }

 private:
  friend base::Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view, const TransparencyLog&,
                                                           CheckpointStyle);
  VerifiedCheckpoint(std::uint64_t size, base::ByteBuffer root_hash)
      : size_(size), root_hash_(std::move(root_hash)) {}
  std::uint64_t size_;
  base::ByteBuffer root_hash_;
};

/// Verifies a checkpoint (C2SP tlog-checkpoint) of LOG: a signed note with a line whose key name is
/// the log's by STYLE and whose key id is the one that the trust root names (its checkpoint_key_id,
/// else the start of the log's id) or that follows from the key. The first such line must verify;
/// further ones are repeats and say nothing. Lines by other names or ids (witnesses, keys to come)
/// must be well formed, and nothing else is asked of them.
///
/// Fails with kMalformed or kTooLarge (no note, no checkpoint) or kNotLogged: no line by the log, a
/// signature that does not verify, another origin.
base::Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view note, const TransparencyLog& log,
                                                  CheckpointStyle style);

}  // namespace sigward::verifier
