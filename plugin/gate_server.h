#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/unique_fd.h"
#include "plugin/audit.h"
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

/// Serves gate.sock: one question and one answer a connection.
class GateServer {
 public:
  explicit GateServer(GateRooms rooms) : rooms_(rooms) {}

  /// Reads the question that CONNECTION brings and answers it. Safe for use by many threads.
  void Serve(const base::UniqueFd& connection);

  /// The answer to one question. Called by Serve; public for tests.
  rpc::GateAnswer Answer(const rpc::GateQuestion& question,
                         std::vector<base::UniqueFd> descriptors = {});

 private:
  rpc::GateAnswer AnswerImage(const rpc::GateQuestion& question);
  rpc::GateAnswer AnswerStatus() const;

  GateRooms rooms_;
};

}  // namespace sigward
