#include "plugin/containerd/grpc_calls.h"

#include <utility>

#include "base/text.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;

/// How containerd's API is told which of its namespaces a call is about.
constexpr const char* kNamespaceKey = "containerd-namespace";
constexpr std::size_t kMaxErrorText = 300;

base::Result<SnapshotKind> KindOf(api::snapshots::v1::Kind kind) {
  switch (static_cast<int>(kind)) {
    case api::snapshots::v1::VIEW:
      return SnapshotKind::kView;
    case api::snapshots::v1::ACTIVE:
      return SnapshotKind::kActive;
    case api::snapshots::v1::COMMITTED:
      return SnapshotKind::kCommitted;
    default:
      return Fail(Reason::kContainerdUnreachable, "containerd names an unknown kind of snapshot");
  }
}

}  // namespace

void Prepare(grpc::ClientContext& context, const std::string& ns, const base::Deadline& deadline,
             Wait wait) {
  if (!ns.empty()) {
    context.AddMetadata(kNamespaceKey, ns);
  }
  context.set_deadline(std::chrono::system_clock::now() + deadline.Left());
  context.set_wait_for_ready(wait == Wait::kYes);
}

base::Error ErrorOf(const grpc::Status& status, const char* call) {
  const Reason reason = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED
                            ? Reason::kTimeout
                            : Reason::kContainerdUnreachable;
  return Fail(reason, std::string("containerd's ") + call + ": " +
                          base::OneLine(status.error_message(), kMaxErrorText));
}

bool IsNotFound(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::NOT_FOUND;
}

base::Result<Image> ImageOf(const api::images::v1::Image& said) {
  SIGWARD_ASSIGN_OR_RETURN(verifier::Digest target,
                           verifier::Digest::Parse(said.target().digest()));
  return Image{said.name(), std::move(target), said.target().media_type()};
}

base::Result<std::optional<Image>> ImageFrom(const grpc::Status& status,
                                             const api::images::v1::GetImageResponse& answer,
                                             const std::string& name) {
  if (IsNotFound(status)) {
    return std::optional<Image>();
  }
  if (!status.ok()) {
    return ErrorOf(status, "image store");
  }
  auto image = ImageOf(answer.image());
  if (!image.ok()) {
    return base::Within("the image " + base::OneLine(name, kMaxErrorText), image.error());
  }
  return std::optional(*std::move(image));
}

base::Result<std::optional<Snapshot>> SnapshotFrom(
    const grpc::Status& status, const api::snapshots::v1::StatSnapshotResponse& answer) {
  // INVALID_ARGUMENT: this snapshotter is not loaded (no btrfs here, say), so nothing lies in it.
  if (IsNotFound(status) || status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
    return std::optional<Snapshot>();
  }
  if (!status.ok()) {
    return ErrorOf(status, "snapshot service");
  }
  SIGWARD_ASSIGN_OR_RETURN(const SnapshotKind kind, KindOf(answer.info().kind()));
  return std::optional(Snapshot{answer.info().parent(), kind});
}

base::Result<std::vector<worker::SnapshotMount>> MountsFrom(
    const grpc::Status& status, const api::snapshots::v1::MountsResponse& answer) {
  if (!status.ok()) {
    return ErrorOf(status, "mounts of a snapshot");
  }
  std::vector<worker::SnapshotMount> mounts;
  for (const auto& said : answer.mounts()) {
    mounts.push_back({said.type(), said.source(), {said.options().begin(), said.options().end()}});
  }
  return mounts;
}

base::Result<std::optional<ContainerRecord>> RecordFrom(
    const grpc::Status& status, const api::containers::v1::GetContainerResponse& answer) {
  if (IsNotFound(status)) {
    return std::optional<ContainerRecord>();
  }
  if (!status.ok()) {
    return ErrorOf(status, "container store");
  }
  const auto& said = answer.container();
  return std::optional(
      ContainerRecord{said.id(), said.image(), said.snapshotter(), said.snapshot_key()});
}

}  // namespace sigward::containerd
