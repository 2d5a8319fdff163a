#include "worker/fetch/authorization_memory.h"

#include <algorithm>
#include <utility>

namespace sigward::worker {

std::optional<std::string> AuthorizationMemory::Find(const std::string& place) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(place);
  if (found == places_.end()) {
    return std::nullopt;
  }
  if (clock_->SteadyNow() >= found->second.until) {
    Erase(found);
    return std::nullopt;
  }
  return found->second.value;
}

void AuthorizationMemory::Remember(const std::string& place, const std::string& value,
                                   base::Clock::Steady since, std::chrono::seconds life) {
  const std::lock_guard lock(mutex_);
  if (const auto known = places_.find(place); known != places_.end()) {
    Erase(known);
  }
  const std::size_t size = place.size() + value.size();
  if (clock_->SteadyNow() >= since + life || size > kMaxRememberedAuthorizationBytes) {
    return;
  }
  while (places_.size() >= kMaxRememberedAuthorizations ||
         bytes_ + size > kMaxRememberedAuthorizationBytes) {
    Erase(std::min_element(places_.begin(), places_.end(), [](const auto& a, const auto& b) {
      return a.second.until < b.second.until;
    }));
  }
  places_.emplace(place, Remembered{value, since + life});
  bytes_ += size;
}

void AuthorizationMemory::Forget(const std::string& place, const std::string& value) {
  const std::lock_guard lock(mutex_);
  if (const auto found = places_.find(place);
      found != places_.end() && found->second.value == value) {
    Erase(found);
  }
}

void AuthorizationMemory::Erase(Places::iterator place) {
  bytes_ -= place->first.size() + place->second.value.size();
  places_.erase(place);
}

}  // namespace sigward::worker
