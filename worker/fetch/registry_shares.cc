#include "worker/fetch/registry_shares.h"

namespace sigward::worker {

RegistryShares::Place::~Place() {
  const std::lock_guard lock(shares_->mutex_);
  const auto found = shares_->taken_.find(registry_);
  found->second.bytes -= bytes_;
  shares_->bytes_in_all_ -= bytes_;
  if (--found->second.questions == 0) {
    shares_->taken_.erase(found);
  }
}

bool RegistryShares::Place::TakeBytes(std::size_t count) {
  const std::lock_guard lock(shares_->mutex_);
  std::size_t& of_registry = shares_->taken_.find(registry_)->second.bytes;
  std::size_t& in_all = shares_->bytes_in_all_;
  if (count > kMaxBytesPerRegistry - of_registry || count > kMaxBytesInAll - in_all) {
    return false;
  }
  of_registry += count;
  in_all += count;
  bytes_ += count;
  return true;
}

std::unique_ptr<RegistryShares::Place> RegistryShares::Enter(const std::string& registry) {
  {
    const std::lock_guard lock(mutex_);
    std::size_t& questions = taken_[registry].questions;
    if (questions == max_each_) {
      return nullptr;
    }
    ++questions;
  }
  return std::make_unique<Place>(*this, registry);
}

}  // namespace sigward::worker
