#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/evidence_objects.h"
#include "verifier/furthest_failure.h"
#include "verifier/manifest.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {

/// A digest whose signature counts for the image.
struct AcceptedSubject {
  Digest digest;
  /// The index whose bytes list it. Absent for the image itself.
  std::optional<Digest> index;
};

/// One signature to be looked at: where it lies and what it was offered for.
struct SignatureCandidate {
  SignatureFormat format = SignatureFormat::kCosignLegacy;
  AcceptedSubject subject;
  /// The digest of the manifest whose layer it is.
  Digest manifest;
  Descriptor layer;
};

struct SignatureCandidates {
  /// At most kMaxSignatures. Taken in turn from each format, carrier and subject, so that a
  /// thousand of one kind cannot push out the one of another.
  std::vector<SignatureCandidate> chosen;
  /// How many there were before the choice.
  std::size_t found = 0;
  /// What was met on the way: not by any one authority's fault.
  FurthestFailure failure;
};

/// Finds the signatures of IMAGE, or of its manifest for PLATFORM, in OBJECTS. Only digests that
/// the bytes prove decide what a signature is for; nothing is filtered by media type or annotation
/// of a descriptor that lists a manifest.
SignatureCandidates FindSignatures(const Digest& image, const Platform& platform,
                                   EvidenceObjects& objects);

}  // namespace sigward::verifier
