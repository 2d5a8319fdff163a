#include "plugin/evidence/catalogue.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/reason.h"
#include "worker/client/question_bounds.h"

namespace sigward::evidence {

using base::Fail;
using base::Reason;
using verifier::Digest;
using verifier::ListedAs;
using verifier::ListedManifest;
using verifier::ObjectKind;

namespace {

/// A name says it, and nothing else has to.
constexpr int kRankOfTag = -1;
/// What is meant for the one image of a folder.
constexpr int kRankOfSaved = verifier::kMaxSignatureRank + 1;

}  // namespace

class Catalogue::Walk {
 public:
  Walk(const Blobs& blobs, worker::Reader& reader, const base::Deadline& deadline)
      : blobs_(blobs), reader_(reader), deadline_(deadline) {}

  base::Result<Catalogue> Run(const base::SealedMemory& index, const Unlisted& unlisted) && {
    SIGWARD_ASSIGN_OR_RETURN(const auto listed,
                             reader_.ReadListing(std::nullopt, index, deadline_));
    for (const ListedManifest& one : listed) {
      SIGWARD_RETURN_IF_ERROR(Take(one));
    }
    if (!out_.saved_images_.empty()) {
      SIGWARD_ASSIGN_OR_RETURN(const std::vector<Digest> more, unlisted());
      for (const Digest& one : more) {
        SIGWARD_RETURN_IF_ERROR(MayBeReferrer(one));
      }
    }
    SIGWARD_RETURN_IF_ERROR(ReadReferrers());
    return std::move(out_);
  }

  base::Result<Catalogue> RunTag(const Digest& target) && {
    SIGWARD_RETURN_IF_ERROR(TakeReferrersTag(target));
    SIGWARD_RETURN_IF_ERROR(ReadReferrers());
    return std::move(out_);
  }

 private:
  base::Status Take(const ListedManifest& one) {
    switch (one.as) {
      case ListedAs::kSignatureTag:
        Add(*one.subject, {one.digest, ObjectKind::kLegacyManifest, kRankOfTag});
        return base::Ok();
      case ListedAs::kReferrersTag:
        return TakeReferrersTag(one.digest);
      case ListedAs::kSavedImage:
        out_.saved_images_.insert(one.digest);
        return base::Ok();
      case ListedAs::kSavedSignatures:
        out_.saved_signatures_.push_back(one.digest);
        return base::Ok();
      case ListedAs::kUntold:
        return MayBeReferrer(one.digest);
    }
    return base::Ok();
  }

  /// What is in it counts by its own subject.
  base::Status TakeReferrersTag(const Digest& target) {
    const auto bytes = blobs_.Read(target, verifier::kMaxListingBytes, deadline_);
    if (!bytes.ok() || !bytes->has_value()) {
      return bytes.ok() ? base::Ok() : NoteOrEnd(bytes.error());
    }
    const auto listed = reader_.ReadListing(target, **bytes, deadline_);
    if (!listed.ok()) {
      return listed.error().reason == Reason::kWrongType
                 ? MayBeReferrer(target)
                 : NoteOrEnd(base::Within("index " + target.text(), listed.error()));
    }
    for (const ListedManifest& one : *listed) {
      SIGWARD_RETURN_IF_ERROR(MayBeReferrer(one.digest));
    }
    return base::Ok();
  }

  /// An object that is spoilt says nothing of the others.
  base::Status NoteOrEnd(base::Error error) {
    if (deadline_.Passed()) {
      return error;
    }
    const bool is_told = base::CouldNotTell(error.reason) || error.reason == Reason::kTooLarge;
    if (is_told && !out_.problem_) {
      out_.problem_ = std::move(error);
    }
    return base::Ok();
  }

  base::Status MayBeReferrer(const Digest& digest) {
    if (seen_.contains(digest)) {
      return base::Ok();
    }
    if (seen_.size() == verifier::kMaxListedManifests) {
      return Fail(Reason::kTooLarge, "more than " + std::to_string(verifier::kMaxListedManifests) +
                                         " manifests that may be signatures");
    }
    seen_.insert(digest);
    referrers_.push_back(digest);
    return base::Ok();
  }

  base::Status ReadReferrers() {
    for (const Digest& digest : referrers_) {
      const auto bytes = blobs_.Read(digest, verifier::kMaxManifestBytes, deadline_);
      if (!bytes.ok() || !bytes->has_value() || (*bytes)->bytes().empty()) {
        SIGWARD_RETURN_IF_ERROR(bytes.ok() ? base::Ok() : NoteOrEnd(bytes.error()));
        continue;
      }
      const base::ByteView view = (*bytes)->bytes();
      if (batch_.size() == worker::kMaxManifestsAtOnce ||
          bytes_.size() + view.size() > worker::kMaxReadBytes) {
        SIGWARD_RETURN_IF_ERROR(ReadBatch());
      }
      batch_.push_back({digest, bytes_.size(), view.size()});
      bytes_.insert(bytes_.end(), view.begin(), view.end());
    }
    return ReadBatch();
  }

  base::Status ReadBatch() {
    if (batch_.empty()) {
      return base::Ok();
    }
    SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(bytes_));
    SIGWARD_ASSIGN_OR_RETURN(const base::SealedMemory memory,
                             base::SealedMemory::Open(std::move(sealed), worker::kMaxReadBytes));
    SIGWARD_ASSIGN_OR_RETURN(const auto signatures,
                             reader_.ReadSignatures(batch_, memory, deadline_));
    for (const worker::SignatureAt& one : signatures) {
      Add(one.manifest.subject,
          {batch_.at(one.index).digest, one.manifest.kind, one.manifest.rank});
    }
    batch_.clear();
    bytes_.clear();
    return base::Ok();
  }

  void Add(const Digest& subject, Candidate candidate) {
    out_.by_subject_[subject].push_back(std::move(candidate));
  }

  const Blobs& blobs_;
  worker::Reader& reader_;
  const base::Deadline deadline_;
  Catalogue out_;
  std::set<Digest> seen_;
  std::vector<Digest> referrers_;
  std::vector<worker::ManifestAt> batch_;
  base::ByteBuffer bytes_;
};

base::Result<Catalogue> Catalogue::Read(const base::SealedMemory& index, const Blobs& blobs,
                                        const Unlisted& unlisted, worker::Reader& reader,
                                        const base::Deadline& deadline) {
  return Walk(blobs, reader, deadline).Run(index, unlisted);
}

base::Result<Catalogue> Catalogue::ReadReferrersTag(const Digest& target, const Blobs& blobs,
                                                    worker::Reader& reader,
                                                    const base::Deadline& deadline) {
  return Walk(blobs, reader, deadline).RunTag(target);
}

std::vector<Candidate> Catalogue::Of(const Digest& subject) const {
  std::vector<Candidate> candidates;
  if (const auto found = by_subject_.find(subject); found != by_subject_.end()) {
    candidates = found->second;
  }
  if (saved_images_.contains(subject)) {
    for (const Digest& one : saved_signatures_) {
      candidates.push_back({one, ObjectKind::kLegacyManifest, kRankOfSaved});
    }
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::rank);
  if (candidates.size() > verifier::kMaxSignatures) {
    candidates.erase(candidates.begin() + verifier::kMaxSignatures, candidates.end());
  }
  return candidates;
}

}  // namespace sigward::evidence
