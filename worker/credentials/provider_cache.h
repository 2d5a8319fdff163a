#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "worker/credentials/provider_protocol.h"

namespace sigward::worker {

/// Answers of providers that are kept at once.
inline constexpr std::size_t kMaxCachedResponses = 128;

/// What credential providers have answered, for as long as they said. Safe for several threads.
class ProviderCache {
 public:
  explicit ProviderCache(const base::Clock& clock) : clock_(clock) {}

  /// What PROVIDER has answered for IMAGE ("HOST/REPOSITORY"), for its registry or for all.
  std::optional<std::vector<ProviderAuth>> Find(const std::string& provider,
                                                const std::string& image);

  /// Keeps RESPONSE, which PROVIDER gave for IMAGE. What says no duration is kept for
  /// DEFAULT_DURATION; zero keeps nothing. When there is no room, what ends soonest goes.
  void Keep(const std::string& provider, const std::string& image, const ProviderResponse& response,
            std::chrono::milliseconds default_duration);

  /// Forgets what Find would give.
  void Forget(const std::string& provider, const std::string& image);

  void Clear();
  std::size_t size() const;

 private:
  /// Provider, kind of key, and image, registry or nothing.
  using Key = std::tuple<std::string, CacheKeyType, std::string>;
  struct Kept {
    std::vector<ProviderAuth> auths;
    base::Clock::Steady until;
  };

  static Key KeyOf(const std::string& provider, CacheKeyType type, const std::string& image);
  void DropStale();

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Kept> kept_;
};

}  // namespace sigward::worker
