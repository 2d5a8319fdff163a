#include "plugin/gate_server.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "base/strict_json.h"
#include "plugin/gate_answer.h"
#include "policy/evaluate.h"
#include "rpc/frame.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward {
namespace {

using base::Fail;
using base::Json;
using base::Reason;

policy::Origin OriginOf(rpc::GateCall call) {
  switch (call) {
    case rpc::GateCall::kPrefetch:
      return policy::Origin::kPrefetch;
    case rpc::GateCall::kVerify:
      return policy::Origin::kCommandLine;
    case rpc::GateCall::kPull:
    case rpc::GateCall::kStatus:
    case rpc::GateCall::kCreate:
    case rpc::GateCall::kAudit:
      break;
  }
  return policy::Origin::kPull;
}

}  // namespace

void GateServer::Serve(const base::UniqueFd& connection) {
  const base::Deadline patience = base::Deadline::After(kQuestionPatience);
  if (!rpc::CheckPeer(connection.get()).ok()) {
    return;
  }
  auto frame = rpc::Receive(connection.get(), patience);
  if (!frame.ok()) {
    return;
  }
  rpc::GateAnswer answer;
  if (const auto question = rpc::DecodeGateQuestion(frame->bytes); question.ok()) {
    answer = Answer(*question, std::move(frame->descriptors));
  } else {
    answer = AnswerOf(Refusal(question.error()), {LineOf(question.error()), "{}"});
  }
  // Who has gone away meanwhile has no answer, and takes that as a refusal.
  (void)rpc::Send(connection.get(), rpc::Encode(answer), {},
                  base::Deadline::After(kQuestionPatience))
      .ok();
}

rpc::GateAnswer GateServer::Answer(const rpc::GateQuestion& question,
                                   std::vector<base::UniqueFd> descriptors) {
  switch (question.call) {
    case rpc::GateCall::kPull:
    case rpc::GateCall::kVerify:
      return AnswerImage(question);
    case rpc::GateCall::kStatus:
      return AnswerStatus();
    case rpc::GateCall::kCreate:
      return rooms_.create.AtRuntime(question, std::move(descriptors));
    case rpc::GateCall::kPrefetch:
      return AnswerImage(question);
    case rpc::GateCall::kAudit:
      return rooms_.audit.Answer(question);
  }
  return {};
}

rpc::GateAnswer GateServer::AnswerImage(const rpc::GateQuestion& question) {
  const auto started = std::chrono::steady_clock::now();
  const base::Deadline deadline = base::Deadline::After(rooms_.config.pull_deadline);
  journal::Question journaled{OriginOf(question.call), question.reference, question.digest};
  auto workload = WorkloadOf(question, journaled, deadline);
  policy::Decision decision;
  std::string line;
  if (workload.ok()) {
    decision = rooms_.gate.Decide(rooms_.policy.Current(), *workload, deadline);
    line = policy::DecisionLine(decision, *workload);
  } else {
    line = LineOf(workload.error());
    decision = Refusal(std::move(workload).error());
  }
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  return AnswerOf(decision, rooms_.journal.Record(journaled, decision, std::move(line), elapsed));
}

base::Result<policy::Workload> GateServer::WorkloadOf(const rpc::GateQuestion& question,
                                                      journal::Question& journaled,
                                                      const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(verifier::ImageRef image, verifier::ImageRef::Parse(question.reference));
  journaled.image = image.text();
  std::string digest_text = question.digest;
  std::string media_type = question.media_type;
  if (digest_text.empty() && question.call != rpc::GateCall::kPull) {
    std::optional<Preparation::Item> on_node;
    if (question.call == rpc::GateCall::kPrefetch) {
      on_node = rooms_.preparation.OnNode(image, deadline);
    }
    if (image.digest().has_value()) {
      digest_text = image.digest()->text();
    } else if (on_node.has_value()) {
      digest_text = on_node->target.text();
      media_type = on_node->media_type;
    } else {
      auto resolved = rooms_.fetcher.Resolve(image, deadline);
      if (!resolved.ok()) {
        return Within(image.text() + " could not be resolved", std::move(resolved).error());
      }
      digest_text = resolved->digest.text();
      media_type = resolved->media_type;
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(verifier::Digest digest, verifier::Digest::Parse(digest_text));
  journaled.digest = digest.text();
  if (image.digest().has_value() && *image.digest() != digest) {
    return Fail(Reason::kDescriptorMismatch,
                image.text() + " is asked for with another digest, " + digest.text());
  }
  return policy::Workload{journaled.origin, std::move(image), std::move(digest),
                          std::move(media_type)};
}

rpc::GateAnswer GateServer::AnswerStatus() const {
  const auto policy = rooms_.policy.Current();
  Json active = {{"state", policy == nullptr ? "none" : "active"},
                 {"generation", policy == nullptr ? 0 : policy->generation()},
                 {"policies", policy == nullptr ? 0 : policy->policies().size()},
                 {"source", "file://" + rooms_.policy.source()}};
  if (const auto error = rooms_.policy.last_error()) {
    active["error"] = LineOf(*error);
  }
  const auto counts = rooms_.journal.counts();
  const auto usage = rooms_.store.usage();
  const auto progress = rooms_.preparation.progress();
  const auto door = rooms_.nri.status();
  Json nri = {{"registered", door.registered}, {"gaps", door.gaps}, {"questions", door.questions}};
  if (door.registered) {
    nri["runtime"] = door.runtime_name + " " + door.runtime_version;
  }
  if (door.error.has_value()) {
    nri["error"] = LineOf(*door.error);
  }
  const Json record = {
      {"version", SIGWARD_VERSION},
      {"pid", getpid()},
      {"policy", active},
      {"remembered", {{"signatures", rooms_.gate.remembered()}}},
      {"evidence", {{"images", usage.images}, {"bytes", usage.bytes}}},
      {"containerd", {{"listening", progress.listening}}},
      {"preparation", {{"waiting", progress.waiting}, {"prepared", progress.prepared}}},
      {"nri", nri},
      {"decisions",
       {{"allow", counts.allow}, {"deny", counts.deny}, {"undetermined", counts.undetermined}}}};
  rpc::GateAnswer answer;
  answer.line = policy == nullptr ? "no policy is active: every image is refused" : "ready";
  answer.record = record.dump(-1, ' ', false, Json::error_handler_t::replace);
  return answer;
}

}  // namespace sigward
