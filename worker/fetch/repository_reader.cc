#include "worker/fetch/repository_reader.h"

#include <algorithm>
#include <utility>

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Error;
using base::Fail;
using base::Reason;
using base::Result;

bool CouldNotReach(const Error& error) {
  return error.reason == Reason::kUnreachable || error.reason == Reason::kTlsFailed ||
         error.reason == Reason::kTimeout;
}

/// A remembered password or token may be out of date, and so may what the source of credentials
/// remembers: what is fresh twice is the last word.
constexpr int kMaxAnswersTo401 = 2;

std::vector<std::size_t> Unauthorized(const std::vector<Result<HttpResponse>>& results) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].ok() && results[i]->status == 401) {
      found.push_back(i);
    }
  }
  return found;
}

bool MayBeAsked(const Endpoint& endpoint, AskedBy by) {
  return endpoint.capabilities.pull && (by == AskedBy::kDigest || endpoint.capabilities.resolve);
}

}  // namespace

Outcome ToOutcome(Result<HttpResponse> result) {
  if (!result.ok()) {
    return std::move(result).error();
  }
  if (result->status == 200) {
    return std::move(result).value();
  }
  if (result->status == 404) {
    return Absent{};
  }
  return StatusError(result->status);
}

std::vector<Outcome> RepositoryReader::AskAll(AskedBy by, std::span<const Ask> asks) {
  std::vector<Outcome> outcomes(
      asks.size(), Fail(Reason::kConfigInvalid, "no host of the registry may be asked for this"));
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    open.push_back(i);
  }
  if (open.empty()) {
    return outcomes;
  }
  EachEndpoint(by, [&](const Endpoint& endpoint, const Deadline& deadline) {
    std::vector<Ask> now;
    now.reserve(open.size());
    for (const std::size_t i : open) {
      now.push_back(asks[i]);
    }
    std::vector<Result<HttpResponse>> results = AskEndpoint(endpoint, now, deadline);
    std::vector<std::size_t> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      Outcome& outcome = outcomes[open[i]];
      outcome = ToOutcome(std::move(results[i]));
      if (!std::holds_alternative<HttpResponse>(outcome)) {
        still_open.push_back(open[i]);
      }
    }
    open = std::move(still_open);
    return open.empty();
  });
  return outcomes;
}

void RepositoryReader::EachEndpoint(
    AskedBy by, const std::function<bool(const Endpoint&, const Deadline&)>& step) {
  std::vector<const Endpoint*> asked;
  for (const Endpoint& endpoint : *endpoints_) {
    if (MayBeAsked(endpoint, by)) {
      asked.push_back(&endpoint);
    }
  }
  for (auto at = asked.begin(); at != asked.end(); ++at) {
    const Endpoint* endpoint = *at;
    const bool is_last = endpoint == asked.back();
    if (!is_last && http_->IsPausing(*endpoint)) {
      down_.insert(endpoint);
    }
    if (!is_last && down_.contains(endpoint)) {
      continue;
    }
    // The registry itself may stand among its mirrors with other settings. Where they got an
    // answer, that was its word.
    if (std::any_of(asked.begin(), at, [&](const Endpoint* earlier) {
          return earlier->IsPlaceOf(*endpoint) && !down_.contains(earlier);
        })) {
      continue;
    }
    // A mirror that hangs leaves half of the time to those behind it.
    if (step(*endpoint, is_last ? deadline_ : deadline_.Within(deadline_.Left() / 2))) {
      return;
    }
  }
}

std::vector<Result<HttpResponse>> RepositoryReader::AskEndpoint(const Endpoint& endpoint,
                                                                std::span<const Ask> asks,
                                                                const Deadline& deadline) {
  notices_->Note(endpoint);
  std::vector<HttpRequest> requests;
  requests.reserve(asks.size());
  const std::string known = authorizer_.Known(endpoint);
  for (const Ask& ask : asks) {
    requests.push_back(
        {&endpoint, UrlOf(endpoint, ask), ask.method, ask.accept, ask.max_bytes, known, ""});
  }
  std::vector<Result<HttpResponse>> results = http_->Perform(endpoint, requests, deadline);
  Authorize(endpoint, requests, results, deadline);
  for (const auto& result : results) {
    if (!result.ok() && CouldNotReach(result.error())) {
      down_.insert(&endpoint);
    }
  }
  return results;
}

void RepositoryReader::Authorize(const Endpoint& endpoint, std::vector<HttpRequest>& requests,
                                 std::vector<Result<HttpResponse>>& results,
                                 const Deadline& deadline) {
  std::vector<std::size_t> open = Unauthorized(results);
  const auto end_with = [&](const base::Error& error) {
    for (const std::size_t i : open) {
      results[i] = error;
    }
  };
  for (int answers = 0; !open.empty(); ++answers) {
    const std::size_t first = open.front();
    const std::string shown = requests[first].authorization;
    if (answers == kMaxAnswersTo401) {
      return end_with(authorizer_.Refuse(endpoint, shown));
    }
    const auto next = authorizer_.Answer(endpoint, *results[first], shown, deadline);
    if (!next.ok()) {
      return end_with(next.error());
    }
    std::vector<HttpRequest> again;
    again.reserve(open.size());
    for (const std::size_t i : open) {
      requests[i].authorization = *next;
      again.push_back(requests[i]);
    }
    std::vector<Result<HttpResponse>> answered = http_->Perform(endpoint, again, deadline);
    for (std::size_t k = 0; k < open.size(); ++k) {
      results[open[k]] = std::move(answered[k]);
    }
    open = Unauthorized(results);
  }
}

std::string RepositoryReader::RepositoryUrl(const Endpoint& endpoint) const {
  return endpoint.url() + "/" + repository_;
}

Url RepositoryReader::UrlOf(const Endpoint& endpoint, const Ask& ask) const {
  if (ask.url.has_value()) {
    return *ask.url;
  }
  const std::string& registry = endpoint.mirrored_registry;
  return {endpoint.origin, endpoint.path + "/" + repository_ + "/" + ask.path,
          registry.empty() ? "" : "ns=" + registry};
}

}  // namespace sigward::worker
