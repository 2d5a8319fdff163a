#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "plugin/containerd/containerd.h"
#include "verifyd_answer_for_testing.h"

namespace sigward::testing {

inline base::SealedMemory Sealed(const std::string& bytes) {
  return base::SealedMemory::Open(base::SealBytes(base::AsBytes(bytes)).value(), bytes.size())
      .value();
}

inline base::Deadline Soon() {
  return base::Deadline::After(std::chrono::seconds(5));
}

/// A containerd in memory. Any of its calls can be made to fail; Listen blocks until it is ended.
class FakeContainerd final : public containerd::Containerd {
 public:
  using Strings = std::vector<std::string>;

  // What stands in it.

  void PutImage(const std::string& ns, containerd::Image image) {
    const std::lock_guard lock(mutex_);
    namespaces_.insert(ns);
    images_[ns].insert_or_assign(image.name, std::move(image));
  }
  void RemoveImage(const std::string& ns, const std::string& name) {
    const std::lock_guard lock(mutex_);
    images_[ns].erase(name);
  }
  void PutContent(const std::string& ns, const verifier::Digest& digest,
                  const std::string& bytes = "bytes") {
    const std::lock_guard lock(mutex_);
    namespaces_.insert(ns);
    content_.insert_or_assign({ns, digest}, bytes);
  }
  void RemoveContent(const std::string& ns, const verifier::Digest& digest) {
    const std::lock_guard lock(mutex_);
    content_.erase({ns, digest});
  }
  void PutSnapshot(const std::string& ns, const std::string& snapshotter, const std::string& key,
                   const std::string& parent,
                   containerd::SnapshotKind kind = containerd::SnapshotKind::kActive) {
    const std::lock_guard lock(mutex_);
    snapshots_.insert_or_assign({ns, snapshotter, key}, containerd::Snapshot{parent, kind});
  }
  void RemoveSnapshot(const std::string& ns, const std::string& snapshotter,
                      const std::string& key) {
    const std::lock_guard lock(mutex_);
    snapshots_.erase({ns, snapshotter, key});
  }
  void PutMounts(const std::string& ns, const std::string& snapshotter, const std::string& key,
                 std::vector<worker::SnapshotMount> mounts) {
    const std::lock_guard lock(mutex_);
    mounts_.insert_or_assign({ns, snapshotter, key}, std::move(mounts));
  }
  void PutContainer(const std::string& ns, containerd::ContainerRecord record) {
    const std::lock_guard lock(mutex_);
    namespaces_.insert(ns);
    containers_.insert_or_assign({ns, record.id}, std::move(record));
  }
  void PutTask(const std::string& ns, const std::string& id) {
    const std::lock_guard lock(mutex_);
    namespaces_.insert(ns);
    tasks_[ns].push_back({id, 4711});
  }
  void SetSnapshotters(Strings names) {
    const std::lock_guard lock(mutex_);
    snapshotters_ = std::move(names);
  }

  /// CALL ("Images"), or CALL and its last argument ("StatSnapshot overlayfs/c1",
  /// "FindContainer c1"), fails from now on; without ERROR it works again.
  void Break(const std::string& call,
             std::optional<base::Error> error = base::Fail(base::Reason::kContainerdUnreachable,
                                                           "gone")) {
    const std::lock_guard lock(mutex_);
    if (error.has_value()) {
      broken_.insert_or_assign(call, *std::move(error));
    } else {
      broken_.erase(call);
    }
  }

  /// CALL, named as for Break, throws the next TIMES it is made, as it does when memory is short.
  void Throw(const std::string& call, int times = 1) {
    const std::lock_guard lock(mutex_);
    throws_[call] = times;
  }

  /// "NAMESPACE/ID" of every container that was killed.
  Strings killed() const {
    const std::lock_guard lock(mutex_);
    return killed_;
  }

