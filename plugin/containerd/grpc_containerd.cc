#include "plugin/containerd/grpc_containerd.h"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "rpc/containerd/containers.grpc.pb.h"
#include "rpc/containerd/content.grpc.pb.h"
#include "rpc/containerd/events.grpc.pb.h"
#include "rpc/containerd/images.grpc.pb.h"
#include "rpc/containerd/introspection.grpc.pb.h"
#include "rpc/containerd/namespaces.grpc.pb.h"
#include "rpc/containerd/snapshots.grpc.pb.h"
#include "rpc/containerd/tasks.grpc.pb.h"

namespace sigward::containerd {
namespace {

namespace api = ::containerd::services;

using base::Fail;
using base::Reason;

/// How containerd's API is told which of its namespaces a call is about.
constexpr const char* kNamespaceKey = "containerd-namespace";
constexpr const char* kSnapshotterType = "io.containerd.snapshotter.v1";
constexpr std::size_t kMaxErrorText = 300;
constexpr int kReconnectMs = 200;
constexpr std::uint32_t kSigkill = 9;
constexpr std::chrono::seconds kSnapshottersRemembered{10};

/// Whether a call waits for a containerd that is not there, until the deadline.
enum class Wait : std::uint8_t { kNo = 1, kYes = 2 };

void Prepare(grpc::ClientContext& context, const std::string& ns, const base::Deadline& deadline,
             Wait wait) {
  if (!ns.empty()) {
    context.AddMetadata(kNamespaceKey, ns);
  }
  context.set_deadline(std::chrono::system_clock::now() + deadline.Left());
  context.set_wait_for_ready(wait == Wait::kYes);
}

/// Makes CALL, and again where the connection turns out to be that of a containerd which has been
/// started anew meanwhile. All calls made so can be made twice.
grpc::Status Ask(const std::string& ns, const base::Deadline& deadline, Wait wait,
                 const std::function<grpc::Status(grpc::ClientContext*)>& call) {
  constexpr int kMaxTries = 3;
  for (int tries = 1;; ++tries) {
    grpc::ClientContext context;
    Prepare(context, ns, deadline, wait);
    grpc::Status status = call(&context);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || tries == kMaxTries ||
        deadline.Passed()) {
      return status;
    }
  }
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

struct GrpcContainerd::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : images(channel),
        content(channel),
        snapshots(channel),
        containers(channel),
        tasks(channel),
        namespaces(channel),
        events(channel),
        introspection(channel) {}

  api::images::v1::Images::Stub images;
  api::content::v1::Content::Stub content;
  api::snapshots::v1::Snapshots::Stub snapshots;
  api::containers::v1::Containers::Stub containers;
  api::tasks::v1::Tasks::Stub tasks;
  api::namespaces::v1::Namespaces::Stub namespaces;
  api::events::v1::Events::Stub events;
  api::introspection::v1::Introspection::Stub introspection;

  std::mutex mutex;
  grpc::ClientContext* listening = nullptr;
  bool stopped = false;
  /// They are loaded when containerd starts.
  std::vector<std::string> snapshotters;
  std::chrono::steady_clock::time_point snapshotters_until;
};

GrpcContainerd::GrpcContainerd(const std::string& socket_path) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxAnswerBytes));
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // There is no bandwidth to be found out on a Unix socket.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  // Go's server refuses the authority that would be made of a socket's path.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  stubs_ = std::make_unique<Stubs>(grpc::CreateCustomChannel(
      "unix:" + socket_path, grpc::InsecureChannelCredentials(), arguments));
}

GrpcContainerd::~GrpcContainerd() = default;

base::Result<std::vector<std::string>> GrpcContainerd::Namespaces(const base::Deadline& deadline) {
  // Asked first by whoever can do without: a node where containerd does not run is not waited for.
  api::namespaces::v1::ListNamespacesResponse answer;
  if (const auto status = Ask("", deadline, Wait::kNo,
                              [&](grpc::ClientContext* context) {
                                return stubs_->namespaces.List(context, {}, &answer);
                              });
      !status.ok()) {
    return ErrorOf(status, "list of namespaces");
  }
  std::vector<std::string> names;
  for (const auto& one : answer.namespaces()) {
    names.push_back(one.name());
  }
  return names;
}

