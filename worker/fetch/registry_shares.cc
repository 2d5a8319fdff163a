#include "worker/fetch/registry_shares.h"

namespace sigward::worker {

RegistryShares::Place::~Place() {
  const std::lock_guard lock(shares_->mutex_);
  const auto found = shares_->taken_.find(registry_);
  if (--found->second == 0) {
    shares_->taken_.erase(found);
  }
}

std::unique_ptr<RegistryShares::Place> RegistryShares::Enter(const std::string& registry) {
  {
    const std::lock_guard lock(mutex_);
    std::size_t& taken = taken_[registry];
    if (taken == max_each_) {
      return nullptr;
    }
    ++taken;
  }
  return std::make_unique<Place>(*this, registry);
}

}  // namespace sigward::worker
