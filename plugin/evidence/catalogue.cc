#include "plugin/evidence/catalogue.h"

#include <algorithm>
#include <span>
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

/// The first of each rank, then the second of each: ranks are claims, so many of one may not push
/// out those of another.
void TakeInTurn(std::vector<Candidate>& candidates) {
  std::map<int, std::size_t> count;
  std::vector<std::pair<std::size_t, Candidate>> turns;
  for (Candidate& one : candidates) {
    const std::size_t turn = count[one.rank]++;
    turns.emplace_back(turn, std::move(one));
  }
  std::ranges::stable_sort(turns, {},
                           [](const auto& one) { return std::pair(one.first, one.second.rank); });
  std::ranges::transform(turns, candidates.begin(),
                         [](auto& one) { return std::move(one.second); });
}

}  // namespace

class Catalogue::Walk {
 public:
  Walk(const Blobs& blobs, worker::Reader& reader, const base::Deadline& deadline)
      : blobs_(blobs), reader_(reader), deadline_(deadline) {}

  base::Result<Catalogue> Run(const base::SealedMemory& index, const Unlisted& unlisted) && {
    SIGWARD_ASSIGN_OR_RETURN(const auto listed,
                             reader_.ReadListing(std::nullopt, index, deadline_));
    std::vector<Digest> referrers_tags;
    for (const ListedManifest& one : listed) {
      if (one.as == ListedAs::kReferrersTag) {
        referrers_tags.push_back(one.digest);
      } else {
        Take(one);
      }
    }
    if (!out_.saved_images_.empty()) {
      SIGWARD_ASSIGN_OR_RETURN(const std::vector<Digest> more, unlisted());
      for (const Digest& one : more) {
        MayBeReferrer(one);
      }
    }
    for (const Digest& one : referrers_tags) {
      SIGWARD_RETURN_IF_ERROR(TakeReferrersTag(one, ShareOf(referrers_tags.size())));
    }
    SIGWARD_RETURN_IF_ERROR(ReadReferrers());
    return std::move(out_);
  }

  base::Result<Catalogue> RunTag(const Digest& target) && {
    SIGWARD_RETURN_IF_ERROR(TakeReferrersTag(target, ShareOf(1)));
    SIGWARD_RETURN_IF_ERROR(ReadReferrers());
    return std::move(out_);
  }

 private:
  /// What one of COUNT indexes of referrers may have looked at: whoever fills his own takes nothing
  /// from the others.
  static std::size_t ShareOf(std::size_t count) {
    return std::max(verifier::kMaxListedManifests / count, verifier::kMaxSignatures);
  }

  void Take(const ListedManifest& one) {
    switch (one.as) {
      case ListedAs::kSignatureTag:
        Add(*one.subject, {one.digest, ObjectKind::kLegacyManifest, kRankOfTag});
        break;
      case ListedAs::kSavedImage:
        out_.saved_images_.insert(one.digest);
        break;
      case ListedAs::kSavedSignatures:
        out_.saved_signatures_.push_back(one.digest);
        break;
      case ListedAs::kReferrersTag:
      case ListedAs::kUntold:
        MayBeReferrer(one.digest);
        break;
    }
  }

  /// What is in it counts by its own subject.
  base::Status TakeReferrersTag(const Digest& target, std::size_t share) {
    const auto bytes = blobs_.Read(target, verifier::kMaxListingBytes, deadline_);
    if (!bytes.ok() || !bytes->has_value()) {
      return bytes.ok() ? base::Ok() : NoteOrEnd(bytes.error());
    }
    const auto listed = reader_.ReadListing(target, **bytes, deadline_);
    if (!listed.ok() && listed.error().reason == Reason::kWrongType) {
      MayBeReferrer(target);
      return base::Ok();
    }
    if (!listed.ok()) {
      return NoteOrEnd(base::Within("index " + target.text(), listed.error()));
    }
    for (const ListedManifest& one : std::span(*listed).first(std::min(share, listed->size()))) {
      MayBeReferrer(one.digest);
    }
    return listed->size() <= share
               ? base::Ok()
               : NoteOrEnd(Fail(Reason::kTooLarge, "index " + target.text() + " lists more than " +
                                                       std::to_string(share) + " referrers"));
  }

  /// An object that is spoilt says nothing of the others.
  base::Status NoteOrEnd(base::Error error) {
    if (deadline_.Passed()) {
      return error;
    }
    const bool could_not_tell = base::CouldNotTell(error.reason);
    const bool is_told = could_not_tell || error.reason == Reason::kTooLarge;
    out_.may_be_mended_ = out_.may_be_mended_ || could_not_tell;
    if (is_told && !out_.problem_) {
      out_.problem_ = std::move(error);
    }
    return base::Ok();
  }

  void MayBeReferrer(const Digest& digest) {
    if (seen_.contains(digest)) {
      return;
    }
    if (seen_.size() < verifier::kMaxListedManifests) {
      seen_.insert(digest);
      referrers_.push_back(digest);
    } else if (!out_.problem_) {
      out_.problem_ =
          Fail(Reason::kTooLarge, "more than " + std::to_string(verifier::kMaxListedManifests) +
                                      " manifests that may be signatures");
    }
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
  TakeInTurn(candidates);
  if (candidates.size() > verifier::kMaxSignatures) {
    candidates.erase(candidates.begin() + verifier::kMaxSignatures, candidates.end());
  }
  return candidates;
}

}  // namespace sigward::evidence
