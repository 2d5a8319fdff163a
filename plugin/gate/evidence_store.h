#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/result.h"
#include "verifier/digest.h"
#include "worker/client/evidence_set.h"

namespace sigward::gate {

/// Evidence on disk, all images together, in bytes.
inline constexpr std::uint64_t kMaxStoreBytes = 256U << 20;
/// How far beyond its bound the store may grow for images that the node holds.
inline constexpr std::uint64_t kHeldFactor = 4;

/// Evidence that has proved a signature, kept on disk: one OCI image layout per image digest, under
/// DIR/sha256/HEX. What is read back is trusted no more than what a registry sends: it is verified
/// again. Images used least recently go first when the bound is reached. Safe for use by many
/// threads.
///
/// Nothing is forced to the disk: an entry torn by a crash fails its hashes when it is verified,
/// and is fetched again.
class EvidenceStore {
 public:
  struct Usage {
    std::size_t images = 0;
    std::uint64_t bytes = 0;
  };

  explicit EvidenceStore(std::string dir, std::uint64_t max_bytes = kMaxStoreBytes)
      : dir_(std::move(dir)), max_bytes_(max_bytes) {}

  /// Makes the folders, removes what an interrupted write has left, and counts what is there.
  /// Fails with kIoFailed.
  base::Status Open();

  /// Keeps the objects of EVIDENCE that USED names, together with what is kept for IMAGE already.
  /// Objects whose bytes do not have their digest are not kept. Fails with kIoFailed or kTooLarge;
  /// then what was kept before is still there.
  base::Status Keep(const verifier::Digest& image, const worker::EvidenceSet& evidence,
                    std::span<const verifier::Digest> used);

  /// What is kept for IMAGE, or nothing. Fails with kIoFailed, kMalformed or kTooLarge.
  base::Result<std::optional<worker::EvidenceSet>> Load(const verifier::Digest& image);

  /// IMAGES are those that the node holds: their evidence is not evicted, unless it alone were more
  /// than kHeldFactor times the bound.
  void Hold(const std::set<verifier::Digest>& images);

  Usage usage() const;

 private:
  std::string PathOf(const verifier::Digest& image) const;
  base::Result<std::optional<worker::EvidenceSet>> LoadLocked(const verifier::Digest& image);
  void EvictLocked(const std::string& spared);

  const std::string dir_;
  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_;
  Usage usage_;
  /// Folders of the images that are held.
  std::set<std::string> held_;
};

}  // namespace sigward::gate
