#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/single_flight.h"
#include "plugin/gate/evidence_store.h"
#include "plugin/gate/remembered.h"
#include "policy/evaluate.h"
#include "policy/snapshot.h"
#include "verifier/evidence.h"
#include "worker/client/fetchd_client.h"
#include "worker/client/verifyd_client.h"

namespace sigward::gate {

/// A place on the node, besides the store, where evidence may lie. Safe for use by many threads.
class NodeEvidence {
 public:
  virtual ~NodeEvidence() = default;
  /// The signatures of DIGEST that lie there for SOURCES, where the image's own repository is that
  /// of IMAGE; may be none. Parts of the place that could not be read are told
  /// (EvidenceSet::unread).
  virtual base::Result<worker::EvidenceSet> Find(const verifier::ImageRef& image,
                                                 const verifier::Digest& digest,
                                                 std::span<const policy::SignatureSource> sources,
                                                 const base::Deadline& deadline) = 0;
};

/// How long "there is no evidence" is remembered. Enough that a burst of equal pulls asks the
/// registry once, short enough that a signature pushed after a refusal is seen by the next try.
inline constexpr std::chrono::milliseconds kAbsenceRemembered{200};

/// The one place where decisions are made, whoever asks.
class Gate {
 public:
  /// Everything outlives the gate. PLATFORM is the node's. STORE may be null, then nothing is kept.
  /// NODE are places on this node, asked in order.
  Gate(worker::Fetcher& fetcher, worker::Verifier& verifier, EvidenceStore* store,
       verifier::Platform platform, const base::Clock& clock = base::Clock::System(),
       std::vector<NodeEvidence*> node = {})
      : fetcher_(fetcher),
        verifier_(verifier),
        store_(store),
        node_(std::move(node)),
        platform_(std::move(platform)),
        searches_(clock) {}

  /// Decides whether WORKLOAD may be there, by the policies of SNAPSHOT (null: none is active,
  /// which denies with kPolicyUnavailable). Signatures are looked for where they are nearest:
  /// remembered ones, kept evidence, other places on the node, the repositories that the policies
  /// name (most often the image's own), and there the image's own signatures before those of its
  /// platform manifest; each place only when those before it did not satisfy every policy, and a
  /// repository only for a policy that is not satisfied yet. A signature counts wherever it was
  /// found. The registry has no part in a create (policy::MayUseNetwork).
  /// Returns by DEADLINE, give or take the time of one local answer.
  policy::Decision Decide(const std::shared_ptr<const policy::PolicySnapshot>& snapshot,
                          const policy::Workload& workload, const base::Deadline& deadline);

  /// Takes EVIDENCE that somebody offers for WORKLOAD: what in it proves a signature is remembered
  /// and kept, all else is forgotten. Never says anything about what is missing in it.
  void Offer(const policy::PolicySnapshot& snapshot, const policy::Workload& workload,
             const worker::EvidenceSet& evidence, const base::Deadline& deadline);

  std::size_t remembered() const { return remembered_.size(); }

 private:
  class Search;

  worker::Fetcher& fetcher_;
  worker::Verifier& verifier_;
  EvidenceStore* store_;
  const std::vector<NodeEvidence*> node_;
  const verifier::Platform platform_;
  Remembered remembered_;
  base::SingleFlight<policy::Decision> searches_;
};

}  // namespace sigward::gate
