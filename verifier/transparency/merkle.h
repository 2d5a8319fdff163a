#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/transparency/log_entry.h"

namespace sigward::verifier {

/// SHA-256, the hash of every log's tree.
inline constexpr std::size_t kTreeHashBytes = 32;

/// The hash of a leaf: SHA-256(0x00 || ENTRY) (RFC 6962 §2.1).
base::ByteBuffer LeafHash(base::ByteView entry);

/// The hash of an inner node: SHA-256(0x01 || LEFT || RIGHT) (RFC 6962 §2.1).
base::ByteBuffer NodeHash(base::ByteView left, base::ByteView right);

/// Checks that the leaf with LEAF_HASH stands at INDEX of the tree with TREE_SIZE leaves and ROOT
/// (RFC 9162 §2.1.3.2). Fails with kNotLogged (an index beyond the tree, a proof that is too short
/// or too long, another root), kMalformed (a hash that is no SHA-256) or kTooLarge (more than
/// kMaxProofHashes hashes).
base::Status VerifyInclusion(base::ByteView leaf_hash, std::uint64_t index, std::uint64_t tree_size,
                             std::span<const base::ByteBuffer> proof, base::ByteView root);

/// The head of a tree: how many leaves it has, and its root.
struct TreeHead {
  std::uint64_t size = 0;
  base::ByteView root;
};

/// Checks that the tree of SECOND begins with the tree of FIRST (RFC 9162 §2.1.4.2). From the empty
/// tree nothing is shown, since every tree begins with it. Fails as VerifyInclusion does.
base::Status VerifyConsistency(const TreeHead& first, const TreeHead& second,
                               std::span<const base::ByteBuffer> proof);

}  // namespace sigward::verifier
