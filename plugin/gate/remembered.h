#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "policy/evaluate.h"
#include "verifier/digest.h"
#include "verifier/verify_image.h"

namespace sigward::gate {

/// Proofs that are remembered at once, some 600 bytes each.
inline constexpr std::size_t kMaxRemembered = 16384;

/// Verified signatures, in memory only: which authority has signed which digest. Never decisions
/// and never names: policies are evaluated anew for every question, and an authority is named by
/// the content of its rule and trust roots, so a replaced key, another namespace or a new
/// generation needs no care here. The least recently used entry goes first. Safe for use by many
/// threads.
class Remembered {
 public:
  explicit Remembered(std::size_t capacity = kMaxRemembered) : capacity_(capacity) {}

  void Add(const policy::Proof& proof);

  /// The proof that AUTHORITY has signed IMAGE, if one is remembered.
  std::optional<policy::Proof> Find(const verifier::Digest& image,
                                    const verifier::AuthorityHash& authority);

  std::size_t size() const;

 private:
  using Key = std::pair<verifier::Digest, verifier::AuthorityHash>;

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  /// Most recently used first.
  std::list<std::pair<Key, policy::Proof>> entries_;
  std::map<Key, decltype(entries_)::iterator> places_;
};

}  // namespace sigward::gate
