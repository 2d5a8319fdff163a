#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "plugin/audit.h"
#include "plugin/config.h"
#include "plugin/create_door.h"
#include "plugin/gate/evidence_store.h"
#include "plugin/gate/gate.h"
#include "plugin/journal/journal.h"
#include "plugin/sync/active_policy.h"
#include "rpc/gate_message.h"
#include "worker/client/fetchd_client.h"

namespace sigward {

/// Questions that are answered at once; further ones wait in the socket's backlog.
inline constexpr std::size_t kMaxQuestionsAtOnce = 512;
/// How long a caller may take to say what it wants.
inline constexpr std::chrono::seconds kQuestionPatience{2};

/// What the gate's answers are made of. Everything outlives the server.
struct GateRooms {
  const Config& config;
  sync::ActivePolicy& policy;
  gate::Gate& gate;
  gate::EvidenceStore& store;
  journal::Journal& journal;
  worker::Fetcher& fetcher;
  CreateDoor& create;
  Audit& audit;
  Preparation& preparation;
  nri::NriDoor& nri;
};

/// Serves gate.sock: one question and one answer a connection, one thread each.
class GateServer {
 public:
  explicit GateServer(GateRooms rooms) : rooms_(rooms) {}

  /// Accepts one connection on LISTENER, which is readable, and answers it in a thread of its own.
  /// Waits while kMaxQuestionsAtOnce are being answered.
  void AcceptOne(int listener);

  /// Waits until all questions are answered, at most until DEADLINE.
  void Drain(const base::Deadline& deadline);

  /// The answer to one question. Called by AcceptOne; public for tests.
  rpc::GateAnswer Answer(const rpc::GateQuestion& question,
                         std::vector<base::UniqueFd> descriptors = {});

 private:
  void Serve(base::UniqueFd connection);
  rpc::GateAnswer AnswerImage(const rpc::GateQuestion& question);
  rpc::GateAnswer AnswerStatus() const;
  base::Result<policy::Workload> WorkloadOf(const rpc::GateQuestion& question,
                                            journal::Question& journaled,
                                            const base::Deadline& deadline);

  GateRooms rooms_;
  std::mutex mutex_;
  std::condition_variable one_done_;
  std::size_t answering_ = 0;
};

}  // namespace sigward
