#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/containerd/containerd.h"
#include "verifier/digest.h"
#include "verifier/manifest.h"

namespace sigward::containerd {

/// The snapshot that a container's root is, and the image chain it stands on.
struct RootSnapshot {
  std::string snapshotter;
  std::string key;
  verifier::Digest chain_id;
};

/// True for the snapshotters whose chain ids follow from bytes that containerd has checked while it
/// applied them, and that the end-to-end tests cover. All others commit under ids that an image
/// merely claims, or may do so.
bool ProvesItsChain(const std::string& snapshotter);

/// Whose snapshot is looked for.
enum class Owner : std::uint8_t {
  /// A container with a record, which decides.
  kRecord = 1,
  /// The same, of Docker: dockerd commits one level "KEY-init" between the container and its image.
  kDocker = 2,
  /// Somebody at a door that proves nothing in the end: the first snapshotter that has KEY is
  /// taken, the proving ones first.
  kClaim = 3,
};

/// Finds the snapshot KEY of namespace NS, in SNAPSHOTTER or, where that is empty, in the one
/// snapshotter that has it, and follows it to its image's chain id. Nothing when no snapshotter has
/// KEY. Fails with kImageUnknown (it stands on no image), kRootfsMismatch (not an active snapshot;
/// more than one snapshotter has it), or as Records does.
base::Result<std::optional<RootSnapshot>> FindRootSnapshot(Records& records, const std::string& ns,
                                                           const std::string& snapshotter,
                                                           const std::string& key, Owner owner,
                                                           const base::Deadline& deadline);

/// Most layers of one image.
inline constexpr std::size_t kMaxLineage = verifier::kMaxLayers;

/// verifier::LineageOf of the committed snapshots from CHAIN_ID down to the lowest, whose names
/// have to be chain ids too. A snapshot can be committed under the name of any image's chain; what
/// it stands on shows that it is not that image's. Fails with kRootfsMismatch, kTooLarge, or as
/// Records does.
base::Result<verifier::Digest> LineageBelow(Records& records, const std::string& ns,
                                            const RootSnapshot& root,
                                            const base::Deadline& deadline);

}  // namespace sigward::containerd
