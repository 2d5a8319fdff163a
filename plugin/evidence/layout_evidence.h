#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/timed_mutex.h"
#include "plugin/evidence/catalogue.h"
#include "plugin/evidence/collected_evidence.h"
#include "plugin/evidence/layout.h"
#include "plugin/evidence/object_facts.h"
#include "plugin/gate/gate.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"
#include "worker/client/evidence_set.h"

namespace sigward::evidence {

/// How long after a layout was first seen as it is, it is read once more: a change within one tick
/// of the file system's clock leaves the stamp as it was. One with a spoilt blob is read as often.
inline constexpr std::chrono::milliseconds kSettles{1000};
/// How often a layout that changes while it is read is read again.
inline constexpr int kMaxReadings = 3;

/// Signatures in OCI layouts on this node, as they came over an air gap: written by `oras cp`,
/// `oras backup`, `cosign save`, `skopeo copy` and the like. Which repository an image is from,
/// or a policy's source, plays no part. Where a signature lies is no reason to trust it; the folder
/// must be root's all the same, so that nobody else decides what is read.
///
/// What a layout says about signatures is remembered until its stamp changes: a create costs a few
/// calls of stat a layout, whether or not there is something for its image.
class LayoutEvidence final : public gate::NodeEvidence {
 public:
  /// PATHS are absolute. FACTS outlives it.
  LayoutEvidence(const std::vector<std::string>& paths, ObjectFacts& facts,
                 const base::Clock& clock = base::Clock::System());

  /// The signatures of DIGEST in all layouts, and those of its manifest for the node's platform
  /// where a layout has the index that DIGEST names. A layout that cannot be read is one of the
  /// unread places, and logged when that begins.
  base::Result<worker::EvidenceSet> Find(const verifier::ImageRef& image,
                                         const verifier::Digest& digest,
                                         std::span<const policy::SignatureSource> sources,
                                         const base::Deadline& deadline) override;

 private:
  using Contents = base::Result<std::shared_ptr<const Catalogue>>;

  /// What was read of a layout, and when it was first seen to be so.
  struct Reading {
    LayoutStamp stamp;
    Contents contents;
    base::Clock::Steady first_seen;
    base::Clock::Steady read;
    bool settled = false;
  };
  struct Place {
    std::string path;
    /// Held while the layout is read, so that many who ask at once have it read once.
    base::TimedMutex mutex;
    std::optional<Reading> reading;
    /// What was logged last; empty when all was well.
    std::string problem;
  };

  base::Status FindIn(Place& place, const verifier::Digest& digest, CollectedEvidence& collected,
                      const base::Deadline& deadline);
  base::Status Collect(const Layout& layout, const Catalogue& catalogue,
                       const verifier::Digest& digest, CollectedEvidence& collected,
                       const base::Deadline& deadline);
  Contents ContentsOf(Place& place, const Layout& layout, const base::Deadline& deadline);
  Contents ReadLayout(const Layout& layout, const base::Deadline& deadline);
  static void Log(Place& place, const Contents& contents, const base::Deadline& deadline);

  ObjectFacts& facts_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace sigward::evidence