  /// Tells the listener of an image. Waits for somebody to listen.
  void SayAppeared(const std::string& ns, const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return static_cast<bool>(on_image_); });
    const auto tell = on_image_;
    lock.unlock();
    tell(ns, name);
  }
  /// Ends the stream under way, as a restart of containerd does.
  void LoseListener() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return static_cast<bool>(on_image_); });
    lost_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !lost_; });
  }

  // containerd::Containerd

  /// Asks nothing ahead.
  std::unique_ptr<containerd::Records> AskAhead(const containerd::Ahead&,
                                                const base::Deadline&) override;

  base::Result<Strings> Namespaces(const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Namespaces"));
    return Strings(namespaces_.begin(), namespaces_.end());
  }
  base::Result<Strings> Snapshotters(const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Snapshotters"));
    return snapshotters_;
  }
  base::Result<std::optional<containerd::Image>> FindImage(const std::string& ns,
                                                           const std::string& name,
                                                           const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("FindImage", name));
    return Find(images_[ns], name);
  }
  base::Result<std::vector<containerd::Image>> Images(const std::string& ns,
                                                      const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Images", ns));
    std::vector<containerd::Image> all;
    for (const auto& [name, image] : images_[ns]) {
      all.push_back(image);
    }
    return all;
  }
  base::Result<std::optional<base::SealedMemory>> Read(const std::string& ns,
                                                       const verifier::Digest& digest,
                                                       std::size_t max_bytes,
                                                       const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Read", digest.text()));
    const auto found = content_.find({ns, digest});
    if (found == content_.end()) {
      return std::optional<base::SealedMemory>();
    }
    if (found->second.size() > max_bytes) {
      return base::Fail(base::Reason::kTooLarge, "a blob");
    }
    return std::optional(Sealed(found->second));
  }
  base::Result<std::optional<containerd::Snapshot>> StatSnapshot(const std::string& ns,
                                                                 const std::string& snapshotter,
                                                                 const std::string& key,
                                                                 const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("StatSnapshot", snapshotter));
    SIGWARD_RETURN_IF_ERROR(Works("StatSnapshot", snapshotter + "/" + key));
    return Find(snapshots_, std::tuple(ns, snapshotter, key));
  }
  base::Result<std::vector<worker::SnapshotMount>> Mounts(const std::string& ns,
                                                          const std::string& snapshotter,
                                                          const std::string& key,
                                                          const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Mounts", key));
    return mounts_[{ns, snapshotter, key}];
  }
  base::Result<std::optional<containerd::ContainerRecord>> FindContainer(
      const std::string& ns, const std::string& id, const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("FindContainer", id));
    return Find(containers_, std::pair(ns, id));
  }
  base::Result<std::vector<containerd::Task>> Tasks(const std::string& ns,
                                                    const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Tasks", ns));
    return tasks_[ns];
  }
  base::Status Kill(const std::string& ns, const std::string& id, const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    SIGWARD_RETURN_IF_ERROR(Works("Kill", id));
    killed_.push_back(ns + "/" + id);
    return base::Ok();
  }
  base::Error Listen(
      const std::function<void()>& on_listening,
      const std::function<void(const std::string&, const std::string&)>& on_image) override {
    {
      const std::lock_guard lock(mutex_);
      if (base::Status works = Works("Listen"); !works.ok()) {
        return std::move(works).error();
      }
    }
    on_listening();
    std::unique_lock lock(mutex_);
    on_image_ = on_image;
    changed_.notify_all();
    changed_.wait(lock, [this] { return stopped_ || lost_; });
    on_image_ = nullptr;
    lost_ = false;
    changed_.notify_all();
    return base::Fail(base::Reason::kContainerdUnreachable, "the stream has ended");
  }
  void StopListening() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  class Same;

  using SnapshotName = std::tuple<std::string, std::string, std::string>;

  template <typename Map>
  static std::optional<typename Map::mapped_type> Find(const Map& map,
                                                       const typename Map::key_type& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second);
  }
  base::Status Works(const std::string& call, const std::string& argument = "") {
    for (const std::string& name : {call, call + " " + argument}) {
      if (const auto found = throws_.find(name); found != throws_.end() && found->second > 0) {
        --found->second;
        throw std::bad_alloc();
      }
      if (const auto found = broken_.find(name); found != broken_.end()) {
        return found->second;
      }
    }
    return base::Ok();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, base::Error> broken_;
  std::map<std::string, int> throws_;
  std::set<std::string> namespaces_;
  Strings snapshotters_ = {"native", "overlayfs", "stargz"};
  std::map<std::string, std::map<std::string, containerd::Image>> images_;
  std::map<std::pair<std::string, verifier::Digest>, std::string> content_;
  std::map<SnapshotName, containerd::Snapshot> snapshots_;
  std::map<SnapshotName, std::vector<worker::SnapshotMount>> mounts_;
  std::map<std::pair<std::string, std::string>, containerd::ContainerRecord> containers_;
  std::map<std::string, std::vector<containerd::Task>> tasks_;
  Strings killed_;
  std::function<void(const std::string&, const std::string&)> on_image_;
  bool stopped_ = false;
  bool lost_ = false;
};

/// The records of a containerd, unchanged.
class FakeContainerd::Same final : public containerd::Records {
 public:
  explicit Same(containerd::Records& records) : records_(records) {}
  base::Result<Strings> Snapshotters(const base::Deadline& deadline) override {
    return records_.Snapshotters(deadline);
  }
  base::Result<std::optional<containerd::Image>> FindImage(
      const std::string& ns, const std::string& name, const base::Deadline& deadline) override {
    return records_.FindImage(ns, name, deadline);
  }
  base::Result<std::vector<containerd::Image>> Images(const std::string& ns,
                                                      const base::Deadline& deadline) override {
    return records_.Images(ns, deadline);
  }
  base::Result<std::optional<containerd::Snapshot>> StatSnapshot(
      const std::string& ns, const std::string& snapshotter, const std::string& key,
      const base::Deadline& deadline) override {
    return records_.StatSnapshot(ns, snapshotter, key, deadline);
  }
  base::Result<std::vector<worker::SnapshotMount>> Mounts(const std::string& ns,
                                                          const std::string& snapshotter,
                                                          const std::string& key,
                                                          const base::Deadline& deadline) override {
    return records_.Mounts(ns, snapshotter, key, deadline);
  }
  base::Result<std::optional<containerd::ContainerRecord>> FindContainer(
      const std::string& ns, const std::string& id, const base::Deadline& deadline) override {
    return records_.FindContainer(ns, id, deadline);
  }

 private:
  containerd::Records& records_;
};

inline std::unique_ptr<containerd::Records> FakeContainerd::AskAhead(const containerd::Ahead&,
                                                                     const base::Deadline&) {
  return std::make_unique<Same>(*this);
}

}  // namespace sigward::testing
