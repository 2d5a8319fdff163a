#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "plugin/annotated_signature.h"
#include "plugin/containerd/binding.h"
#include "plugin/gate/gate.h"
#include "plugin/journal/journal.h"
#include "plugin/nri/nri_door.h"
#include "plugin/preparation.h"
#include "plugin/sync/active_policy.h"
#include "policy/evaluate.h"
#include "rpc/gate_message.h"

namespace sigward {

/// How long the runtime door takes at most; sigward-runtime waits 10 s.
inline constexpr std::chrono::seconds kCreateDeadline{8};
/// How long a create waits for an image that appeared just now to be looked at.
inline constexpr std::chrono::milliseconds kPatienceForEvidence{2500};
/// What is left of a deadline for the answer itself.
inline constexpr std::chrono::milliseconds kTimeToAnswer{300};
/// Containers that are remembered as having been let through once.
inline constexpr std::size_t kMaxStarted = 65'536;

/// What the door's answers are made of. Everything outlives it.
struct CreateRooms {
  const Config& config;
  sync::ActivePolicy& policy;
  gate::Gate& gate;
  journal::Journal& journal;
  containerd::Binding& binding;
  Preparation& preparation;
};

/// A decision, the workload that gave it its reason, and the line that a user sees.
struct CreateVerdict {
  policy::Decision decision;
  std::string line;
};

/// Decides whether a container may be created, for both doors: binds it to its images, and asks the
/// gate about each.
class CreateDoor {
 public:
  explicit CreateDoor(CreateRooms rooms) : rooms_(rooms) {}

  /// The runtime door: QUESTION with config.json and mountinfo as DESCRIPTORS.
  rpc::GateAnswer AtRuntime(const rpc::GateQuestion& question,
                            std::vector<base::UniqueFd> descriptors);

  /// The NRI door.
  nri::Answer AtNri(const nri::Container& container, const base::Deadline& deadline);

  /// Judges a container that runs already, by its record and by what lies on the node.
  CreateVerdict Running(const containerd::ContainerClaim& claim, journal::Question& question,
                        const base::Deadline& deadline);

 private:
  struct Judged;
  using Snapshot = std::shared_ptr<const policy::PolicySnapshot>;

  CreateVerdict Decide(const containerd::ContainerClaim& claim, journal::Question& question,
                       const base::Deadline& deadline);
  Judged JudgeImage(const Snapshot& snapshot, const containerd::BoundContainer& bound,
                    const containerd::NamedImage& image, const journal::Question& question,
                    const AnnotatedSignature& signature, const base::Deadline& deadline);
  /// True until NoteStart was called for the layer that takes a container's own writes: namespace,
  /// id and folder. An id can be used again, and folders' numbers begin anew with containerd's
  /// root.
  bool IsFirstStart(const std::string& own_layer);
  void NoteStart(const std::string& own_layer);

  CreateRooms rooms_;
  std::mutex mutex_;
  std::set<std::string> started_;
};

}  // namespace sigward
