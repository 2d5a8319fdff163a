#include "plugin/create_door.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "base/bytes.h"
#include "base/files.h"
#include "base/sealed_memory.h"
#include "base/text.h"
#include "plugin/annotated_signature.h"
#include "plugin/answer/gate_answer.h"
#include "plugin/bundle_path.h"
#include "plugin/create_canary.h"
#include "policy/explain.h"
#include "verifier/mountinfo.h"
#include "verifier/runtime_config.h"

namespace sigward {
namespace {

using base::Fail;
using base::Reason;
using containerd::BoundContainer;
using containerd::ContainerClaim;
using containerd::NamedImage;
using policy::Decision;
using policy::Verdict;

constexpr std::string_view kKubernetesNamespace = "k8s.io";
constexpr std::size_t kMaxInnerLine = 600;

/// "container ID in namespace NS", or "container NAME of pod NAMESPACE/POD".
std::string Subject(const journal::ContainerName& container) {
  if (!container.pod.empty()) {
    const std::string name = container.name.empty() ? container.id : container.name;
    return "container " + name + " of pod " + container.pod_namespace + "/" + container.pod;
  }
  const std::string text = "container " + container.id;
  return container.ns.empty() ? text : text + " in namespace " + container.ns;
}

CreateVerdict RefusedWhole(base::Error error, const journal::Question& question) {
  Decision decision = Refusal(std::move(error));
  const std::string subject =
      question.container.has_value() ? Subject(*question.container) : std::string("the container");
  std::string line = policy::ReasonFirst(*decision.error, decision.verdict, subject);
  return {std::move(decision), std::move(line)};
}

/// The bytes behind a descriptor that a caller sent, so that they cannot change while they are
/// looked at. Only regular files (procfs' are): anything else could keep a reader waiting.
base::Result<base::SealedMemory> Seal(const base::UniqueFd& fd, std::size_t max_bytes) {
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Fail(Reason::kProtocol, "a create came with a descriptor that is no file");
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string bytes, base::ReadToEnd(fd.get(), max_bytes));
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(base::AsBytes(bytes)));
  return base::SealedMemory::Open(std::move(sealed), max_bytes);
}

/// The descriptors are closed with this, so that a create waits with no more than it needs.
base::Result<containerd::BundleFiles> TakeFiles(const rpc::GateQuestion& question,
                                                std::vector<base::UniqueFd> descriptors) {
  if (descriptors.size() != 2) {
    return Fail(Reason::kProtocol, "a create came with " + std::to_string(descriptors.size()) +
                                       " descriptors, not with two");
  }
  SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory config,
                           Seal(descriptors[0], verifier::kMaxRuntimeConfigBytes));
  SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory mountinfo,
                           Seal(descriptors[1], verifier::kMaxMountinfoBytes));
  return containerd::BundleFiles{question.bundle, std::move(config), std::move(mountinfo)};
}

/// Until when to wait for an image to be looked at. What runs already is in no hurry, and must not
/// be stopped because nobody had looked yet.
base::Deadline PatienceFor(policy::Origin origin, const base::Deadline& deadline) {
  const auto left = std::max(deadline.Left() - kTimeToAnswer, std::chrono::milliseconds(0));
  return base::Deadline::After(
      origin == policy::Origin::kRunning ? left : std::min(left, kPatienceForEvidence));
}

/// STATE_DIR with links resolved, as the caller's bundle has them.
std::string Resolved(const std::string& state_dir) {
  std::error_code error;
  const auto resolved = std::filesystem::canonical(state_dir, error);
  return error ? state_dir : resolved.string();
}

void TakeNames(const containerd::Annotations& annotations, journal::ContainerName& container) {
  for (const auto& [name, place] :
       {std::pair(containerd::kContainerNameAnnotation, &container.name),
        std::pair(containerd::kPodNameAnnotation, &container.pod),
        std::pair(containerd::kPodNamespaceAnnotation, &container.pod_namespace)}) {
    if (const auto said = annotations.find(name); said != annotations.end() && place->empty()) {
      *place = said->second;
    }
  }
}

