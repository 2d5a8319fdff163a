#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "plugin/containerd/containerd.h"
#include "plugin/containerd/image_claim.h"
#include "plugin/containerd/image_content.h"
#include "plugin/containerd/snapshot_chain.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward::containerd {

using Annotations = std::map<std::string, std::string, std::less<>>;

/// What the runtime door has of a container beyond its name: the files that runc will read, and the
/// mounts as runc will find them.
struct BundleFiles {
  /// The bundle's folder, links resolved.
  std::string bundle;
  base::SealedMemory config;
  base::SealedMemory mountinfo;
};

/// A container that is about to be created, as its caller describes it.
struct ContainerClaim {
  std::string ns;
  std::string id;
  /// At the runtime door: the mounts are compared too.
  const BundleFiles* files = nullptr;
  /// There has to be a record. (At the NRI door there is none yet; then annotations are the claim.)
  bool has_record = false;
  /// NRI door: the container's annotations and the sources of its mounts.
  Annotations annotations = {};
  std::vector<std::string> mount_sources = {};
  /// NRI door: those of its pod, which may hold a signature; evidence like any other.
  Annotations pod_annotations = {};
};

/// A container whose files were traced to images.
struct BoundContainer {
  /// The images it would run, under the names that select policies; each has to be allowed. Never
  /// empty.
  std::vector<NamedImage> images;
  /// Images that it would have mounted as volumes; each has to be allowed.
  std::vector<NamedImage> volumes;
  std::string snapshotter;
  /// Set when this snapshotter's ids prove nothing: then only policies that accept that may pass.
  std::optional<std::string> unprovable;
  /// Files lie in the container's own layer before it has run.
  bool modified = false;
  /// The folder that takes the container's own writes; empty where the snapshotter has none.
  std::string own_layer;
  /// Annotations of config.json that name the image or say who the container is; claims all.
  Annotations annotations;
};

/// Lineages that are remembered; when there are more, all are forgotten.
inline constexpr std::size_t kMaxLineages = 4096;

/// CRI's annotations: the image's name as the user gave it, and who the container is.
inline constexpr std::string_view kImageNameAnnotation = "io.kubernetes.cri.image-name";
inline constexpr std::string_view kContainerNameAnnotation = "io.kubernetes.cri.container-name";
inline constexpr std::string_view kPodNameAnnotation = "io.kubernetes.cri.sandbox-name";
inline constexpr std::string_view kPodNamespaceAnnotation = "io.kubernetes.cri.sandbox-namespace";

/// Traces what a container would run to images, by these rules: the name is a claim, the mounted
/// snapshot is the proof; a snapshot's parent is an image's chain id, Docker's one "ID-init" level
/// and the user-namespace copy "CHAIN-uid-gid" aside; a claim counts alone only where the store
/// resolves it to an image with the mounted chain.
class Binding {
 public:
  /// All outlive it. STATE_DIR is containerd's state folder.
  Binding(Containerd& containerd, worker::Reader& reader, ImageContents& contents,
          std::string state_dir)
      : containerd_(containerd),
        reader_(reader),
        contents_(contents),
        state_dir_(std::move(state_dir)) {}

  /// Fails with kImageUnknown, kRootfsMismatch, or as Containerd and worker::Reader do. The text
  /// says what was compared with what.
  base::Result<BoundContainer> Of(const ContainerClaim& claim, const base::Deadline& deadline);

 private:
  /// What will be asked about CLAIM, as far as it can be told beforehand.
  Ahead Guess(const ContainerClaim& claim);
  void NoteSnapshotter(const std::string& snapshotter);
  /// The folder in which CRI mounts image volumes, links resolved.
  std::string VolumeFolder() const;
  base::Status CheckLineage(const std::string& ns, const RootSnapshot& root, bool is_dockers,
                            const std::vector<worker::SnapshotMount>& mounts,
                            const std::vector<NamedImage>& images, const base::Deadline& deadline);
  base::Result<std::vector<NamedImage>> VolumeAt(const ContainerClaim& claim,
                                                 const std::string& mount_point,
                                                 const base::Deadline& deadline);

  Containerd& containerd_;
  worker::Reader& reader_;
  ImageContents& contents_;
  const std::string state_dir_;
  std::mutex mutex_;
  /// Where the last container's snapshot was; the next one's is likely to be there too.
  std::string last_snapshotter_ = "overlayfs";
  /// Lineages by chain and folders of the layers, which are never used again for other layers.
  std::map<std::string, verifier::Digest> lineages_;
};

}  // namespace sigward::containerd
