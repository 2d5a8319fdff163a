#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace sigward::worker {

/// Repositories whose answer is remembered, and for how long. Short, because a registry that learns
/// the referrers API in the meantime gets signatures that its fallback tags do not show.
inline constexpr std::size_t kMaxRememberedRepositories = 1024;
inline constexpr std::chrono::seconds kReferrersMemory{60};

enum class ReferrersSupport : std::uint8_t { kUnknown = 0, kPresent = 1, kAbsent = 2 };

/// Whether a repository's host answers the referrers API, so that the next question asks once
/// instead of twice. It spares requests and decides nothing. By repository and not by host: what
/// one tenant's repository answers says nothing of another's. Safe for several threads.
class ReferrersMemory {
 public:
  explicit ReferrersMemory(const base::Clock& clock = base::Clock::System()) : clock_(&clock) {}

  ReferrersSupport Recall(const std::string& repository_url);
  void Note(const std::string& repository_url, ReferrersSupport support);

 private:
  struct Noted {
    ReferrersSupport support;
    base::Clock::Steady until;
  };
  const base::Clock* clock_;
  std::mutex mutex_;
  std::map<std::string, Noted> noted_;
};

}  // namespace sigward::worker
