#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "plugin/nri/nri_door.h"
#include "plugin/nri/pending_reply.h"

namespace sigward::nri {

/// Decisions that are taken at once; questions that wait beside them, and the bytes that they hold.
inline constexpr std::size_t kDecisionsAtOnce = 16;
inline constexpr std::size_t kMaxWaitingQuestions = 512;
inline constexpr std::size_t kMaxWaitingBytes = 64U << 20;

/// Threads that decide about containers, started as they are needed.
class DecisionPool {
 public:
  using Decide = std::function<Answer(const Container&, const base::Deadline&)>;
  /// DECIDE must return by its deadline; what it throws refuses with kInternal.
  explicit DecisionPool(Decide decide) : decide_(std::move(decide)) {}
  /// Waits for the decisions that are being taken; what waits is not decided any more.
  ~DecisionPool();
  DecisionPool(const DecisionPool&) = delete;
  DecisionPool& operator=(const DecisionPool&) = delete;

  /// Has REQUEST, an encoded CreateContainerRequest or ValidateContainerAdjustmentRequest, decided
  /// by DEADLINE and answered through REPLY; a full queue refuses at once with kOverloaded.
  void Ask(std::shared_ptr<PendingReply> reply, std::string request,
           const base::Deadline& deadline);

 private:
  struct Question {
    std::shared_ptr<PendingReply> reply;
    std::string request;
    base::Deadline deadline;
  };
  /// Starts a thread for the question that waits, where none is idle. False when there is no
  /// thread.
  bool MakeRoomLocked();
  void Work();
  void Settle(const Question& question) const;

  const Decide decide_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sigward::nri
