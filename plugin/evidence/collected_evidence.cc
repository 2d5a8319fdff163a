#include "plugin/evidence/collected_evidence.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "base/reason.h"
#include "base/sealed_memory.h"

namespace sigward::evidence {

using base::Reason;
using verifier::Digest;
using verifier::ObjectKind;
using worker::EvidenceEntry;

namespace {

base::Status NoRoom(const Digest& digest) {
  return base::Fail(Reason::kTooLarge,
                    digest.text() + " was not looked at: the evidence has more than " +
                        std::to_string(verifier::kMaxEvidenceObjects) + " objects or " +
                        std::to_string(verifier::kMaxEvidenceBytes) + " bytes");
}

}  // namespace

bool CollectedEvidence::Has(const Digest& digest, ObjectKind kind,
                            const std::string& offered_for) const {
  return std::ranges::any_of(entries_, [&](const EvidenceEntry& one) {
    return one.digest == digest && one.kind == kind && one.offered_for == offered_for;
  });
}

base::Status CollectedEvidence::Add(const Blobs& blobs, const Digest& digest, ObjectKind kind,
                                    std::size_t max_bytes, const std::string& offered_for,
                                    const base::Deadline& deadline) {
  if (Has(digest, kind, offered_for)) {
    return base::Ok();
  }
  if (entries_.size() >= verifier::kMaxEvidenceObjects) {
    return NoRoom(digest);
  }
  const std::size_t room = verifier::kMaxEvidenceBytes - bytes_.size();
  const auto found = blobs.Read(digest, std::min(room, max_bytes), deadline);
  if (!found.ok()) {
    if (base::CouldNotTell(found.error().reason)) {
      return found.error();
    }
    // What is too large is as good as absent, unless others have taken the room.
    return found.error().reason == Reason::kTooLarge && room < max_bytes ? NoRoom(digest)
                                                                         : base::Ok();
  }
  if (found->has_value()) {
    const base::ByteView bytes = (*found)->bytes();
    entries_.push_back({kind, digest, bytes_.size(), bytes.size(), offered_for, ""});
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  return base::Ok();
}

base::Status CollectedEvidence::AddSignature(const Blobs& blobs, const Candidate& candidate,
                                             const Digest& subject,
                                             const base::Deadline& deadline) {
  if (Has(candidate.manifest, candidate.kind, subject.text())) {
    return base::Ok();
  }
  const auto facts =
      facts_.Of(blobs, candidate.manifest, worker::ImageObjectRole::kTarget, deadline);
  const auto* manifest = facts.ok() ? std::get_if<worker::ManifestFacts>(&*facts) : nullptr;
  if (manifest == nullptr) {
    // A broken one hides nothing; what could not be told is told.
    return !facts.ok() && base::CouldNotTell(facts.error().reason) ? base::Status(facts.error())
                                                                   : base::Ok();
  }
  SIGWARD_RETURN_IF_ERROR(Add(blobs, candidate.manifest, candidate.kind,
                              verifier::kMaxManifestBytes, subject.text(), deadline));
  for (const Digest& layer : manifest->layers) {
    SIGWARD_RETURN_IF_ERROR(
        Add(blobs, layer, ObjectKind::kBlob, verifier::kMaxBundleBytes, "", deadline));
  }
  return base::Ok();
}

base::Status CollectedEvidence::AddIndex(const Blobs& blobs, const Digest& index,
                                         const base::Deadline& deadline) {
  return Add(blobs, index, ObjectKind::kImageIndex, verifier::kMaxManifestBytes, "", deadline);
}

base::Result<worker::EvidenceSet> CollectedEvidence::Seal() && {
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(bytes_));
  SIGWARD_ASSIGN_OR_RETURN(
      base::SealedMemory memory,
      base::SealedMemory::Open(std::move(sealed), verifier::kMaxEvidenceBytes));
  return worker::EvidenceSet{std::move(memory), std::move(entries_), {}};
}

}  // namespace sigward::evidence
