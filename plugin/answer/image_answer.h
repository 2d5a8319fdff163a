#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "plugin/gate/gate.h"
#include "plugin/journal/journal.h"
#include "policy/evaluate.h"
#include "policy/snapshot.h"
#include "rpc/gate_message.h"
#include "verifier/image_ref.h"
#include "worker/client/fetchd_client.h"

namespace sigward {

/// Who judges an image, the same for all images.
struct ImageJudges {
  gate::Gate& gate;
  worker::Fetcher& fetcher;
  /// The policy in force; asked once the image is resolved, so one that came meanwhile counts.
  std::function<std::shared_ptr<const policy::PolicySnapshot>()> policy;
  /// Where kPrefetch looks for what a reference names before its registry is asked; may be empty.
  std::function<std::optional<worker::ResolvedImage>(const verifier::ImageRef&,
                                                     const base::Deadline&)>
      on_node = {};
};

struct JudgedImage {
  /// What was asked, as far as it was understood.
  journal::Question question;
  policy::Decision decision;
  /// What the user sees.
  std::string line;
  std::chrono::microseconds elapsed{};
};

/// Judges the image that QUESTION, one of kPull, kVerify and kPrefetch, names. The two latter may
/// come without a digest: it is the reference's own, or it is resolved. What is wrong with the
/// question, or fails on the way, is the decision. Returns by DEADLINE as Gate::Decide does.
JudgedImage JudgeImage(const ImageJudges& judges, const rpc::GateQuestion& question,
                       const base::Deadline& deadline);

}  // namespace sigward
