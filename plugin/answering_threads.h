#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward {

/// Threads that stay when they have nothing to do, so that a question finds one waiting.
inline constexpr std::size_t kIdleThreads = 4;

/// Threads that take the connections of one listening socket and answer each to its end. All that
/// have nothing to do wait for a connection, which wakes one of them: none is handed from thread to
/// thread.
class AnsweringThreads {
 public:
  /// ANSWER is called by many threads; what it throws is logged and ends that connection only. At
  /// most MOST connections are answered at once; further ones wait in the socket's backlog.
  AnsweringThreads(std::function<void(base::UniqueFd)> answer, std::size_t most);
  AnsweringThreads(const AnsweringThreads&) = delete;
  AnsweringThreads& operator=(const AnsweringThreads&) = delete;
  /// Waits until all threads have ended.
  ~AnsweringThreads();

  /// Starts to take connections of LISTENER, which is made non-blocking and stays open for longer
  /// than this. Called once. Fails with kIoFailed when no thread can be started.
  base::Status Start(int listener);

  /// Takes no further connection, and waits until those that were taken are answered, at most until
  /// DEADLINE. For good.
  void Drain(const base::Deadline& deadline);

 private:
  void Run();
  /// The next connection; an invalid one when no more are taken.
  base::UniqueFd Next();
  /// Takes a connection and counts it, in one. Invalid where none is there, or none is to be taken.
  base::UniqueFd TakeCounted();
  /// Lets the listener wake one thread, once.
  bool Arm(int operation);
  void Answer(base::UniqueFd connection);
  /// Starts one more thread where MOST allows it. Called with mutex_ held.
  void Grow();
  void Stop();

  const std::function<void(base::UniqueFd)> answer_;
  const std::size_t most_;
  int listener_ = -1;
  base::UniqueFd stop_;
  /// The listener and stop_.
  base::UniqueFd events_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::size_t threads_ = 0;
  std::size_t answering_ = 0;
};

}  // namespace sigward
