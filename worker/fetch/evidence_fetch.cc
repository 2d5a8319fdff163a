#include "worker/fetch/evidence_fetch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "verifier/manifest.h"
#include "verifier/platform.h"

namespace sigward::worker {
namespace {

using base::Error;
using base::Fail;
using base::Reason;
using verifier::Digest;
using verifier::ObjectKind;

constexpr std::string_view kAcceptAnyManifest =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";
/// Hex digits of a digest that a place shows.
constexpr std::size_t kShownDigits = 12;

/// Signatures that one format leaves to the other, so that neither can crowd the other out.
constexpr std::size_t kReservedShare = verifier::kMaxSignatures / 2;

constexpr const char* kSignatureTagPlace = "signature tag";
constexpr const char* kReferrersPlace = "referrers";

// An index, a signature manifest, and per signature at most a manifest and a blob.
static_assert(2 + 2 * verifier::kMaxSignatures <= verifier::kMaxEvidenceObjects);

std::string Short(const Digest& digest) {
  return std::string(digest.algorithm_name()) + ":" +
         std::string(digest.hex().substr(0, kShownDigits));
}

Ask ManifestByDigest(const Digest& digest, std::string_view accept, HttpMethod method) {
  Ask ask;
  ask.path = "manifests/" + digest.text();
  ask.accept = accept;
  ask.max_bytes = verifier::kMaxManifestBytes;
  ask.method = method;
  return ask;
}

/// Keeps the better of two hosts' answers: content, the first of each variant, beats everything
/// else, and otherwise the later host's word counts, the last being the registry itself.
template <typename Answer>
void TakeBetter(std::optional<Answer>& known, Answer next) {
  if (!known.has_value() || known->index() != 0) {
    known = std::move(next);
  }
}

}  // namespace

void EvidenceFetch::FetchSignatures(const Digest& image) {
  FirstRound round = AskNames(image);
  if (!round.anything) {
    if (image_reader_ == reader_) {
      ConfirmImage(image);
    }
    return;
  }
  CutToShares(round);
  FetchListed(image, round);
}

void EvidenceFetch::FetchMember(const Digest& image, const verifier::Platform& platform) {
  const Ask ask = ManifestByDigest(image, kAcceptAnyManifest, HttpMethod::kGet);
  Outcome outcome = std::move(image_reader_->AskAll(AskedBy::kDigest, {&ask, 1}).front());
  const std::string place = image_name_ + ": image index";
  if (auto* error = std::get_if<Error>(&outcome)) {
    NoteAt(place, std::move(*error));
    return;
  }
  if (std::holds_alternative<Absent>(outcome)) {
    NoteAt(place, Fail(Reason::kNotFound, "the registry does not hold the image"));
    return;
  }
  auto& response = std::get<HttpResponse>(outcome);
  const auto index = verifier::ParseIndex(base::AsBytes(response.body));
  if (!index.ok() && index.error().reason == Reason::kWrongType) {
    return;
  }
  bytes_left_ -= response.body.size();
  evidence_.objects.push_back({ObjectKind::kImageIndex, image, std::move(response.body),
                               std::nullopt, std::move(response.media_type)});
  // An index that cannot be read, or has nothing for the platform, is the verifier's to name.
  if (index.ok()) {
    if (const auto member = verifier::ManifestForPlatform(*index, platform); member.ok()) {
      FetchSignatures(*member);
    }
  }
}

EvidenceFetch::FirstRound EvidenceFetch::AskNames(const Digest& image) {
  std::optional<Outcome> signature_tag;
  std::optional<decltype(NamedContent::referrers)> referrers;
  reader_->EachEndpoint(AskedBy::kName, [&](const Endpoint& endpoint, const auto& deadline) {
    NamedContent content = AskNamedContent(*reader_, endpoint, image, tag_prefix_, deadline);
    TakeBetter(signature_tag, std::move(content.signature_tag));
    TakeBetter(referrers, std::move(content.referrers));
    return signature_tag->index() == 0 && referrers->index() == 0;
  });
  FirstRound round;
  if (!signature_tag.has_value() || !referrers.has_value()) {
    Note("hosts", Fail(Reason::kConfigInvalid, "no host may be asked for names (resolve)"));
    round.anything = true;
    return round;
  }
  TakeSignatureTag(image, std::move(*signature_tag), round);
  TakeReferrers(std::move(*referrers), round);
  return round;
}

void EvidenceFetch::TakeSignatureTag(const Digest& image, Outcome outcome, FirstRound& round) {
  if (std::holds_alternative<Absent>(outcome)) {
    return;
  }
  round.anything = true;
  if (auto* error = std::get_if<Error>(&outcome)) {
    Note(kSignatureTagPlace, std::move(*error));
    return;
  }
  auto& response = std::get<HttpResponse>(outcome);
  if (auto payloads = LegacyPayloads(response.body); payloads.ok()) {
    if (payloads->unusable > 0) {
      Note(kSignatureTagPlace, Fail(Reason::kTooLarge, std::to_string(payloads->unusable) +
                                                           " payloads are empty or too large"));
    }
    round.payloads = std::move(payloads->wanted);
  }
  // One that cannot be read is passed on too, so that the verifier can say what is wrong with it.
  bytes_left_ -= response.body.size();
  const Digest digest = Digest::Of(base::AsBytes(response.body));
  evidence_.objects.push_back({ObjectKind::kLegacyManifest, digest, std::move(response.body), image,
                               std::move(response.media_type)});
}

void EvidenceFetch::TakeReferrers(decltype(NamedContent::referrers) referrers, FirstRound& round) {
  if (std::holds_alternative<Absent>(referrers)) {
    return;
  }
  if (auto* error = std::get_if<Error>(&referrers)) {
    round.anything = true;
    Note(kReferrersPlace, std::move(*error));
    return;
  }
  auto& list = std::get<ReferrersList>(referrers);
  round.anything = round.anything || list.candidates.listed > 0 || list.incomplete.has_value();
  if (list.incomplete.has_value()) {
    Note(kReferrersPlace, std::move(*list.incomplete));
  }
  if (list.candidates.unusable > 0) {
    Note(kReferrersPlace, Fail(Reason::kMalformed, std::to_string(list.candidates.unusable) +
                                                       " entries cannot be followed"));
  }
  if (list.left_out > 0) {
    Note(kReferrersPlace,
         Fail(Reason::kTooLarge, std::to_string(list.left_out) + " entries were not looked at"));
  }
  round.referrers = std::move(list.candidates.wanted);
}

void EvidenceFetch::CutToShares(FirstRound& round) {
  const auto cut = [this](std::vector<Candidate>& candidates, std::size_t others,
                          const char* place) {
    const std::size_t share = std::max(
        kReservedShare, verifier::kMaxSignatures - std::min(others, verifier::kMaxSignatures));
    if (candidates.size() > share) {
      Note(place, Fail(Reason::kTooLarge, std::to_string(candidates.size() - share) +
                                              " signatures were not looked at"));
      candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(share), candidates.end());
    }
  };
  const std::size_t payloads = round.payloads.size();
  cut(round.payloads, round.referrers.size(), kSignatureTagPlace);
  cut(round.referrers, payloads, kReferrersPlace);
}

