#include "verifier/transparency/merkle.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "base/base64.h"
#include "private_sigstore/merkle_tree.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::MerkleTree;

/// Trees whose sizes try every shape of path: full, one leaf more, one leaf less.
constexpr std::uint64_t kLargestTree = 33;

MerkleTree TreeOf(std::uint64_t leaves) {
  MerkleTree tree;
  for (std::uint64_t i = 0; i < leaves; ++i) {
    tree.Add(base::AsBytes("leaf " + std::to_string(i)));
  }
  return tree;
}

TEST(MerkleTest, HashesAsRfc6962Says) {
  // The test vectors of Certificate Transparency's own implementation.
  EXPECT_EQ(base::EncodeHex(LeafHash({})),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(base::EncodeHex(NodeHash(base::AsBytes("N123"), base::AsBytes("N456"))),
            "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

TEST(MerkleTest, EveryLeafOfEveryTreeIsProvedAtItsIndexOnly) {
  for (std::uint64_t size = 1; size <= kLargestTree; ++size) {
    const MerkleTree tree = TreeOf(size);
    const base::ByteBuffer root = tree.Root();
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = tree.InclusionProof(index);
      const base::ByteBuffer& leaf = tree.leaf(index);
      EXPECT_THAT(VerifyInclusion(leaf, index, size, proof, root), IsOk()) << index << "/" << size;
      EXPECT_THAT(VerifyInclusion(leaf, index + 1, size, proof, root),
                  FailsWith(Reason::kNotLogged));
      EXPECT_THAT(VerifyInclusion(leaf, index - 1, size, proof, root),
                  FailsWith(Reason::kNotLogged));
      auto longer = proof;
      longer.push_back(root);
      EXPECT_THAT(VerifyInclusion(leaf, index, size, longer, root), FailsWith(Reason::kNotLogged));
      if (!proof.empty()) {
        auto shorter = proof;
        shorter.pop_back();
        EXPECT_THAT(VerifyInclusion(leaf, index, size, shorter, root),
                    FailsWith(Reason::kNotLogged));
        auto other = proof;
        other[index % proof.size()][0] ^= 1;
        EXPECT_THAT(VerifyInclusion(leaf, index, size, other, root), FailsWith(Reason::kNotLogged));
      }
    }
  }
}

TEST(MerkleTest, EveryTreeBeginsWithEverySmallerOne) {
  const MerkleTree tree = TreeOf(kLargestTree);
  for (std::uint64_t second = 1; second <= kLargestTree; ++second) {
    const base::ByteBuffer second_root = TreeOf(second).Root();
    for (std::uint64_t first = 1; first <= second; ++first) {
      const base::ByteBuffer first_root = TreeOf(first).Root();
      const auto proof = TreeOf(second).ConsistencyProof(first);
      const TreeHead old_head{first, first_root};
      const TreeHead new_head{second, second_root};
      EXPECT_THAT(VerifyConsistency(old_head, new_head, proof), IsOk()) << first << "/" << second;
      auto longer = proof;
      longer.push_back(second_root);
      EXPECT_THAT(VerifyConsistency(old_head, new_head, longer), FailsWith(Reason::kNotLogged));
      EXPECT_THAT(VerifyConsistency({first, second_root}, {second, first_root}, proof).ok(),
                  first == second);
      base::ByteBuffer other_root = first_root;
      other_root[31] ^= 1;
      EXPECT_THAT(VerifyConsistency({first, other_root}, new_head, proof),
                  FailsWith(Reason::kNotLogged));
      other_root = second_root;
      other_root[0] ^= 1;
      EXPECT_THAT(VerifyConsistency(old_head, {second, other_root}, proof),
                  FailsWith(Reason::kNotLogged));
      if (!proof.empty()) {
        auto shorter = proof;
        shorter.pop_back();
        EXPECT_THAT(VerifyConsistency(old_head, new_head, shorter), FailsWith(Reason::kNotLogged));
      }
    }
  }
}

TEST(MerkleTest, NothingIsShownFromTheEmptyTree) {
  const base::ByteBuffer empty = MerkleTree().Root();
  const base::ByteBuffer one = TreeOf(1).Root();
  EXPECT_THAT(VerifyConsistency({0, empty}, {0, empty}, {}), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyConsistency({0, empty}, {1, one}, {}), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyInclusion(one, 0, 0, {}, empty), FailsWith(Reason::kNotLogged));
}

TEST(MerkleTest, AProofBeyondTheRootIsNoneWhateverItLeadsTo) {
  const MerkleTree tree = TreeOf(5);
  const base::ByteBuffer root = tree.Root();
  auto proof = tree.InclusionProof(4);
  proof.push_back(LeafHash({}));
  EXPECT_THAT(VerifyInclusion(tree.leaf(4), 4, 5, proof, NodeHash(proof.back(), root)),
              FailsWith(Reason::kNotLogged));
  const base::ByteBuffer first_root = TreeOf(3).Root();
  auto consistency = tree.ConsistencyProof(3);
  consistency.push_back(LeafHash({}));
  const base::ByteBuffer first = NodeHash(consistency.back(), first_root);
  const base::ByteBuffer second = NodeHash(consistency.back(), root);
  EXPECT_THAT(VerifyConsistency({3, first}, {5, second}, consistency),
              FailsWith(Reason::kNotLogged));
}

TEST(MerkleTest, LargestNumbersDoNotWrap) {
  const base::ByteBuffer hash(kTreeHashBytes, 7);
  const std::vector<base::ByteBuffer> proof(kMaxProofHashes, hash);
  EXPECT_THAT(VerifyInclusion(hash, UINT64_MAX, UINT64_MAX, proof, hash),
              FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyInclusion(hash, UINT64_MAX - 1, UINT64_MAX, proof, hash),
              FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyConsistency({UINT64_MAX - 1, hash}, {UINT64_MAX, hash}, proof),
              FailsWith(Reason::kNotLogged));
}

TEST(MerkleTest, ProofsAreBounded) {
  const base::ByteBuffer hash(kTreeHashBytes, 7);
  const std::vector<base::ByteBuffer> most(kMaxProofHashes, hash);
  const std::vector<base::ByteBuffer> more(kMaxProofHashes + 1, hash);
  EXPECT_THAT(VerifyInclusion(hash, 0, 2, most, hash), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyInclusion(hash, 0, 2, more, hash), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(VerifyConsistency({1, hash}, {2, hash}, most), FailsWith(Reason::kNotLogged));
  EXPECT_THAT(VerifyConsistency({1, hash}, {2, hash}, more), FailsWith(Reason::kTooLarge));
}

TEST(MerkleTest, HashesOfAnotherLengthAreNoHashes) {
  const MerkleTree tree = TreeOf(2);
  const base::ByteBuffer root = tree.Root();
  auto proof = tree.InclusionProof(0);
  ASSERT_THAT(VerifyInclusion(tree.leaf(0), 0, 2, proof, root), IsOk());
  proof[0].push_back(0);
  EXPECT_THAT(VerifyInclusion(tree.leaf(0), 0, 2, proof, root), FailsWith(Reason::kMalformed));
  proof = tree.InclusionProof(0);
  EXPECT_THAT(VerifyInclusion(tree.leaf(0), 0, 2, proof, base::ByteView(root).first(31)),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(VerifyInclusion(base::ByteView(root).first(31), 0, 2, proof, root),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(VerifyConsistency({1, base::ByteView(root).first(31)}, {2, root}, proof),
              FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
