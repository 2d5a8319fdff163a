#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/mountinfo.h"
#include "verifier/rootfs_mount.h"
#include "verifier/runtime_config.h"
#include "verifier/signature_listing.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {

/// Largest config.json and mountinfo that are read, in bytes.
inline constexpr std::size_t kMaxRuntimeConfigBytes = verifier::kMaxRuntimeConfigBytes;
inline constexpr std::size_t kMaxMountinfoBytes = verifier::kMaxMountinfoBytes;

/// What the caller expects an object of an image to be.
enum class ImageObjectRole : std::uint8_t {
  /// What an image's name points to: a manifest or an index.
  kTarget = 1,
  /// A manifest that an index lists.
  kManifest = 2,
  /// An image configuration that a manifest names.
  kConfig = 3,
};

/// Most layers of a manifest that are told.
inline constexpr std::size_t kMaxLayersInFacts = 64;
/// Most annotations that can be asked for at once.
inline constexpr std::size_t kMaxAnnotationsWanted = 16;

/// An index: the manifest in it that fits the platform.
struct IndexFacts {
  verifier::Digest member;
};
/// A manifest: the configuration it names, and its first kMaxLayersInFacts layers in order (the
/// objects of a signature image lie there).
struct ManifestFacts {
  verifier::Digest config;
  std::vector<verifier::Digest> layers;
};
/// An image configuration: the chain id of its rootfs (image-spec config.md, "Layer ChainID"),
/// which takes at least one diff_id, and the lineage of it (verifier::LineageOf): what the chain id
/// merely names, a snapshot that bears it as its name need not have below it.
struct ConfigFacts {
  verifier::Digest chain_id;
  verifier::Digest lineage;
};
using ImageObjectFacts = std::variant<IndexFacts, ManifestFacts, ConfigFacts>;

/// One of the mounts that containerd says a snapshot consists of.
using SnapshotMount = verifier::SnapshotMount;

/// Most image mounts that a container may have.
inline constexpr std::size_t kMaxImageMounts = 64;

/// A bind mount in config.json whose source lies on what seems to be content of an image.
struct ImageMount {
  /// A clean absolute path.
  std::string source;
  /// The mount point that SOURCE lies on: SOURCE or a folder above it. SOURCE itself where
  /// it lies in the folder that was asked about and nothing is mounted for it there, or where the
  /// mounts leave open what it lies on.
  std::string mount_point;
};

/// What a container's config.json and the mounts around it say.
struct ContainerFacts {
  /// Set when the mount at root.path is not the snapshot's own: what was compared with what.
  std::optional<std::string> root_mismatch;
  /// Annotations of config.json with these names, as far as they are there; claims all.
  std::map<std::string, std::string, std::less<>> annotations;
  /// Bind mounts of content of images in the order of config.json, at most kMaxImageMounts: those
  /// with a source at or below the folder that was asked about, and those of a source on a mount
  /// of a snapshot (verifier::ImageMounts), wherever that is. A source is looked up as it is
  /// spelled: a symbolic link in it cannot be resolved from mountinfo, so that one leads to an
  /// image goes unseen here.
  std::vector<ImageMount> image_mounts;
};

/// Most manifests that ReadSignatures reads at once.
inline constexpr std::size_t kMaxManifestsAtOnce = 256;

/// One of several manifests that lie side by side in a memory.
struct ManifestAt {
  verifier::Digest digest;
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// One of them that bears signatures.
struct SignatureAt {
  /// Its place in what was asked about.
  std::size_t index = 0;
  verifier::SignatureManifest manifest;
};

/// Has foreign bytes read by a child of sigward-verifyd. Safe for use by many threads.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  /// What BYTES, at most verifier::kMaxManifestBytes, say, after they were hashed against DIGEST.
  /// An index has one manifest for PLATFORM (verifier::ManifestForPlatform). Fails with
  /// kDigestMismatch, kMalformed, kDuplicateKey, kTooLarge, kUnsupportedFormat,
  /// kUnsupportedAlgorithm, kWrongType (another kind of object than ROLE wants), or as Verifier
  /// does: kTimeout, kWorkerFailed, kProtocol.
  virtual base::Result<ImageObjectFacts> ReadImageObject(const verifier::Digest& digest,
                                                         ImageObjectRole role,
                                                         const verifier::Platform& platform,
                                                         const base::SealedMemory& bytes,
                                                         const base::Deadline& deadline) = 0;

  /// Reads CONFIG (an OCI config.json, verifier::ParseRuntimeConfig) and MOUNTINFO (proc(5),
  /// verifier::MountTable) and compares the mount at root.path (relative: below BUNDLE) with
  /// MOUNTS, which are those of the container's own snapshot (verifier::MismatchAt). ANNOTATIONS
  /// names the annotations wanted, at most kMaxAnnotationsWanted and each once; VOLUMES the folder
  /// at or below which every source of a bind mount is wanted. BUNDLE and VOLUMES are clean
  /// absolute paths without symbolic links. Fails with kMalformed, kDuplicateKey, kTooLarge (also
  /// beyond kMaxImageMounts, and when what is wanted does not fit into an answer of 64 KiB), or as
  /// above.
  virtual base::Result<ContainerFacts> ReadContainer(const base::SealedMemory& config,
                                                     const base::SealedMemory& mountinfo,
                                                     const std::string& bundle,
                                                     std::span<const SnapshotMount> mounts,
                                                     std::span<const std::string_view> annotations,
                                                     const std::string& volumes,
                                                     const base::Deadline& deadline) = 0;

  /// verifier::ListSignatures of INDEX, hashed against DIGEST where one names it. Fails as that
  /// does, with kDigestMismatch, or as above.
  virtual base::Result<std::vector<verifier::ListedManifest>> ReadListing(
      const std::optional<verifier::Digest>& digest, const base::SealedMemory& index,
      const base::Deadline& deadline) = 0;

  /// verifier::ReadSignatureManifest of each of MANIFESTS, at most kMaxManifestsAtOnce, which lie
  /// in MEMORY of at most kMaxReadBytes, in their order. One whose bytes do not have its digest
  /// bears nothing. Fails with kTooLarge, or as above.
  virtual base::Result<std::vector<SignatureAt>> ReadSignatures(
      std::span<const ManifestAt> manifests, const base::SealedMemory& memory,
      const base::Deadline& deadline) = 0;
};

}  // namespace sigward::worker
