#pragma once

// What grpc_containerd.cc and grpc_ahead.cc share; both alone see gRPC.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/containerd/containerd.h"
#include "rpc/containerd/containers.grpc.pb.h"
#include "rpc/containerd/content.grpc.pb.h"
#include "rpc/containerd/events.grpc.pb.h"
#include "rpc/containerd/images.grpc.pb.h"
#include "rpc/containerd/introspection.grpc.pb.h"
#include "rpc/containerd/namespaces.grpc.pb.h"
#include "rpc/containerd/snapshots.grpc.pb.h"
#include "rpc/containerd/tasks.grpc.pb.h"

namespace sigward::containerd {

namespace api = ::containerd::services;

/// The services of one containerd, and what is remembered of it.
struct GrpcStubs {
  explicit GrpcStubs(const std::shared_ptr<grpc::Channel>& channel)
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

/// Whether a call waits for a containerd that is not there, until the deadline.
enum class Wait : std::uint8_t { kNo = 1, kYes = 2 };

void Prepare(grpc::ClientContext& context, const std::string& ns, const base::Deadline& deadline,
             Wait wait);

/// kTimeout or kContainerdUnreachable; CALL is what was asked for.
base::Error ErrorOf(const grpc::Status& status, const char* call);

// What a call's end means. Nothing, where containerd says that it is not there.

base::Result<std::optional<Image>> ImageFrom(const grpc::Status& status,
                                             const api::images::v1::GetImageResponse& answer,
                                             const std::string& name);
base::Result<std::optional<Snapshot>> SnapshotFrom(
    const grpc::Status& status, const api::snapshots::v1::StatSnapshotResponse& answer);
base::Result<std::vector<worker::SnapshotMount>> MountsFrom(
    const grpc::Status& status, const api::snapshots::v1::MountsResponse& answer);
base::Result<std::optional<ContainerRecord>> RecordFrom(
    const grpc::Status& status, const api::containers::v1::GetContainerResponse& answer);
/// Fails with kMalformed or kUnsupportedAlgorithm where the digest is none that sigward knows.
base::Result<Image> ImageOf(const api::images::v1::Image& said);
bool IsNotFound(const grpc::Status& status);

}  // namespace sigward::containerd
