#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verifier/mountinfo.h"

namespace sigward::verifier {

/// How the folders of containerd's snapshotters are called: its plugins keep what they have under
/// ROOT/TYPE.NAME (containerd's docs/ops.md).
inline constexpr std::string_view kSnapshotterFolder = "io.containerd.snapshotter.v1.";

/// Where CRI mounts image volumes, below containerd's state folder: THIS/SANDBOX/MANIFEST.
inline constexpr std::string_view kImageVolumesFolder = "io.containerd.grpc.v1.cri/image-volumes";

/// The image volume that PATH names: PATH up to the part behind kImageVolumesFolder/SANDBOX, as far
/// as it goes. However what stands before that folder is spelled, PATH is taken at its word; none
/// where it does not name the folder.
std::optional<std::string> ImageVolumeIn(std::string_view path);

/// Tells where a container is given content of images beside its rootfs: Kubernetes' image volumes
/// and Docker's image mounts are bind mounts of folders where somebody mounted a snapshot before.
///
/// A mount is such a snapshot's when it is
/// - an overlay with a directory in a snapshotter's folder, or with one named relatively and
///   ending in "/fs": so containerd names the layers of a snapshot that has many
///   (kMinShortenedOptions); or
/// - of a folder with a snapshotter's in its path, or of one in a filesystem that is mounted in a
///   snapshotter's folder.
///
/// What no mount table shows: symbolic links, so a source that reaches a snapshot's mount through
/// one is not recognised, but for an image volume: containerd spells its folder as it was told, and
/// a source that names kImageVolumesFolder anywhere is taken at its word. And snapshots that are
/// filesystems of their own (devmapper, blockfile), which look like any other. A source within the
/// snapshotter's folder itself is a folder of the node like any other.
class ImageMounts {
 public:
  /// Of a container with its rootfs at the clean path ROOT_PATH. Every source at or below the clean
  /// path VOLUMES counts. TABLE has to outlive this object.
  ImageMounts(const MountTable& table, std::string_view root_path, std::string volumes);

  /// Where the content of an image that the clean path SOURCE gives is mounted: a clean path,
  /// SOURCE or a folder above it. SOURCE itself where the table leaves open what it lies on; the
  /// volume that it names, or itself, where no mount is there that VOLUMES or kImageVolumesFolder
  /// promises: what that is, is for the caller to find out.
  /// None when SOURCE lies on something else, on the rootfs, or on the node's root: a node that
  /// runs in a container has a snapshot there that is no image's to it.
  std::optional<std::string> PointOf(const std::string& source) const;

 private:
  bool IsSnapshot(const Mount& mount) const;

  const MountTable& table_;
  std::string volumes_;
  /// Null when nothing is mounted at the root path.
  const Mount* rootfs_;
  /// Mounted in a snapshotter's folder.
  std::vector<const Mount*> stores_;
};

}  // namespace sigward::verifier
