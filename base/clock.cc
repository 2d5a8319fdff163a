#include "base/clock.h"

#include <algorithm>

namespace sigward::base {
namespace {

class SystemClock final : public Clock {
 public:
  Steady SteadyNow() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& Clock::System() {
  static const auto* const clock = new SystemClock();
  return *clock;
}

std::chrono::milliseconds Deadline::Left(const Clock& clock) const {
  const auto left = when_ - clock.SteadyNow();
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

Deadline Deadline::Within(std::chrono::milliseconds span, const Clock& clock) const {
  return Deadline(std::min(when_, clock.SteadyNow() + span));
}

}  // namespace sigward::base
