#include "worker/credentials/provider_cache.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sigward::worker {
namespace {

/// In the order in which they are looked at.
constexpr std::array<CacheKeyType, 3> kKeyTypes{CacheKeyType::kImage, CacheKeyType::kRegistry,
                                                CacheKeyType::kGlobal};

}  // namespace

ProviderCache::Key ProviderCache::KeyOf(const std::string& provider, CacheKeyType type,
                                        const std::string& image) {
  switch (type) {
    case CacheKeyType::kImage:
      return {provider, type, image};
    case CacheKeyType::kRegistry:
      return {provider, type, image.substr(0, image.find('/'))};
    case CacheKeyType::kGlobal:
      break;
  }
  return {provider, type, ""};
}

void ProviderCache::DropStale() {
  const auto now = clock_.SteadyNow();
  std::erase_if(kept_, [&](const auto& entry) { return entry.second.until <= now; });
}

std::optional<std::vector<ProviderAuth>> ProviderCache::Find(const std::string& provider,
                                                             const std::string& image) {
  const std::lock_guard lock(mutex_);
  DropStale();
  for (const CacheKeyType type : kKeyTypes) {
    if (const auto found = kept_.find(KeyOf(provider, type, image)); found != kept_.end()) {
      return found->second.auths;
    }
  }
  return std::nullopt;
}

void ProviderCache::Keep(const std::string& provider, const std::string& image,
                         const ProviderResponse& response,
                         std::chrono::milliseconds default_duration) {
  const auto duration = response.cache_duration.value_or(default_duration);
  if (duration.count() <= 0) {
    return;
  }
  const std::lock_guard lock(mutex_);
  DropStale();
  kept_.insert_or_assign(KeyOf(provider, response.cache_key_type, image),
                         Kept{response.auths, clock_.SteadyNow() + duration});
  if (kept_.size() > kMaxCachedResponses) {
    kept_.erase(std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
      return a.second.until < b.second.until;
    }));
  }
}

void ProviderCache::Forget(const std::string& provider, const std::string& image) {
  const std::lock_guard lock(mutex_);
  for (const CacheKeyType type : kKeyTypes) {
    kept_.erase(KeyOf(provider, type, image));
  }
}

void ProviderCache::Clear() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

std::size_t ProviderCache::size() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

}  // namespace sigward::worker
