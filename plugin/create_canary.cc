#include "plugin/create_canary.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "policy/canary.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward {

std::optional<CreateVerdict> JudgeCanary(const CreateRooms& rooms, const BundleName& name,
                                         const base::SealedMemory& config,
                                         journal::Question& question,
                                         const base::Deadline& deadline) {
  // Compared, not parsed: bytes that only mean the same are no canary. What lies in the bundle
  // beside them needs no look, see policy/canary.h.
  if (name.ns != policy::kCanaryNamespace ||
      !std::ranges::equal(config.bytes(), base::AsBytes(policy::kCanaryConfigThatPasses))) {
    return std::nullopt;
  }
  const auto snapshot = rooms.policy.Current();
  const auto digest = verifier::Digest::Of(base::AsBytes(policy::kCanaryThatPasses));
  const auto image =
      verifier::ImageRef::Parse(std::string(policy::kCanaryName) + "@" + digest.text());
  if (snapshot == nullptr || !image.ok()) {
    return std::nullopt;
  }
  const policy::Workload workload{policy::Origin::kRuntime, *image, digest};
  question.image = workload.image.text();
  question.digest = workload.digest.text();
  policy::Decision decision = rooms.gate.Decide(snapshot, workload, deadline);
  std::string line = policy::DecisionLine(decision, workload);
  return CreateVerdict{std::move(decision), std::move(line)};
}

}  // namespace sigward
