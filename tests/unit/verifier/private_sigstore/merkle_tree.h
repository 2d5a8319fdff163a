#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sigward::testing {

/// A tree of RFC 6962 that keeps every leaf's hash and computes the rest as §2.1 defines it,
/// recursively: another way than the verifier's.
class MerkleTree {
 public:
  /// Returns the new leaf's index.
  std::uint64_t Add(base::ByteView entry);

  std::uint64_t size() const { return leaves_.size(); }
  const base::ByteBuffer& leaf(std::uint64_t index) const { return leaves_.at(index); }
  base::ByteBuffer Root() const;
  /// PATH(index, D[size]) of §2.1.1.
  std::vector<base::ByteBuffer> InclusionProof(std::uint64_t index) const;
  /// PROOF(first, D[size]) of §2.1.2.
  std::vector<base::ByteBuffer> ConsistencyProof(std::uint64_t first) const;

 private:
  std::vector<base::ByteBuffer> leaves_;
};

}  // namespace sigward::testing
