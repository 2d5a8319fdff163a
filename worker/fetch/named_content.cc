#include "worker/fetch/named_content.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "verifier/evidence.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;
using base::Result;
using verifier::Digest;
using Referrers = std::variant<ReferrersList, Absent, base::Error>;

/// The tag that stands for a digest: ':' may not be in a tag.
std::string TagOf(const Digest& digest) {
  return std::string(digest.algorithm_name()) + "-" + std::string(digest.hex());
}

Ask SignatureTag(const Digest& image, const std::string& prefix) {
  Ask ask;
  ask.path = "manifests/" + prefix + TagOf(image) + ".sig";
  ask.accept = kAcceptManifest;
  ask.max_bytes = verifier::kMaxManifestBytes;
  return ask;
}

Ask IndexAt(std::string path) {
  Ask ask;
  ask.path = std::move(path);
  ask.accept = kAcceptIndex;
  ask.max_bytes = kMaxReferrersBytes;
  return ask;
}

bool LacksApi(const Result<HttpResponse>& answer) {
  if (!answer.ok()) {
    return false;
  }
  const long status = answer->status;
  return status == 404 || status == 400 || status == 405 || status == 406 ||
         (status == 200 && answer->media_type != kAcceptIndex);
}

/// Adds a page's candidates to LIST, but for those that an earlier page listed, and keeps the best.
void Merge(Candidates page, ReferrersList& list) {
  std::vector<Candidate>& wanted = list.candidates.wanted;
  const std::size_t known = wanted.size();
  std::copy_if(std::make_move_iterator(page.wanted.begin()),
               std::make_move_iterator(page.wanted.end()), std::back_inserter(wanted),
               [&](const Candidate& candidate) {
                 return std::none_of(
                     wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(known),
                     [&](const Candidate& earlier) { return earlier.digest == candidate.digest; });
               });
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
  if (wanted.size() > verifier::kMaxSignatures) {
    list.left_out += wanted.size() - verifier::kMaxSignatures;
    wanted.erase(wanted.begin() + verifier::kMaxSignatures, wanted.end());
  }
  list.candidates.listed += page.listed;
  list.candidates.unusable += page.unusable;
}

/// The page after PAGE, if there is one. Fails when it may not be asked for or is not to be had.
Result<std::optional<HttpResponse>> NextPage(RepositoryReader& reader, const Endpoint& endpoint,
                                             const HttpResponse& page, const Deadline& deadline) {
  const std::optional<std::string> link = NextLink(page.link);
  if (!link.has_value()) {
    return std::optional<HttpResponse>();
  }
  Ask ask = IndexAt("");
  SIGWARD_ASSIGN_OR_RETURN(ask.url, ParseUrl(*link, &page.url));
  if (ask.url->origin != endpoint.origin) {
    return Fail(Reason::kRegistryError, "the next page of referrers is at another host");
  }
  Outcome outcome = ToOutcome(std::move(reader.AskEndpoint(endpoint, {&ask, 1}, deadline).front()));
  if (auto* error = std::get_if<base::Error>(&outcome)) {
    return std::move(*error);
  }
  if (std::holds_alternative<Absent>(outcome)) {
    return Fail(Reason::kRegistryError, "the next page of referrers is not there");
  }
  return std::optional(std::get<HttpResponse>(std::move(outcome)));
}

/// A list of nothing is no content: a mirror may answer so for what it has not heard of yet.
Referrers OrAbsent(ReferrersList list) {
  if (list.candidates.listed == 0) {
    return Absent{};
  }
  return list;
}

Referrers ReadPages(RepositoryReader& reader, const Endpoint& endpoint, HttpResponse page,
                    const Deadline& deadline) {
  ReferrersList list;
  for (std::size_t pages = 1;; ++pages) {
    Result<Candidates> listed = ListedReferrers(page.body);
    if (!listed.ok() && pages == 1) {
      return std::move(listed).error();
    }
    if (!listed.ok()) {
      list.incomplete = std::move(listed).error();
      return list;
    }
    Merge(std::move(*listed), list);
    if (pages == kMaxReferrersPages && NextLink(page.link).has_value()) {
      list.incomplete = Fail(Reason::kTooLarge, "more than " + std::to_string(kMaxReferrersPages) +
                                                    " pages of referrers");
      return list;
    }
    Result<std::optional<HttpResponse>> next = NextPage(reader, endpoint, page, deadline);
    if (!next.ok()) {
      list.incomplete = std::move(next).error();
      return list;
    }
    if (!next->has_value()) {
      return OrAbsent(std::move(list));
    }
    page = std::move(**next);
  }
}

/// What the referrers API has to say; Absent where there is none.
Referrers ReadApi(RepositoryReader& reader, const Endpoint& endpoint, Result<HttpResponse> answer,
                  const Deadline& deadline) {
  if (LacksApi(answer)) {
    return Absent{};
  }
  Outcome outcome = ToOutcome(std::move(answer));
  if (auto* error = std::get_if<base::Error>(&outcome)) {
    return std::move(*error);
  }
  return ReadPages(reader, endpoint, std::get<HttpResponse>(std::move(outcome)), deadline);
}

Referrers ReadTag(Result<HttpResponse> answer) {
  Outcome outcome = ToOutcome(std::move(answer));
  if (auto* error = std::get_if<base::Error>(&outcome)) {
    return std::move(*error);
  }
  if (std::holds_alternative<Absent>(outcome)) {
    return Absent{};
  }
  Result<Candidates> listed = ListedReferrers(std::get<HttpResponse>(outcome).body);
  if (!listed.ok()) {
    return std::move(listed).error();
  }
  ReferrersList list;
  Merge(std::move(*listed), list);
  return OrAbsent(std::move(list));
}

/// Both lists as one. What could not be told by one of them is told beside what the other has.
Referrers Together(Referrers api, Referrers tag) {
  if (std::holds_alternative<Absent>(tag)) {
    return api;
  }
  if (std::holds_alternative<Absent>(api)) {
    return tag;
  }
  auto* list = std::get_if<ReferrersList>(&api);
  auto* other = std::get_if<ReferrersList>(&tag);
  if (list == nullptr && other == nullptr) {
    return api;
  }
  if (list != nullptr && other != nullptr) {
    Merge(std::move(other->candidates), *list);
    list->left_out += other->left_out;
    return api;
  }
  ReferrersList& listed = list != nullptr ? *list : *other;
  if (!listed.incomplete.has_value()) {
    listed.incomplete = std::get<base::Error>(std::move(list != nullptr ? tag : api));
  }
  return std::move(listed);
}

}  // namespace

NamedContent AskNamedContent(RepositoryReader& reader, const Endpoint& endpoint,
                             const Digest& image, const std::string& tag_prefix,
                             const Deadline& deadline) {
  const std::array<Ask, 3> asks{SignatureTag(image, tag_prefix),
                                IndexAt("referrers/" + image.text()),
                                IndexAt("manifests/" + TagOf(image))};
  std::vector<Result<HttpResponse>> answers = reader.AskEndpoint(endpoint, asks, deadline);
  const bool answers_otherwise = LacksApi(answers[1]) && answers[1]->status == 200;
  NamedContent content{ToOutcome(std::move(answers[0])),
                       Together(ReadApi(reader, endpoint, std::move(answers[1]), deadline),
                                ReadTag(std::move(answers[2])))};
  if (answers_otherwise && std::holds_alternative<Absent>(content.referrers)) {
    // Something answers there, a web page say, and nobody knows for whom.
    content.referrers = Fail(Reason::kRegistryError, "the referrers API answers with no index");
  }
  return content;
}

}  // namespace sigward::worker
