#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "plugin/evidence/blobs.h"
#include "plugin/evidence/catalogue.h"
#include "plugin/evidence/object_facts.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/client/evidence_set.h"

namespace sigward::evidence {

/// Signatures and what they are made of, out of places on the node, side by side as they go into
/// one sealed memory: at most verifier::kMaxEvidenceObjects objects and kMaxEvidenceBytes.
class CollectedEvidence {
 public:
  /// FACTS outlives it.
  explicit CollectedEvidence(ObjectFacts& facts) : facts_(facts) {}

  /// Adds the manifest of CANDIDATE and its layers, as far as BLOBS has them and there is room, as
  /// signatures of SUBJECT. One that is not whole, or none, counts as absent. Fails, with what was
  /// added before still there, where something could not be read, and with kTooLarge where there is
  /// no room.
  base::Status AddSignature(const Blobs& blobs, const Candidate& candidate,
                            const verifier::Digest& subject, const base::Deadline& deadline);

  /// Adds the index of an image, the proof that one of its manifests belongs to it.
  base::Status AddIndex(const Blobs& blobs, const verifier::Digest& index,
                        const base::Deadline& deadline);

  base::Result<worker::EvidenceSet> Seal() &&;

 private:
  /// The same bytes as something else are no reason to leave them out: a signature's manifest may
  /// be named as a layer of another, or as a signature of another subject.
  bool Has(const verifier::Digest& digest, verifier::ObjectKind kind,
           const std::string& offered_for) const;
  base::Status Add(const Blobs& blobs, const verifier::Digest& digest, verifier::ObjectKind kind,
                   std::size_t max_bytes, const std::string& offered_for,
                   const base::Deadline& deadline);

  ObjectFacts& facts_;
  base::ByteBuffer bytes_;
  std::vector<worker::EvidenceEntry> entries_;
};

}  // namespace sigward::evidence
