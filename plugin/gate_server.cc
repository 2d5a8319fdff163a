#include "plugin/gate_server.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "base/strict_json.h"
#include "plugin/answer/gate_answer.h"
#include "plugin/answer/image_answer.h"
#include "rpc/frame.h"

namespace sigward {

using base::Json;

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
  const ImageJudges judges{rooms_.gate, rooms_.fetcher, [this] { return rooms_.policy.Current(); },
                           [this](const verifier::ImageRef& image, const base::Deadline& deadline) {
                             auto item = rooms_.preparation.OnNode(image, deadline);
                             return item.has_value()
                                        ? std::optional(worker::ResolvedImage{
                                              std::move(item->target), std::move(item->media_type)})
                                        : std::nullopt;
                           }};
  JudgedImage judged =
      JudgeImage(judges, question, base::Deadline::After(rooms_.config.pull_deadline));
  return AnswerOf(judged.decision, rooms_.journal.Record(judged.question, judged.decision,
                                                         std::move(judged.line), judged.elapsed));
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
