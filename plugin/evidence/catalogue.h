#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "plugin/evidence/blobs.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "verifier/signature_listing.h"
#include "worker/client/reader.h"

namespace sigward::evidence {

/// A manifest that may bear signatures of a digest.
struct Candidate {
  verifier::Digest manifest;
  verifier::ObjectKind kind = verifier::ObjectKind::kReferrerManifest;
  /// 0 first.
  int rank = 0;
};

/// What an index says about signatures, by the digest that they are for.
class Catalogue {
 public:
  /// Blobs that no index lists.
  using Unlisted = std::function<base::Result<std::vector<verifier::Digest>>()>;

  /// Reads INDEX, the indexes of referrers that it names, and out of BLOBS the manifests that may
  /// be referrers. Where `cosign save` wrote the index, UNLISTED is asked for more of them: that
  /// lists no bundle. All is read by children of verifyd. At most verifier::kMaxListedManifests are
  /// read in all, of the indexes of referrers an equal share each (verifier::kMaxSignatures at
  /// least); what is beyond that is a problem(). Fails as worker::Reader and UNLISTED do.
  static base::Result<Catalogue> Read(const base::SealedMemory& index, const Blobs& blobs,
                                      const Unlisted& unlisted, worker::Reader& reader,
                                      const base::Deadline& deadline);

  /// The same for what the tag `sha256-HEX` names: an index of referrers, or, as skopeo leaves it,
  /// the one referrer itself.
  static base::Result<Catalogue> ReadReferrersTag(const verifier::Digest& target,
                                                  const Blobs& blobs, worker::Reader& reader,
                                                  const base::Deadline& deadline);

  /// The first of the objects that could not be read; what could be is there nevertheless. An
  /// object that is not in the place, or is not what it should be, is none of them.
  const std::optional<base::Error>& problem() const { return problem_; }
  /// True when an object could not be read, so that another reading may say more. What is too large
  /// stays so, and would have everything read again at its owner's pleasure.
  bool may_be_mended() const { return may_be_mended_; }

  /// The manifests that may bear signatures of SUBJECT, at most verifier::kMaxSignatures: of each
  /// rank in turn, best first.
  std::vector<Candidate> Of(const verifier::Digest& subject) const;

  bool empty() const { return by_subject_.empty() && saved_signatures_.empty(); }

 private:
  class Walk;

  std::map<verifier::Digest, std::vector<Candidate>> by_subject_;
  std::set<verifier::Digest> saved_images_;
  std::vector<verifier::Digest> saved_signatures_;
  std::optional<base::Error> problem_;
  bool may_be_mended_ = false;
};

}  // namespace sigward::evidence
