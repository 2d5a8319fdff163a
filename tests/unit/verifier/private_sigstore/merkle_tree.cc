#include "private_sigstore/merkle_tree.h"

#include <bit>
#include <span>

#include "verifier/ossl.h"
#include "verifier/transparency/merkle.h"

namespace sigward::testing {
namespace {

using Leaves = std::span<const base::ByteBuffer>;
using Hashes = std::vector<base::ByteBuffer>;

/// The largest power of two that is smaller than SIZE.
std::size_t SplitOf(std::size_t size) {
  return std::bit_floor(size - 1);
}

base::ByteBuffer RootOf(Leaves leaves) {
  if (leaves.empty()) {
    return verifier::HashOf({}, verifier::HashAlgorithm::kSha256);
  }
  if (leaves.size() == 1) {
    return leaves[0];
  }
  const std::size_t split = SplitOf(leaves.size());
  return verifier::NodeHash(RootOf(leaves.first(split)), RootOf(leaves.subspan(split)));
}

Hashes PathOf(std::size_t index, Leaves leaves) {
  if (leaves.size() == 1) {
    return {};
  }
  const std::size_t split = SplitOf(leaves.size());
  const Leaves left = leaves.first(split);
  const Leaves right = leaves.subspan(split);
  Hashes path = index < split ? PathOf(index, left) : PathOf(index - split, right);
  path.push_back(RootOf(index < split ? right : left));
  return path;
}

Hashes SubProofOf(std::size_t first, Leaves leaves, bool whole) {
  if (first == leaves.size()) {
    return whole ? Hashes() : Hashes{RootOf(leaves)};
  }
  const std::size_t split = SplitOf(leaves.size());
  const Leaves left = leaves.first(split);
  const Leaves right = leaves.subspan(split);
  Hashes proof =
      first <= split ? SubProofOf(first, left, whole) : SubProofOf(first - split, right, false);
  proof.push_back(RootOf(first <= split ? right : left));
  return proof;
}

}  // namespace

std::uint64_t MerkleTree::Add(base::ByteView entry) {
  leaves_.push_back(verifier::LeafHash(entry));
  return leaves_.size() - 1;
}

base::ByteBuffer MerkleTree::Root() const {
  return RootOf(leaves_);
}

std::vector<base::ByteBuffer> MerkleTree::InclusionProof(std::uint64_t index) const {
  return PathOf(index, leaves_);
}

std::vector<base::ByteBuffer> MerkleTree::ConsistencyProof(std::uint64_t first) const {
  return SubProofOf(first, leaves_, true);
}

}  // namespace sigward::testing
