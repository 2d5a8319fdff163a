#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sigward::base {

/// What std::timed_mutex is, made of calls that ThreadSanitizer follows: it knows nothing of
/// pthread_mutex_clocklock and would judge what such a mutex guards unguarded. For std::unique_lock
/// with a time.
class TimedMutex {
 public:
  TimedMutex() = default;
  TimedMutex(const TimedMutex&) = delete;
  TimedMutex& operator=(const TimedMutex&) = delete;
  ~TimedMutex() = default;

  /// True when the mutex was got within SPAN.
  bool try_lock_for(std::chrono::milliseconds span) {
    std::unique_lock lock(mutex_);
    const bool is_free = freed_.wait_for(lock, span, [&] { return !held_; });
    held_ = held_ || is_free;
    return is_free;
  }

  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool held_ = false;
};

}  // namespace sigward::base
