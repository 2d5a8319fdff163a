#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::base {

/// Answers that are kept for a moment after their flight has landed, at most.
inline constexpr std::size_t kMaxLanded = 1024;

/// Lets only the first of several equal questions at once do the work; the others wait for its
/// answer. An answer that KEEP_FOR names a time for is handed out for that long afterwards too.
template <typename T>
class SingleFlight {
 public:
  explicit SingleFlight(const Clock& clock) : clock_(clock) {}

  /// Runs WORK, or waits for the one who runs it for the same KEY. WORK must keep to DEADLINE
  /// itself; what it throws is the caller's, and one of those who wait begins anew. Fails with
  /// kTimeout when another's answer is not there by DEADLINE.
  Result<T> Run(const std::string& key, const Deadline& deadline, const std::function<T()>& work,
                const std::function<std::chrono::milliseconds(const T&)>& keep_for) {
    const auto flight = std::make_shared<Flight>();
    {
      std::unique_lock lock(mutex_);
      while (true) {
        auto& under_way = flights_[key];
        if (under_way == nullptr || IsStale(*under_way)) {
          under_way = flight;
          break;
        }
        // A copy: the entry may be gone before this thread runs again.
        const std::shared_ptr<Flight> other = under_way;
        // system-wide steady time, so that a deadline is one for all threads
        if (!other->landed.wait_until(lock, deadline.when(), [&] {
              return other->answer.has_value() || other->is_lost;
            })) {
          return Fail(Reason::kTimeout, "the same question is still being answered");
        }
        if (other->answer.has_value()) {
          return *other->answer;
        }
      }
    }
    try {
      T answer = work();
      const std::lock_guard lock(mutex_);
      const auto keep = keep_for(answer);
      flight->answer.emplace(std::move(answer));
      flight->stale_at = clock_.SteadyNow() + keep;
      flight->landed.notify_all();
      Forget(key, flight, keep.count() > 0);
      return *flight->answer;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      flight->is_lost = true;
      flight->landed.notify_all();
      Forget(key, flight, /*keep=*/false);
      throw;
    }
  }

 private:
  struct Flight {
    std::optional<T> answer;
    /// Whoever was to answer has thrown.
    bool is_lost = false;
    Clock::Steady stale_at;
    std::condition_variable landed;
  };

  bool IsStale(const Flight& flight) const {
    return flight.answer.has_value() && clock_.SteadyNow() >= flight.stale_at;
  }

  void Forget(const std::string& key, const std::shared_ptr<Flight>& flight, bool keep) {
    if (!keep || flights_.size() > kMaxLanded) {
      if (const auto found = flights_.find(key);
          found != flights_.end() && found->second == flight) {
        flights_.erase(found);
      }
    }
    std::erase_if(flights_, [&](const auto& entry) { return IsStale(*entry.second); });
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace sigward::base