void EvidenceFetch::FetchListed(const Digest& image, const FirstRound& round) {
  std::vector<Wanted> second;
  for (const Candidate& payload : round.payloads) {
    second.push_back({payload, "blobs"});
  }
  for (const Candidate& referrer : round.referrers) {
    second.push_back({referrer, "manifests"});
  }
  std::vector<std::optional<HttpResponse>> answers = FetchAll(second);

  std::set<Digest> fetched;
  std::vector<std::vector<Candidate>> lists;
  for (std::size_t i = 0; i < second.size(); ++i) {
    if (!answers[i].has_value()) {
      continue;
    }
    if (i < round.payloads.size()) {
      fetched.insert(second[i].candidate.digest);
      AddBlob(second[i].candidate, std::move(*answers[i]));
      continue;
    }
    Referrer referrer = ReadReferrer(answers[i]->body);
    if (referrer.kind == ReferrerKind::kOther) {
      bytes_left_ += answers[i]->body.size();
      continue;
    }
    lists.push_back(std::move(referrer.blobs));
    evidence_.objects.push_back({ObjectKind::kReferrerManifest, second[i].candidate.digest,
                                 std::move(answers[i]->body), image,
                                 std::move(answers[i]->media_type)});
  }
  std::vector<Wanted> third;
  for (Candidate& blob : TakeInTurn(std::move(lists), fetched)) {
    third.push_back({std::move(blob), "blobs"});
  }
  answers = FetchAll(third);
  for (std::size_t i = 0; i < third.size(); ++i) {
    if (answers[i].has_value()) {
      AddBlob(third[i].candidate, std::move(*answers[i]));
    }
  }
}

