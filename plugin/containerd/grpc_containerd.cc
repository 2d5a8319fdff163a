#include "plugin/containerd/grpc_containerd.h"

#include <utility>

#include "base/bytes.h"
#include "plugin/containerd/grpc_ahead.h"
#include "plugin/containerd/grpc_calls.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;

constexpr const char* kSnapshotterType = "io.containerd.snapshotter.v1";
constexpr int kReconnectMs = 200;
constexpr std::uint32_t kSigkill = 9;
constexpr std::chrono::seconds kSnapshottersRemembered{10};

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

/// Forgets the stream's context before it is gone, however Listen ends.
class Listening {
 public:
  explicit Listening(GrpcStubs& stubs) : stubs_(stubs) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    const std::lock_guard lock(stubs_.mutex);
    stubs_.listening = nullptr;
  }

 private:
  GrpcStubs& stubs_;
};

}  // namespace

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
  stubs_ = std::make_unique<GrpcStubs>(grpc::CreateCustomChannel(
      "unix:" + socket_path, grpc::InsecureChannelCredentials(), arguments));
}

GrpcContainerd::~GrpcContainerd() = default;

std::unique_ptr<Records> GrpcContainerd::AskAhead(const Ahead& ahead,
                                                  const base::Deadline& deadline) {
  return GrpcAhead(*this, *stubs_, ahead, deadline);
}

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
  return ImageFrom(status, answer, name);
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
  return SnapshotFrom(status, answer);
}

base::Result<std::vector<worker::SnapshotMount>> GrpcContainerd::Mounts(
    const std::string& ns, const std::string& snapshotter, const std::string& key,
    const base::Deadline& deadline) {
  api::snapshots::v1::MountsRequest question;
  question.set_snapshotter(snapshotter);
  question.set_key(key);
  api::snapshots::v1::MountsResponse answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->snapshots.Mounts(context, question, &answer);
  });
  return MountsFrom(status, answer);
}

base::Result<std::optional<ContainerRecord>> GrpcContainerd::FindContainer(
    const std::string& ns, const std::string& id, const base::Deadline& deadline) {
  api::containers::v1::GetContainerRequest question;
  question.set_id(id);
  api::containers::v1::GetContainerResponse answer;
  const auto status = Ask(ns, deadline, Wait::kYes, [&](grpc::ClientContext* context) {
    return stubs_->containers.Get(context, question, &answer);
  });
  return RecordFrom(status, answer);
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
  const Listening listening(*stubs_);
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
