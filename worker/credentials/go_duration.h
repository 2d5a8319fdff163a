#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace sigward::worker {

/// Longest duration that ParseGoDuration takes.
inline constexpr std::chrono::hours kLongestGoDuration{24 * 366};

/// A duration as Go's time.ParseDuration reads it and Kubernetes writes it: "12h", "1h30m0s",
/// "1.5h", "0". Parts of a millisecond are dropped. Fails with kMalformed, also for one below zero
/// or beyond kLongestGoDuration.
base::Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text);

}  // namespace sigward::worker