std::vector<Candidate> EvidenceFetch::TakeInTurn(std::vector<std::vector<Candidate>> lists,
                                                 const std::set<Digest>& fetched) {
  std::vector<Candidate> taken;
  std::size_t left_out = 0;
  // One that lies about its size may not stand in for another.
  std::set<std::pair<Digest, std::size_t>> seen;
  std::size_t longest = 0;
  for (const auto& list : lists) {
    longest = std::max(longest, list.size());
  }
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (auto& list : lists) {
      if (turn >= list.size() || fetched.contains(list[turn].digest) ||
          !seen.insert({list[turn].digest, list[turn].size}).second) {
        continue;
      }
      if (taken.size() < verifier::kMaxSignatures) {
        taken.push_back(std::move(list[turn]));
      } else {
        ++left_out;
      }
    }
  }
  if (left_out > 0) {
    Note(kReferrersPlace,
         Fail(Reason::kTooLarge, std::to_string(left_out) + " signatures were not looked at"));
  }
  return taken;
}

void EvidenceFetch::ConfirmImage(const Digest& image) {
  const Ask ask = ManifestByDigest(image, kAcceptAnyManifest, HttpMethod::kHead);
  Outcome outcome = std::move(reader_->AskAll(AskedBy::kDigest, {&ask, 1}).front());
  if (std::holds_alternative<Absent>(outcome)) {
    Note("image " + Short(image), Fail(Reason::kNotFound, "the registry does not hold the image"));
  } else if (auto* error = std::get_if<Error>(&outcome)) {
    Note("image " + Short(image), std::move(*error));
  }
}

std::vector<std::optional<HttpResponse>> EvidenceFetch::FetchAll(std::span<const Wanted> wanted) {
  std::vector<std::optional<HttpResponse>> responses(wanted.size());
  std::vector<Ask> asks;
  std::vector<std::size_t> asked;
  const auto place = [&](std::size_t i) {
    return std::string(wanted[i].collection) + " " + Short(wanted[i].candidate.digest);
  };
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Candidate& candidate = wanted[i].candidate;
    // The whole size is set aside before the first byte comes, so what all of them may send
    // together is bounded too.
    if (candidate.size > bytes_left_) {
      Note(place(i),
           Fail(Reason::kTooLarge, "the evidence is larger than " +
                                       std::to_string(verifier::kMaxEvidenceBytes) + " bytes"));
      continue;
    }
    bytes_left_ -= candidate.size;
    Ask ask;
    ask.path = std::string(wanted[i].collection) + "/" + candidate.digest.text();
    ask.accept = wanted[i].collection == std::string_view("manifests") ? kAcceptManifest : "*/*";
    ask.max_bytes = candidate.size;
    asks.push_back(std::move(ask));
    asked.push_back(i);
  }
  std::vector<Outcome> outcomes = reader_->AskAll(AskedBy::kDigest, asks);
  for (std::size_t k = 0; k < asked.size(); ++k) {
    const std::size_t i = asked[k];
    bytes_left_ += wanted[i].candidate.size;
    if (auto* response = std::get_if<HttpResponse>(&outcomes[k])) {
      bytes_left_ -= response->body.size();
      responses[i] = std::move(*response);
    } else if (auto* error = std::get_if<Error>(&outcomes[k])) {
      Note(place(i), std::move(*error));
    } else {
      Note(place(i), Fail(Reason::kEvidenceMissing, "listed, but the registry does not hold it"));
    }
  }
  return responses;
}

void EvidenceFetch::AddBlob(const Candidate& candidate, HttpResponse response) {
  evidence_.objects.push_back({ObjectKind::kBlob, candidate.digest, std::move(response.body),
                               std::nullopt, candidate.media_type});
}

void EvidenceFetch::Note(const std::string& what, Error error) {
  NoteAt(name_ + ": " + what, std::move(error));
}

void EvidenceFetch::NoteAt(std::string place, Error error) {
  evidence_.NoteFailure(std::move(place), std::move(error));
}

void FetchedEvidence::NoteFailure(std::string place, Error error) {
  const bool known = std::any_of(failures.begin(), failures.end(), [&](const FetchFailure& f) {
    return f.error.reason == error.reason && f.error.detail == error.detail;
  });
  if (!known && failures.size() < kMaxFailures) {
    failures.push_back({std::move(place), std::move(error)});
  }
}

}  // namespace sigward::worker
