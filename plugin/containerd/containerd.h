#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "verifier/digest.h"
#include "worker/client/reader.h"

namespace sigward::containerd {

/// What an image's name points to, as containerd's image store has it.
struct Image {
  std::string name;
  verifier::Digest target;
  std::string media_type;
};

/// A container's record. Empty where the client left a field empty (Docker does).
struct ContainerRecord {
  std::string id;
  std::string image;
  std::string snapshotter;
  std::string snapshot_key;
};

enum class SnapshotKind : std::uint8_t { kView = 1, kActive = 2, kCommitted = 3 };

struct Snapshot {
  /// Empty for a snapshot that stands on nothing.
  std::string parent;
  SnapshotKind kind;
};

/// A container that runs, is paused, or is created and not started.
struct Task {
  std::string container_id;
  std::uint32_t pid = 0;
};

/// What containerd has written down about images, snapshots and containers. Its answers are
/// believed: whoever speaks for that socket is root already. Every function takes the containerd
/// namespace first. Nothing is returned for what is not there; every function fails with
/// kContainerdUnreachable (no answer, or one out of shape) or kTimeout, and waits until its
/// deadline for a containerd that is not there.
class Records {
 public:
  Records() = default;
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  virtual ~Records() = default;

  /// The names of the snapshotters that are loaded.
  virtual base::Result<std::vector<std::string>> Snapshotters(const base::Deadline& deadline) = 0;

  virtual base::Result<std::optional<Image>> FindImage(const std::string& ns,
                                                       const std::string& name,
                                                       const base::Deadline& deadline) = 0;
  /// All images; those whose digest is none that sigward knows are left out.
  virtual base::Result<std::vector<Image>> Images(const std::string& ns,
                                                  const base::Deadline& deadline) = 0;

  virtual base::Result<std::optional<Snapshot>> StatSnapshot(const std::string& ns,
                                                             const std::string& snapshotter,
                                                             const std::string& key,
                                                             const base::Deadline& deadline) = 0;
  /// The mounts that make up an active snapshot or a view.
  virtual base::Result<std::vector<worker::SnapshotMount>> Mounts(
      const std::string& ns, const std::string& snapshotter, const std::string& key,
      const base::Deadline& deadline) = 0;

  virtual base::Result<std::optional<ContainerRecord>> FindContainer(
      const std::string& ns, const std::string& id, const base::Deadline& deadline) = 0;
};

/// Calls whose arguments are known, or guessed, before their answers are needed. What is empty is
/// not asked.
struct Ahead {
  std::string ns;
  /// FindContainer.
  std::string container = {};
  /// StatSnapshot and Mounts, where both are given.
  std::string snapshotter = {};
  std::string snapshot_key = {};
  /// FindImage.
  std::string image = {};
};

/// containerd's API, as much of it as sigward uses, for one containerd. Safe for use by many
/// threads.
class Containerd : public Records {
 public:
  /// Begins AHEAD's calls, all at once, and returns this containerd's records as one thread sees
  /// them that has asked so: a call of the same arguments takes the answer that is under way, at
  /// most once; every other call is made here. A wrong guess costs a call and changes no answer.
  /// This outlives what is returned.
  virtual std::unique_ptr<Records> AskAhead(const Ahead& ahead, const base::Deadline& deadline) = 0;

  /// Fails at once where containerd is not there.
  virtual base::Result<std::vector<std::string>> Namespaces(const base::Deadline& deadline) = 0;

  /// The bytes of a blob, at most MAX_BYTES (else kTooLarge). They are not hashed here.
  virtual base::Result<std::optional<base::SealedMemory>> Read(const std::string& ns,
                                                               const verifier::Digest& digest,
                                                               std::size_t max_bytes,
                                                               const base::Deadline& deadline) = 0;

  virtual base::Result<std::vector<Task>> Tasks(const std::string& ns,
                                                const base::Deadline& deadline) = 0;
  /// Sends SIGKILL to every process of a container.
  virtual base::Status Kill(const std::string& ns, const std::string& id,
                            const base::Deadline& deadline) = 0;

  /// Calls ON_IMAGE(namespace, image name) for every image that appears or changes, and
  /// ON_LISTENING when containerd was asked for that (it does not say when it begins: what appears
  /// in the first moments may be missed). Returns only when the stream has ended, with the reason;
  /// StopListening ends it for good.
  virtual base::Error Listen(
      const std::function<void()>& on_listening,
      const std::function<void(const std::string& ns, const std::string& name)>& on_image) = 0;
  virtual void StopListening() = 0;
};

}  // namespace sigward::containerd
