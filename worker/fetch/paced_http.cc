#include "worker/fetch/paced_http.h"

#include <chrono>
#include <thread>

#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

constexpr long kTooManyRequests = 429;
constexpr long kUnavailable = 503;

std::string HostOf(const Endpoint& endpoint) {
  return Url{endpoint.origin, "", ""}.text();
}

}  // namespace

std::vector<Result<HttpResponse>> PacedHttp::Perform(const Endpoint& endpoint,
                                                     std::span<const HttpRequest> requests,
                                                     const Deadline& deadline) {
  if (const Status turn = AwaitTurn(endpoint, deadline); !turn.ok()) {
    return std::vector<Result<HttpResponse>>(requests.size(), turn.error());
  }
  std::vector<Result<HttpResponse>> results = http_->Perform(requests, deadline);
  Note(endpoint, results);
  return results;
}

std::string PacedHttp::PlaceOf(const Endpoint& endpoint) const {
  return endpoint.url() + "/" + repository_;
}

std::optional<BackOff::Pause> PacedHttp::PauseOf(const Endpoint& endpoint) const {
  const auto host = back_off_->PauseOf(HostOf(endpoint));
  const auto place = back_off_->PauseOf(PlaceOf(endpoint));
  const bool is_hosts = host.has_value() && (!place.has_value() || host->left >= place->left);
  return is_hosts ? host : place;
}

Status PacedHttp::AwaitTurn(const Endpoint& endpoint, const Deadline& deadline) const {
  // A pause may be followed by another that began meanwhile.
  while (const auto pause = PauseOf(endpoint)) {
    if (pause->left >= deadline.Left()) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(pause->left);
      return Fail(pause->reason, endpoint.authority() + " is overloaded and left alone for " +
                                     std::to_string(seconds.count()) + " s");
    }
    std::this_thread::sleep_for(pause->left);
  }
  return base::Ok();
}

void PacedHttp::Note(const Endpoint& endpoint, const std::vector<Result<HttpResponse>>& results) {
  bool has_answered = false;
  for (const Result<HttpResponse>& result : results) {
    if (!result.ok()) {
      continue;
    }
    const auto wanted = ParseRetryAfter(result->retry_after, result->date);
    if (result->status == kTooManyRequests) {
      // Where a redirect led is not the host's word, and may differ by repository.
      const bool is_hosts_word = result->url.origin == endpoint.origin;
      back_off_->NoteRefusal(is_hosts_word ? HostOf(endpoint) : PlaceOf(endpoint),
                             Reason::kRateLimited, wanted);
      return;
    }
    if (result->status == kUnavailable) {
      back_off_->NoteRefusal(PlaceOf(endpoint), Reason::kRegistryError, wanted);
      return;
    }
    has_answered = true;
  }
  if (has_answered) {
    back_off_->NoteAnswer(HostOf(endpoint));
    back_off_->NoteAnswer(PlaceOf(endpoint));
  }
}

}  // namespace sigward::worker
