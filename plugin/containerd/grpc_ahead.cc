#include "plugin/containerd/grpc_ahead.h"

#include <string>
#include <utility>
#include <vector>

#include "plugin/containerd/grpc_calls.h"

namespace sigward::containerd {
namespace {

/// One call under way. Stays where it is until the queue has given it back.
template <typename Answer>
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() = default;

  /// BEGIN is the stub's Async function of the call.
  template <typename Begin>
  void Start(const std::string& ns, const base::Deadline& deadline, const Begin& begin) {
    // Where containerd is gone, the call that is made for the answer waits for it.
    Prepare(context_, ns, deadline, Wait::kNo);
    reader_ = begin(&context_);
    reader_->Finish(&answer_, &status_, &done_);
  }

  bool started() const { return reader_ != nullptr; }
  bool taken() const { return taken_; }
  void Cancel() { context_.TryCancel(); }

  /// Waits for it on QUEUE, and says whether its answer counts. Once.
  bool Take(grpc::CompletionQueue& queue) {
    taken_ = true;
    void* tag = nullptr;
    bool ok = false;
    while (!done_ && queue.Next(&tag, &ok)) {
      *static_cast<bool*>(tag) = true;
    }
    return done_ && (status_.ok() || IsNotFound(status_));
  }

  const Answer& answer() const { return answer_; }
  const grpc::Status& status() const { return status_; }

 private:
  grpc::ClientContext context_;
  Answer answer_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Answer>> reader_;
  /// What the queue gives back is the address of this.
  bool done_ = false;
  bool taken_ = false;
};

class AskedAhead final : public Records {
 public:
  AskedAhead(Records& records, Ahead ahead) : records_(records), asked_(std::move(ahead)) {}
  AskedAhead(const AskedAhead&) = delete;
  AskedAhead& operator=(const AskedAhead&) = delete;

  /// Apart from the constructor: what throws here leaves an object whose destructor ends the calls.
  void Begin(GrpcStubs& stubs, const base::Deadline& deadline) {
    if (!asked_.container.empty()) {
      api::containers::v1::GetContainerRequest question;
      question.set_id(asked_.container);
      container_.Start(asked_.ns, deadline, [&](grpc::ClientContext* context) {
        return stubs.containers.AsyncGet(context, question, &queue_);
      });
    }
    if (!asked_.snapshotter.empty() && !asked_.snapshot_key.empty()) {
      AskForSnapshot(stubs, deadline);
    }
    if (!asked_.image.empty()) {
      api::images::v1::GetImageRequest question;
      question.set_name(asked_.image);
      image_.Start(asked_.ns, deadline, [&](grpc::ClientContext* context) {
        return stubs.images.AsyncGet(context, question, &queue_);
      });
    }
  }

  ~AskedAhead() override {
    const auto end = [](auto& pending) {
      if (pending.started() && !pending.taken()) {
        pending.Cancel();
      }
    };
    end(container_);
    end(snapshot_);
    end(mounts_);
    end(image_);
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  base::Result<std::vector<std::string>> Snapshotters(const base::Deadline& deadline) override {
    return records_.Snapshotters(deadline);
  }

  base::Result<std::optional<Image>> FindImage(const std::string& ns, const std::string& name,
                                               const base::Deadline& deadline) override {
    const bool is_asked = ns == asked_.ns && name == asked_.image;
    return is_asked && IsAnswered(image_) ? ImageFrom(image_.status(), image_.answer(), name)
                                          : records_.FindImage(ns, name, deadline);
  }

  base::Result<std::vector<Image>> Images(const std::string& ns,
                                          const base::Deadline& deadline) override {
    return records_.Images(ns, deadline);
  }

  base::Result<std::optional<Snapshot>> StatSnapshot(const std::string& ns,
                                                     const std::string& snapshotter,
                                                     const std::string& key,
                                                     const base::Deadline& deadline) override {
    return IsAskedSnapshot(ns, snapshotter, key) && IsAnswered(snapshot_)
               ? SnapshotFrom(snapshot_.status(), snapshot_.answer())
               : records_.StatSnapshot(ns, snapshotter, key, deadline);
  }

  base::Result<std::vector<worker::SnapshotMount>> Mounts(const std::string& ns,
                                                          const std::string& snapshotter,
                                                          const std::string& key,
                                                          const base::Deadline& deadline) override {
    return IsAskedSnapshot(ns, snapshotter, key) && IsAnswered(mounts_)
               ? MountsFrom(mounts_.status(), mounts_.answer())
               : records_.Mounts(ns, snapshotter, key, deadline);
  }

  base::Result<std::optional<ContainerRecord>> FindContainer(
      const std::string& ns, const std::string& id, const base::Deadline& deadline) override {
    const bool is_asked = ns == asked_.ns && id == asked_.container;
    return is_asked && IsAnswered(container_) ? RecordFrom(container_.status(), container_.answer())
                                              : records_.FindContainer(ns, id, deadline);
  }

 private:
  void AskForSnapshot(GrpcStubs& stubs, const base::Deadline& deadline) {
    api::snapshots::v1::StatSnapshotRequest stat;
    stat.set_snapshotter(asked_.snapshotter);
    stat.set_key(asked_.snapshot_key);
    snapshot_.Start(asked_.ns, deadline, [&](grpc::ClientContext* context) {
      return stubs.snapshots.AsyncStat(context, stat, &queue_);
    });
    api::snapshots::v1::MountsRequest mounts;
    mounts.set_snapshotter(asked_.snapshotter);
    mounts.set_key(asked_.snapshot_key);
    mounts_.Start(asked_.ns, deadline, [&](grpc::ClientContext* context) {
      return stubs.snapshots.AsyncMounts(context, mounts, &queue_);
    });
  }

  bool IsAskedSnapshot(const std::string& ns, const std::string& snapshotter,
                       const std::string& key) const {
    return ns == asked_.ns && snapshotter == asked_.snapshotter && key == asked_.snapshot_key;
  }

  template <typename Answer>
  bool IsAnswered(Pending<Answer>& pending) {
    return pending.started() && !pending.taken() && pending.Take(queue_);
  }

  Records& records_;
  const Ahead asked_;
  grpc::CompletionQueue queue_;
  Pending<api::containers::v1::GetContainerResponse> container_;
  Pending<api::snapshots::v1::StatSnapshotResponse> snapshot_;
  Pending<api::snapshots::v1::MountsResponse> mounts_;
  Pending<api::images::v1::GetImageResponse> image_;
};

}  // namespace

std::unique_ptr<Records> GrpcAhead(Records& records, GrpcStubs& stubs, const Ahead& ahead,
                                   const base::Deadline& deadline) {
  auto asked = std::make_unique<AskedAhead>(records, ahead);
  asked->Begin(stubs, deadline);
  return asked;
}

}  // namespace sigward::containerd
