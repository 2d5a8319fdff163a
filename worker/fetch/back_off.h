#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/reason.h"

namespace sigward::worker {

/// The longest pause that a host is believed to want.
inline constexpr std::chrono::seconds kLongestRetryAfter{300};
/// The pause after a first refusal that names none. Each further one doubles it.
inline constexpr std::chrono::milliseconds kFirstPause{200};
inline constexpr std::chrono::milliseconds kLongestPause{10'000};
/// Places whose pauses are remembered.
inline constexpr std::size_t kMaxPausingPlaces = 1024;

/// The time from an answer's DATE on that its Retry-After wants (RFC 9110 §10.2.3): seconds, or a
/// date. Both are the server's, so this machine's clock has no part in it. At most
/// kLongestRetryAfter; no value for what is neither, or a date without a DATE.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view retry_after,
                                                    const std::string& date);

/// Which places (a host, or a repository at one) want to be left alone for a while, shared by all
/// threads, so that 1,000 questions do not ask 1,000 times. Safe for several threads.
class BackOff {
 public:
  struct Pause {
    /// kRateLimited, or kRegistryError for 503.
    base::Reason reason;
    std::chrono::milliseconds left;
  };

  explicit BackOff(const base::Clock& clock = base::Clock::System());

  /// The pause that PLACE is in, if any.
  std::optional<Pause> PauseOf(const std::string& place);

  /// PLACE has answered 429 or 503 (REASON). WANTED is what its Retry-After says. Without it the
  /// pause is kFirstPause, doubled by each further refusal after the pause before, up to
  /// kLongestPause; a random part of up to the half is taken off, so that who waited together does
  /// not come back together.
  void NoteRefusal(const std::string& place, base::Reason reason,
                   std::optional<std::chrono::seconds> wanted);

  /// PLACE has answered otherwise, and not during its pause: its next refusal is a first one.
  void NoteAnswer(const std::string& place);

 private:
  struct Refusals {
    base::Reason reason = base::Reason::kRateLimited;
    int count = 0;
    base::Clock::Steady until;
  };

  std::chrono::milliseconds OwnPause(int earlier_refusals);

  const base::Clock* clock_;
  std::mutex mutex_;
  std::minstd_rand random_;
  std::map<std::string, Refusals> places_;
};

}  // namespace sigward::worker
