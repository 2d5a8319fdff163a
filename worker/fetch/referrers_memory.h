#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace sigward::worker {

/// Repositories that are remembered, and for how long.
inline constexpr std::size_t kMaxRememberedRepositories = 1024;
inline constexpr std::chrono::seconds kReferrersMemory{60};

/// Which repositories' hosts answer the referrers API, so that the fallback tag need not be asked
/// for beside it. It spares a request and decides nothing: that an API is missing is never
/// remembered, for a signature that only the API shows would be invisible meanwhile. By repository
/// and not by host: what one tenant's repository answers says nothing of another's. Safe for
/// several threads.
class ReferrersMemory {
 public:
  explicit ReferrersMemory(const base::Clock& clock = base::Clock::System()) : clock_(&clock) {}

  bool HasApi(const std::string& repository_url);
  void NoteApi(const std::string& repository_url);

 private:
  const base::Clock* clock_;
  std::mutex mutex_;
  /// Until when each is remembered.
  std::map<std::string, base::Clock::Steady> noted_;
};

}  // namespace sigward::worker
