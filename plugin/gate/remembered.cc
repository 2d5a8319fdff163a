#include "plugin/gate/remembered.h"

namespace sigward::gate {

void Remembered::Add(const policy::Proof& proof) {
  const std::lock_guard lock(mutex_);
  const Key key(proof.image(), proof.authority());
  if (const auto place = places_.find(key); place != places_.end()) {
    place->second->second = proof;
    entries_.splice(entries_.begin(), entries_, place->second);
    return;
  }
  entries_.emplace_front(key, proof);
  places_.emplace(key, entries_.begin());
  if (entries_.size() > capacity_) {
    places_.erase(entries_.back().first);
    entries_.pop_back();
  }
}

std::optional<policy::Proof> Remembered::Find(const verifier::Digest& image,
                                              const verifier::AuthorityHash& authority) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(Key(image, authority));
  if (place == places_.end()) {
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, place->second);
  return place->second->second;
}

std::size_t Remembered::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace sigward::gate
