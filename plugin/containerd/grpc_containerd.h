#pragma once

#include <memory>
#include <string>

#include "plugin/containerd/containerd.h"

namespace sigward::containerd {

struct GrpcStubs;

/// Most bytes of one answer of containerd: a list of many images or containers.
inline constexpr std::size_t kMaxAnswerBytes = 64U << 20;

/// containerd's API over its socket. Nothing is connected before the first call, and a connection
/// that was lost is made anew: a containerd that starts later, or again, is no event.
class GrpcContainerd final : public Containerd {
 public:
  /// SOCKET_PATH is [containerd] address.
  explicit GrpcContainerd(const std::string& socket_path);
  ~GrpcContainerd() override;
  GrpcContainerd(const GrpcContainerd&) = delete;
  GrpcContainerd& operator=(const GrpcContainerd&) = delete;

  std::unique_ptr<Records> AskAhead(const Ahead& ahead, const base::Deadline& deadline) override;
  base::Result<std::vector<std::string>> Namespaces(const base::Deadline& deadline) override;
  base::Result<std::vector<std::string>> Snapshotters(const base::Deadline& deadline) override;
  base::Result<std::optional<Image>> FindImage(const std::string& ns, const std::string& name,
                                               const base::Deadline& deadline) override;
  base::Result<std::vector<Image>> Images(const std::string& ns,
                                          const base::Deadline& deadline) override;
  base::Result<std::optional<base::SealedMemory>> Read(const std::string& ns,
                                                       const verifier::Digest& digest,
                                                       std::size_t max_bytes,
                                                       const base::Deadline& deadline) override;
  base::Result<std::optional<Snapshot>> StatSnapshot(const std::string& ns,
                                                     const std::string& snapshotter,
                                                     const std::string& key,
                                                     const base::Deadline& deadline) override;
  base::Result<std::vector<worker::SnapshotMount>> Mounts(const std::string& ns,
                                                          const std::string& snapshotter,
                                                          const std::string& key,
                                                          const base::Deadline& deadline) override;
  base::Result<std::optional<ContainerRecord>> FindContainer(
      const std::string& ns, const std::string& id, const base::Deadline& deadline) override;
  base::Result<std::vector<Task>> Tasks(const std::string& ns,
                                        const base::Deadline& deadline) override;
  base::Status Kill(const std::string& ns, const std::string& id,
                    const base::Deadline& deadline) override;
  base::Error Listen(
      const std::function<void()>& on_listening,
      const std::function<void(const std::string&, const std::string&)>& on_image) override;
  void StopListening() override;

 private:
  std::unique_ptr<GrpcStubs> stubs_;
};

}  // namespace sigward::containerd
