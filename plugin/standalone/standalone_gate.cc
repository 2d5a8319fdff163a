#include "plugin/standalone/standalone_gate.h"

#include <utility>

#include "plugin/answer/gate_answer.h"
#include "plugin/answer/image_answer.h"
#include "plugin/journal/journal.h"

namespace sigward {

base::Result<std::unique_ptr<StandaloneGate>> StandaloneGate::Start(
    const std::string& worker_folder, Options options) {
  SIGWARD_ASSIGN_OR_RETURN(WorkerProcesses workers,
                           WorkerProcesses::Start(worker_folder, options.config_text));
  return std::unique_ptr<StandaloneGate>(
      new StandaloneGate(std::move(workers), std::move(options)));
}

StandaloneGate::StandaloneGate(WorkerProcesses workers, Options options)
    : workers_(std::move(workers)),
      policy_(std::move(options.policy)),
      fetcher_(workers_.fetchd_socket()),
      verifier_(workers_.verifyd_socket()),
      gate_(fetcher_, verifier_, /*store=*/nullptr, std::move(options.platform)) {}

rpc::GateAnswer StandaloneGate::Verify(const std::string& reference,
                                       const base::Deadline& deadline) {
  const rpc::GateQuestion question{
      .call = rpc::GateCall::kVerify, .reference = reference, .digest = {}, .media_type = {}};
  JudgedImage judged =
      JudgeImage({gate_, fetcher_, [this] { return policy_; }}, question, deadline);
  return AnswerOf(judged.decision, journal::Tell(judged.question, judged.decision,
                                                 std::move(judged.line), judged.elapsed));
}

}  // namespace sigward
