#pragma once

#include <chrono>
#include <string>

namespace sigward::base {

/// The one place where time comes from, so that tests can hold it still.
class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Time that only moves forward, for ages and deadlines.
  virtual Steady SteadyNow() const = 0;

  /// The machine's own; never destroyed.
  static const Clock& System();
};

/// The system's time in UTC as RFC 3339 writes it, with milliseconds. For people to read, never to
/// decide by.
std::string UtcNowText();

/// The moment by which an answer must be there. Passed to everything that can wait.
class Deadline {
 public:
  static Deadline After(std::chrono::milliseconds span, const Clock& clock = Clock::System()) {
    return Deadline(clock.SteadyNow() + span);
  }

  /// Time left, never negative; rounded down to milliseconds.
  std::chrono::milliseconds Left(const Clock& clock = Clock::System()) const;
  bool Passed(const Clock& clock = Clock::System()) const { return Left(clock).count() == 0; }
  /// The earlier of this moment and SPAN from now.
  Deadline Within(std::chrono::milliseconds span, const Clock& clock = Clock::System()) const;
  Clock::Steady when() const { return when_; }

 private:
  explicit Deadline(Clock::Steady when) : when_(when) {}
  Clock::Steady when_;
};

}  // namespace sigward::base
