#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sigward::worker {

/// Places whose Authorization is remembered, and bytes of them in all.
inline constexpr std::size_t kMaxRememberedAuthorizations = 1024;
inline constexpr std::size_t kMaxRememberedAuthorizationBytes = 4U << 20;
/// How long a password, or a token that says nothing of its life, is used without asking again.
inline constexpr std::chrono::seconds kCredentialMemory{300};

/// What each place (a repository at one host) was last shown and took, so that a warm question
/// needs no request more for authentication. Never longer than a token lives. Only in memory; never
/// printed. Safe for several threads.
class AuthorizationMemory {
 public:
  explicit AuthorizationMemory(const base::Clock& clock = base::Clock::System()) : clock_(&clock) {}

  /// The value of Authorization that PLACE takes now, if it is known.
  std::optional<std::string> Find(const std::string& place);

  /// Remembers VALUE for LIFE, counted from SINCE. What does not live any more is not remembered;
  /// with too many or too large ones, those that would end first are forgotten.
  void Remember(const std::string& place, const std::string& value, base::Clock::Steady since,
                std::chrono::seconds life);

  /// Forgets VALUE, which PLACE has refused. A newer value of another thread stays.
  void Forget(const std::string& place, const std::string& value);

  base::Clock::Steady Now() const { return clock_->SteadyNow(); }

 private:
  struct Remembered {
    std::string value;
    base::Clock::Steady until;
  };
  using Places = std::map<std::string, Remembered>;

  void Erase(Places::iterator place);

  const base::Clock* clock_;
  std::mutex mutex_;
  Places places_;
  std::size_t bytes_ = 0;
};

}  // namespace sigward::worker