/// What the policies that match say about the files themselves, whatever the signatures.
std::optional<base::Error> CheckRootfs(const std::vector<const policy::Policy*>& selected,
                                       const BoundContainer& bound) {
  if (bound.unprovable.has_value()) {
    const bool accepted =
        !selected.empty() && std::ranges::all_of(selected, [](const policy::Policy* policy) {
          return policy->accept_unprovable_rootfs;
        });
    if (!accepted) {
      return Fail(Reason::kRootfsUnprovable, *bound.unprovable);
    }
  }
  if (bound.modified) {
    const auto refusing = std::ranges::find_if(
        selected, [](const policy::Policy* policy) { return policy->refuse_modified_rootfs; });
    if (refusing != selected.end()) {
      return Fail(Reason::kRootfsModified,
                  "files were put into the container before it ran, which policy " +
                      (*refusing)->name + " refuses");
    }
  }
  return std::nullopt;
}

}  // namespace

struct CreateDoor::Judged {
  Decision decision;
  policy::Workload workload;
  std::string line;
};

CreateDoor::Judged CreateDoor::JudgeImage(const Snapshot& snapshot, const BoundContainer& bound,
                                          const NamedImage& image,
                                          const journal::Question& question,
                                          const AnnotatedSignature& signature,
                                          const base::Deadline& deadline) {
  Judged judged{{},
                {question.origin,
                 image.name,
                 image.content.target,
                 image.media_type,
                 {image.content.manifest, image.content.config}},
                {}};
  if (!signature.signature.empty()) {
    const auto offered = EvidenceOfAnnotation(signature, image.name, image.content.target);
    if (offered.ok()) {
      rooms_.gate.Offer(*snapshot, judged.workload, *offered, deadline);
    }
  }
  judged.decision = rooms_.gate.Decide(snapshot, judged.workload, deadline);
  if (judged.decision.verdict != Verdict::kAllow &&
      judged.decision.basis == policy::Basis::kPolicies) {
    // An image that has only just appeared may not have been looked at.
    auto unread = rooms_.preparation.Await({image.name, image.content.target, image.media_type, ""},
                                           PatienceFor(question.origin, deadline));
    judged.decision = rooms_.gate.Decide(snapshot, judged.workload, deadline);
    // A create decides by what lies on the node. What runs already is stopped only where every
    // place was looked at.
    if (question.origin == policy::Origin::kRunning && unread.has_value() &&
        judged.decision.verdict == Verdict::kDeny) {
      judged.decision.verdict = Verdict::kUndetermined;
      judged.decision.error = std::move(unread);
    }
  }
  judged.line = policy::DecisionLine(judged.decision, judged.workload);
  if (judged.decision.verdict == Verdict::kAllow) {
    auto refused = CheckRootfs(snapshot->Select(image.name, image.content.target), bound);
    if (refused.has_value()) {
      judged.decision.verdict = Verdict::kDeny;
      judged.decision.error = std::move(refused);
      judged.line = policy::DecisionLine(judged.decision, judged.workload);
    }
    return judged;
  }
  // What could not be told stays so: a container that runs is not stopped for it.
  if (image.moved && judged.decision.verdict == Verdict::kDeny) {
    judged.decision.error =
        Fail(Reason::kRootfsMismatch,
             "the name means another image by now, and the one that is mounted is refused: " +
                 base::OneLine(judged.line, kMaxInnerLine));
    judged.line = policy::ReasonFirst(*judged.decision.error, Verdict::kDeny, image.name.text());
  }
  return judged;
}

