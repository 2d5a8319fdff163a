#include "verifier/transparency/merkle.h"

#include <algorithm>
#include <bit>
#include <string>

#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

base::Error NotLogged(const char* what) {
  return base::Fail(base::Reason::kNotLogged, what);
}

bool IsTreeHash(base::ByteView hash) {
  return hash.size() == kTreeHashBytes;
}

bool Equal(base::ByteView a, base::ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool IsOdd(std::uint64_t number) {
  return (number & 1U) != 0;
}

base::Status CheckProofShape(std::span<const base::ByteBuffer> proof) {
  if (proof.size() > kMaxProofHashes) {
    return base::Fail(base::Reason::kTooLarge,
                      "the proof has more than " + std::to_string(kMaxProofHashes) + " hashes");
  }
  if (!std::all_of(proof.begin(), proof.end(), IsTreeHash)) {
    return base::Fail(base::Reason::kMalformed, "the proof holds something that is no SHA-256");
  }
  return base::Ok();
}

/// A way from a leaf or subtree up to the root: its index and the last index, level by level.
struct Climb {
  std::uint64_t index;
  std::uint64_t last;

  void Up() {
    index >>= 1U;
    last >>= 1U;
  }
  /// True when what stands here is a right child, or has no sibling at this level and goes up
  /// until it is one.
  bool TakesSiblingFromTheLeft() const { return IsOdd(index) || index == last; }
  /// Skips the levels at which the rightmost subtree has no sibling.
  void SkipLevelsWithoutSibling() {
    while (!IsOdd(index) && index != 0) {
      Up();
    }
  }
};

}  // namespace

base::ByteBuffer LeafHash(base::ByteView entry) {
  base::ByteBuffer input;
  input.reserve(entry.size() + 1);
  input.push_back(kLeafPrefix);
  input.insert(input.end(), entry.begin(), entry.end());
  return HashOf(input, HashAlgorithm::kSha256);
}

base::ByteBuffer NodeHash(base::ByteView left, base::ByteView right) {
  base::ByteBuffer input;
  input.reserve(left.size() + right.size() + 1);
  input.push_back(kNodePrefix);
  input.insert(input.end(), left.begin(), left.end());
  input.insert(input.end(), right.begin(), right.end());
  return HashOf(input, HashAlgorithm::kSha256);
}

base::Status VerifyInclusion(base::ByteView leaf_hash, std::uint64_t index, std::uint64_t tree_size,
                             std::span<const base::ByteBuffer> proof, base::ByteView root) {
  SIGWARD_RETURN_IF_ERROR(CheckProofShape(proof));
  if (!IsTreeHash(leaf_hash) || !IsTreeHash(root)) {
    return base::Fail(base::Reason::kMalformed, "the root or the leaf's hash is no SHA-256");
  }
  if (index >= tree_size) {
    return NotLogged("the entry's index lies beyond the tree");
  }
  Climb at{index, tree_size - 1};
  base::ByteBuffer hash(leaf_hash.begin(), leaf_hash.end());
  for (const base::ByteBuffer& sibling : proof) {
    if (at.last == 0) {
      return NotLogged("the inclusion proof is longer than the tree is high");
    }
    if (at.TakesSiblingFromTheLeft()) {
      hash = NodeHash(sibling, hash);
      at.SkipLevelsWithoutSibling();
    } else {
      hash = NodeHash(hash, sibling);
    }
    at.Up();
  }
  if (at.last != 0) {
    return NotLogged("the inclusion proof is shorter than the tree is high");
  }
  if (!Equal(hash, root)) {
    return NotLogged("the inclusion proof leads to another root");
  }
  return base::Ok();
}

base::Status VerifyConsistency(const TreeHead& first, const TreeHead& second,
                               std::span<const base::ByteBuffer> proof) {
  SIGWARD_RETURN_IF_ERROR(CheckProofShape(proof));
  if (first.size == 0 || first.size > second.size) {
    return NotLogged("the second tree is not shown to begin with the first");
  }
  if (first.size == second.size) {
    return proof.empty() && Equal(first.root, second.root)
               ? base::Ok()
               : NotLogged("two trees of one size have different roots, or a proof between them");
  }
  if (!IsTreeHash(first.root) || !IsTreeHash(second.root)) {
    return base::Fail(base::Reason::kMalformed, "a root is no SHA-256");
  }
  if (proof.empty()) {
    return NotLogged("no proof shows that the second tree begins with the first");
  }
  Climb at{first.size - 1, second.size - 1};
  while (IsOdd(at.index)) {
    at.Up();
  }
  // A whole subtree is the first tree itself, so its root is not repeated in the proof.
  const bool starts_with_root = std::has_single_bit(first.size);
  base::ByteBuffer first_hash = proof.front();
  if (starts_with_root) {
    first_hash.assign(first.root.begin(), first.root.end());
  }
  base::ByteBuffer second_hash = first_hash;
  for (const base::ByteBuffer& sibling : proof.subspan(starts_with_root ? 0 : 1)) {
    if (at.last == 0) {
      return NotLogged("the consistency proof is longer than the tree is high");
    }
    if (at.TakesSiblingFromTheLeft()) {
      first_hash = NodeHash(sibling, first_hash);
      second_hash = NodeHash(sibling, second_hash);
      at.SkipLevelsWithoutSibling();
    } else {
      second_hash = NodeHash(second_hash, sibling);
    }
    at.Up();
  }
  if (at.last != 0 || !Equal(first_hash, first.root) || !Equal(second_hash, second.root)) {
    return NotLogged("the consistency proof leads to other roots");
  }
  return base::Ok();
}

}  // namespace sigward::verifier
