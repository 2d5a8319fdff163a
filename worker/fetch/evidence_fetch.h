#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/signature_source.h"
#include "verifier/digest.h"
#include "verifier/evidence.h"
#include "worker/fetch/candidates.h"
#include "worker/fetch/named_content.h"
#include "worker/fetch/repository_reader.h"

namespace sigward::worker {

/// Failures that one answer tells of; equal ones count once, what is beyond is left out.
inline constexpr std::size_t kMaxFailures = 32;

/// An object of evidence that is owned.
struct FetchedObject {
  verifier::ObjectKind kind;
  verifier::Digest digest;
  std::string bytes;
  std::optional<verifier::Digest> offered_for;
  std::string media_type;
};

/// A place that could not be read.
struct FetchFailure {
  std::string place;
  base::Error error;
};

struct FetchedEvidence {
  std::vector<FetchedObject> objects;
  std::vector<FetchFailure> failures;

  void NoteFailure(std::string place, base::Error error);
};

/// Looks for the signatures of one image in one repository, which is its own or the one that a
/// policy names: one question's work, from start to end.
/// At most kMaxSignatures over both formats (half is kept for each, what one leaves the other may
/// take) and kMaxEvidenceBytes; bytes are passed on as they came, whatever they hash to.
///
/// For an image with one signature that is at most 4 requests in 2 rounds (legacy), 5 in 3
/// (bundle, or legacy carried by a referrer).
class EvidenceFetch {
 public:
  /// IMAGE reads the image's repository and SIGNATURES the one of SOURCE; they are the same reader
  /// where that is the image's own. Both outlive this. NAME is the image's
  /// "registry/repository", for failures' places.
  EvidenceFetch(RepositoryReader& image, RepositoryReader& signatures, std::string name,
                const policy::SignatureSource& source)
      : image_reader_(&image),
        reader_(&signatures),
        image_name_(std::move(name)),
        name_(source.IsOwnRepository() ? image_name_ : source.name()),
        tag_prefix_(source.tag_prefix) {}

  /// What the repository holds of signatures of IMAGE. When nothing is there at all and it is the
  /// image's own, the image is asked for itself: the failure kNotFound tells one that is gone from
  /// one that is unsigned.
  void FetchSignatures(const verifier::Digest& image);

  /// The index IMAGE, and what there is of signatures of its manifest for PLATFORM. Nothing when
  /// IMAGE is not an index.
  void FetchMember(const verifier::Digest& image, const verifier::Platform& platform);

  FetchedEvidence Take() { return std::move(evidence_); }

 private:
  /// Content that is asked for by its digest.
  struct Wanted {
    Candidate candidate;
    /// "manifests" or "blobs".
    const char* collection = nullptr;
  };
  /// What the names led to.
  struct FirstRound {
    std::vector<Candidate> payloads;
    std::vector<Candidate> referrers;
    /// Something was there, or could not be read.
    bool anything = false;
  };

  FirstRound AskNames(const verifier::Digest& image);
  void TakeSignatureTag(const verifier::Digest& image, Outcome outcome, FirstRound& round);
  void TakeReferrers(decltype(NamedContent::referrers) referrers, FirstRound& round);
  void CutToShares(FirstRound& round);
  void FetchListed(const verifier::Digest& image, const FirstRound& round);
  /// At most kMaxSignatures of the blobs that the referrers in LISTS led to and that are not
  /// FETCHED yet, in turn from each: one with a thousand hides no other's. What is left out is
  /// noted.
  std::vector<Candidate> TakeInTurn(std::vector<std::vector<Candidate>> lists,
                                    const std::set<verifier::Digest>& fetched);
  void ConfirmImage(const verifier::Digest& image);

  /// Fetches WANTED at once, as far as the bytes that are left allow. No value where that failed,
  /// which is noted.
  std::vector<std::optional<HttpResponse>> FetchAll(std::span<const Wanted> wanted);
  void AddBlob(const Candidate& candidate, HttpResponse response);
  void Note(const std::string& what, base::Error error);
  void NoteAt(std::string place, base::Error error);

  RepositoryReader* image_reader_;
  RepositoryReader* reader_;
  std::string image_name_;
  std::string name_;
  std::string tag_prefix_;
  FetchedEvidence evidence_;
  std::size_t bytes_left_ = verifier::kMaxEvidenceBytes;
};

}  // namespace sigward::worker
