#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Log entries that one evidence may carry.
inline constexpr std::size_t kMaxLogEntries = 32;
/// Hashes that a proof may hold: as many as a tree of 64 bits is high.
inline constexpr std::size_t kMaxProofHashes = 64;

/// Where a leaf stands in a log's tree (sigstore_rekor.proto, InclusionProof). Nothing in it is to
/// be believed yet.
struct InclusionProof {
  /// Within the tree, which Rekor v1 counts apart from the log's whole.
  std::uint64_t log_index = 0;
  std::uint64_t tree_size = 0;
  base::ByteBuffer root_hash;
  std::vector<base::ByteBuffer> hashes;
  /// The signed note (C2SP signed-note) whose text is the checkpoint (C2SP tlog-checkpoint).
  std::string checkpoint;
};

/// One entry of a transparency log as evidence carries it, decoded (sigstore_rekor.proto,
/// TransparencyLogEntry). Nothing in it is to be believed yet.
struct LogEntry {
  std::uint64_t log_index = 0;
  base::ByteBuffer log_id;
  std::string kind;
  std::string version;
  /// Absent when the entry says nothing or 0.
  std::optional<Time> integrated_time;
  base::ByteBuffer canonicalized_body;
  /// The inclusion promise (SET).
  std::optional<base::ByteBuffer> signed_entry_timestamp;
  std::optional<InclusionProof> inclusion_proof;
};

}  // namespace sigward::verifier