base::Result<std::vector<std::string>> GrpcContainerd::Snapshotters(
    const base::Deadline& deadline) {
  {
    const std::lock_guard lock(stubs_->mutex);
    if (!stubs_->snapshotters.empty() &&
        std::chrono::steady_clock::now() < stubs_->snapshotters_until) {
      return stubs_->snapshotters;
    }
  }
  api::introspection::v1::PluginsRequest question;
  question.add_filters(std::string("type==") + kSnapshotterType);
  api::introspection::v1::PluginsResponse answer;
  if (const auto status = Ask("", deadline, Wait::kYes,
                              [&](grpc::ClientContext* context) {
                                return stubs_->introspection.Plugins(context, question, &answer);
                              });
      !status.ok()) {
    return ErrorOf(status, "list of plugins");
  }
  std::vector<std::string> names;
  for (const auto& plugin : answer.plugins()) {
    if (plugin.type() == kSnapshotterType) {
      names.push_back(plugin.id());
    }
  }
  const std::lock_guard lock(stubs_->mutex);
  stubs_->snapshotters = names;
  stubs_->snapshotters_until = std::chrono::steady_clock::now() + kSnapshottersRemembered;
  return names;
}

base::Result<std::optional<Image>> GrpcContainerd::FindImage(const std::string& ns,
                                                             const std::string& name,
                                                             const base::Deadline& deadline) {
  api::images::v1::GetImageRequest question;
  question.set_name(name);
  api::images::v1::GetImageResponse answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->images.Get(context, question, &answer);
  });
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

base::Result<std::vector<Image>> GrpcContainerd::Images(const std::string& ns,
                                                        const base::Deadline& deadline) {
  api::images::v1::ListImagesResponse answer;
  if (const auto status = Ask(
          ns, deadline, Wait::kYes,
          [&](grpc::ClientContext* context) { return stubs_->images.List(context, {}, &answer); });
      !status.ok()) {
    return ErrorOf(status, "list of images");
  }
  std::vector<Image> images;
  for (const auto& said : answer.images()) {
    if (auto image = ImageOf(said); image.ok()) {
      images.push_back(*std::move(image));
    }
  }
  return images;
}

base::Result<std::optional<base::SealedMemory>> GrpcContainerd::Read(
    const std::string& ns, const verifier::Digest& digest, std::size_t max_bytes,
    const base::Deadline& deadline) {
  api::content::v1::ReadContentRequest question;
  question.set_digest(digest.text());
  std::string bytes;
  bool is_too_large = false;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    bytes.clear();
    const auto stream = stubs_->content.Read(context, question);
    api::content::v1::ReadContentResponse part;
    while (!is_too_large && stream->Read(&part)) {
      is_too_large = part.data().size() > max_bytes - bytes.size();
      bytes += is_too_large ? "" : part.data();
    }
    if (is_too_large) {
      context->TryCancel();
    }
    return stream->Finish();
  });
  if (is_too_large) {
    return Fail(Reason::kTooLarge,
                digest.text() + " has more than " + std::to_string(max_bytes) + " bytes");
  }
  if (IsNotFound(status)) {
    return std::optional<base::SealedMemory>();
  }
  if (!status.ok()) {
    return ErrorOf(status, "content store");
  }
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(base::AsBytes(bytes)));
  SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory memory,
                           base::SealedMemory::Open(std::move(sealed), max_bytes));
  return std::optional(std::move(memory));
}

base::Result<std::optional<Snapshot>> GrpcContainerd::StatSnapshot(const std::string& ns,
                                                                   const std::string& snapshotter,
                                                                   const std::string& key,
                                                                   const base::Deadline& deadline) {
  api::snapshots::v1::StatSnapshotRequest question;
  question.set_snapshotter(snapshotter);
  question.set_key(key);
  api::snapshots::v1::StatSnapshotResponse answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->snapshots.Stat(context, question, &answer);
  });
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

