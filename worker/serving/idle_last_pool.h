#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace sigward::worker {

/// Runs connections on threads, each with a worker of its own. The thread that was idle last takes
/// the next one, so that few threads with warm connections do the work of a quiet node, and those
/// that a burst has brought go away again.
class IdleLastPool {
 public:
  /// Serves one connection to its end. Called by one thread only.
  using Worker = std::function<void(base::UniqueFd connection)>;
  /// Makes a thread's worker, on that thread.
  using MakeWorker = std::function<Worker()>;

  /// At most MAX_THREADS; one that was idle for IDLE_LIFE ends.
  IdleLastPool(std::size_t max_threads, std::chrono::milliseconds idle_life,
               MakeWorker make_worker);
  /// Waits until every connection that was taken is served.
  ~IdleLastPool();
  IdleLastPool(const IdleLastPool&) = delete;
  IdleLastPool& operator=(const IdleLastPool&) = delete;

  /// Hands CONNECTION to a thread. Gives it back when all of MAX_THREADS are at work or no thread
  /// can be started.
  std::optional<base::UniqueFd> Offer(base::UniqueFd connection);

  /// Threads that there are, and how many of them wait for a connection.
  std::size_t threads() const;
  std::size_t idle() const;

 private:
  struct Member {
    std::thread thread;
    std::condition_variable wake;
    std::optional<base::UniqueFd> connection;
  };
  using Members = std::list<Member>;

  void Run(Members::iterator self);
  void Join(Members ended);

  const std::size_t max_threads_;
  const std::chrono::milliseconds idle_life_;
  const MakeWorker make_worker_;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  Members members_;
  /// The one that was idle last is at the back.
  std::vector<Members::iterator> idle_;
  /// Threads that have left their loop and wait to be joined.
  Members ended_;
  std::condition_variable one_ended_;
};

}  // namespace sigward::worker
