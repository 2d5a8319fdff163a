#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace sigward::testing {

/// A clock that moves only when told to.
class FakeClock final : public base::Clock {
 public:
  Steady SteadyNow() const override { return Steady(std::chrono::nanoseconds(now_)); }
  void Advance(std::chrono::nanoseconds span) { now_ += span.count(); }

 private:
  std::atomic<std::int64_t> now_ = 1'000'000'000'000;
};

}  // namespace sigward::testing