CreateVerdict CreateDoor::Decide(const ContainerClaim& claim, journal::Question& question,
                                 const base::Deadline& deadline) {
  const auto snapshot = rooms_.policy.Current();
  if (snapshot == nullptr) {
    return RefusedWhole(Fail(Reason::kPolicyUnavailable, "no policy is active on this node"),
                        question);
  }
  auto bound = rooms_.binding.Of(claim, deadline);
  if (!bound.ok()) {
    return RefusedWhole(std::move(bound).error(), question);
  }
  TakeNames(bound->annotations, *question.container);
  const std::string own_layer = claim.ns + "/" + claim.id + "=" + bound->own_layer;
  if (bound->modified && !IsFirstStart(own_layer)) {
    bound->modified = false;
  }
  if (bound->modified) {
    question.notes.emplace_back("rootfs-modified: files lay in the container before it ran");
  }
  const auto annotated = AnnotatedSignature::In(claim.pod_annotations);
  std::optional<Judged> telling;
  const auto judge = [&](const NamedImage& image) {
    Judged judged = JudgeImage(snapshot, *bound, image, question, annotated, deadline);
    // A refusal outweighs "could not tell", which outweighs what is allowed; the first of each
    // tells.
    if (!telling.has_value() || judged.decision.verdict < telling->decision.verdict) {
      telling = std::move(judged);
    }
  };
  std::ranges::for_each(bound->images, judge);
  std::ranges::for_each(bound->volumes, judge);
  if (!telling.has_value()) {
    return RefusedWhole(Fail(Reason::kImageUnknown, "no image was found for it"), question);
  }
  question.image = telling->workload.image.text();
  question.digest = telling->workload.digest.text();
  // Only what passed the runtime door has run. What was there before it ran stays so, should a
  // stricter policy come.
  if (telling->decision.verdict == Verdict::kAllow && !bound->modified &&
      question.origin == policy::Origin::kRuntime) {
    NoteStart(own_layer);
  }
  return {std::move(telling->decision), std::move(telling->line)};
}

rpc::GateAnswer CreateDoor::AtRuntime(const rpc::GateQuestion& question,
                                      std::vector<base::UniqueFd> descriptors) {
  const auto started = std::chrono::steady_clock::now();
  const base::Deadline deadline = base::Deadline::After(kCreateDeadline);
  journal::Question journaled{policy::Origin::kRuntime, "", ""};
  journaled.container = journal::ContainerName{"", question.container_id, "", "", ""};
  const auto decide = [&]() -> base::Result<CreateVerdict> {
    SIGWARD_ASSIGN_OR_RETURN(
        BundleName name, NameOfBundle(question.bundle, question.runtime_root, question.container_id,
                                      Resolved(rooms_.config.containerd_state)));
    journaled.container->ns = name.ns;
    SIGWARD_ASSIGN_OR_RETURN(const containerd::BundleFiles files,
                             TakeFiles(question, std::move(descriptors)));
    if (auto canary = JudgeCanary(rooms_, name, files.config, journaled, deadline)) {
      return *std::move(canary);
    }
    return Decide(
        {.ns = std::move(name.ns), .id = std::move(name.id), .files = &files, .has_record = true},
        journaled, deadline);
  };
  auto decided = decide();
  CreateVerdict verdict =
      decided.ok() ? *std::move(decided) : RefusedWhole(std::move(decided).error(), journaled);
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  journal::Told told =
      rooms_.journal.Record(journaled, verdict.decision, std::move(verdict.line), elapsed);
  return AnswerOf(verdict.decision, std::move(told));
}

nri::Answer CreateDoor::AtNri(const nri::Container& container, const base::Deadline& deadline) {
  const auto started = std::chrono::steady_clock::now();
  journal::Question journaled{policy::Origin::kNri, "", ""};
  journaled.container =
      journal::ContainerName{std::string(kKubernetesNamespace), container.id, container.name,
                             container.pod_namespace, container.pod_name};
  CreateVerdict verdict = Decide({.ns = std::string(kKubernetesNamespace),
                                  .id = container.id,
                                  .annotations = container.annotations,
                                  .mount_sources = container.mount_sources,
                                  .pod_annotations = container.pod_annotations},
                                 journaled, deadline);
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  const bool allowed = verdict.decision.verdict == Verdict::kAllow;
  journal::Told told =
      rooms_.journal.Record(journaled, verdict.decision, std::move(verdict.line), elapsed);
  return {allowed, std::move(told.line)};
}

CreateVerdict CreateDoor::Running(const ContainerClaim& claim, journal::Question& question,
                                  const base::Deadline& deadline) {
  return Decide(claim, question, deadline);
}

bool CreateDoor::IsFirstStart(const std::string& own_layer) {
  const std::lock_guard lock(mutex_);
  return !started_.contains(own_layer);
}

void CreateDoor::NoteStart(const std::string& own_layer) {
  const std::lock_guard lock(mutex_);
  if (started_.size() >= kMaxStarted) {
    started_.clear();
  }
  started_.insert(own_layer);
}

}  // namespace sigward
