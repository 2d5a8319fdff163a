#include "plugin/answer/image_answer.h"

#include <utility>

#include "plugin/answer/gate_answer.h"
#include "verifier/digest.h"

namespace sigward {
namespace {

using base::Fail;
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

/// What a question without a digest is about: IMAGE's own digest, or what its tag names now.
base::Result<worker::ResolvedImage> Resolve(const ImageJudges& judges,
                                            const rpc::GateQuestion& question,
                                            const verifier::ImageRef& image,
                                            const base::Deadline& deadline) {
  if (image.digest().has_value()) {
    return worker::ResolvedImage{*image.digest(), question.media_type};
  }
  if (question.call == rpc::GateCall::kPrefetch && judges.on_node) {
    if (auto here = judges.on_node(image, deadline)) {
      return *std::move(here);
    }
  }
  auto resolved = judges.fetcher.Resolve(image, deadline);
  if (!resolved.ok()) {
    return Within(image.text() + " could not be resolved", std::move(resolved).error());
  }
  return resolved;
}

/// Puts what it finds out into JOURNALED too.
base::Result<policy::Workload> WorkloadOf(const ImageJudges& judges,
                                          const rpc::GateQuestion& question,
                                          journal::Question& journaled,
                                          const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(verifier::ImageRef image, verifier::ImageRef::Parse(question.reference));
  journaled.image = image.text();
  std::string digest_text = question.digest;
  std::string media_type = question.media_type;
  if (digest_text.empty() && question.call != rpc::GateCall::kPull) {
    SIGWARD_ASSIGN_OR_RETURN(worker::ResolvedImage resolved,
                             Resolve(judges, question, image, deadline));
    digest_text = resolved.digest.text();
    media_type = std::move(resolved.media_type);
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

}  // namespace

JudgedImage JudgeImage(const ImageJudges& judges, const rpc::GateQuestion& question,
                       const base::Deadline& deadline) {
  const auto started = std::chrono::steady_clock::now();
  JudgedImage judged{.question = {OriginOf(question.call), question.reference, question.digest},
                     .decision = {},
                     .line = {}};
  auto workload = WorkloadOf(judges, question, judged.question, deadline);
  if (workload.ok()) {
    judged.decision = judges.gate.Decide(judges.policy(), *workload, deadline);
    judged.line = policy::DecisionLine(judged.decision, *workload);
  } else {
    judged.line = LineOf(workload.error());
    judged.decision = Refusal(std::move(workload).error());
  }
  judged.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  return judged;
}

}  // namespace sigward
