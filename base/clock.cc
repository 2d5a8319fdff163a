#include "base/clock.h"

#include <algorithm>
#include <array>
#include <ctime>

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

std::string UtcNowText() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 32> text{};
  const std::size_t length = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string millis = std::to_string(1000 + now.tv_nsec / 1'000'000).substr(1);
  return std::string(text.data(), length) + "." + millis + "Z";
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