base::Result<std::vector<worker::SnapshotMount>> GrpcContainerd::Mounts(
    const std::string& ns, const std::string& snapshotter, const std::string& key,
    const base::Deadline& deadline) {
  api::snapshots::v1::MountsRequest question;
  question.set_snapshotter(snapshotter);
  question.set_key(key);
  api::snapshots::v1::MountsResponse answer;
  if (const auto status = Ask(ns, deadline, Wait::kYes,
                              [&](grpc::ClientContext* context) {
                                return stubs_->snapshots.Mounts(context, question, &answer);
                              });
      !status.ok()) {
    return ErrorOf(status, "mounts of a snapshot");
  }
  std::vector<worker::SnapshotMount> mounts;
  for (const auto& said : answer.mounts()) {
    mounts.push_back({said.type(), said.source(), {said.options().begin(), said.options().end()}});
  }
  return mounts;
}

base::Result<std::optional<ContainerRecord>> GrpcContainerd::FindContainer(
    const std::string& ns, const std::string& id, const base::Deadline& deadline) {
  api::containers::v1::GetContainerRequest question;
  question.set_id(id);
  api::containers::v1::GetContainerResponse answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->containers.Get(context, question, &answer);
  });
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

base::Result<std::vector<Task>> GrpcContainerd::Tasks(const std::string& ns,
                                                      const base::Deadline& deadline) {
  api::tasks::v1::ListTasksResponse answer;
  if (const auto status = Ask(
          ns, deadline, Wait::kYes,
          [&](grpc::ClientContext* context) { return stubs_->tasks.List(context, {}, &answer); });
      !status.ok()) {
    return ErrorOf(status, "list of tasks");
  }
  std::vector<Task> tasks;
  for (const auto& said : answer.tasks()) {
    if (said.status() != ::containerd::v1::types::STOPPED) {
      tasks.push_back({said.id(), said.pid()});
    }
  }
  return tasks;
}

base::Status GrpcContainerd::Kill(const std::string& ns, const std::string& id,
                                  const base::Deadline& deadline) {
  api::tasks::v1::KillRequest question;
  question.set_container_id(id);
  question.set_signal(kSigkill);
  question.set_all(true);
  google::protobuf::Empty answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->tasks.Kill(context, question, &answer);
  });
  if (!status.ok() && !IsNotFound(status)) {
    return ErrorOf(status, "kill of a task");
  }
  return base::Ok();
}

base::Error GrpcContainerd::Listen(
    const std::function<void()>& on_listening,
    const std::function<void(const std::string&, const std::string&)>& on_image) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  {
    const std::lock_guard lock(stubs_->mutex);
    if (stubs_->stopped) {
      return Fail(Reason::kContainerdUnreachable, "listening was stopped");
    }
    stubs_->listening = &context;
  }
  api::events::v1::SubscribeRequest question;
  question.add_filters("topic==\"/images/create\"");
  question.add_filters("topic==\"/images/update\"");
  const auto stream = stubs_->events.Subscribe(&context, question);
  on_listening();
  ::containerd::types::Envelope envelope;
  while (stream->Read(&envelope)) {
    // ImageCreate and ImageUpdate agree in the one field that is read.
    api::images::v1::ImageCreate event;
    if (event.ParseFromString(envelope.event().value()) && !event.name().empty()) {
      on_image(envelope.namespace_(), event.name());
    }
  }
  {
    const std::lock_guard lock(stubs_->mutex);
    stubs_->listening = nullptr;
  }
  return ErrorOf(stream->Finish(), "event stream");
}

void GrpcContainerd::StopListening() {
  const std::lock_guard lock(stubs_->mutex);
  stubs_->stopped = true;
  if (stubs_->listening != nullptr) {
    stubs_->listening->TryCancel();
  }
}

}  // namespace sigward::containerd
