#include "worker/fetch/paced_http.h"

#include <chrono>
#include <string>
#include <thread>

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

/// Waits for the end of ENDPOINT's pause, and of one that begins meanwhile.
Status AwaitTurn(BackOff& back_off, const Endpoint& endpoint, const Deadline& deadline) {
  while (const auto pause = back_off.PauseOf(endpoint.origin)) {
    if (pause->left >= deadline.Left()) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(pause->left);
      return Fail(pause->reason, endpoint.authority() + " is overloaded and left alone for " +
                                     std::to_string(seconds.count()) + " s");
    }
    std::this_thread::sleep_for(pause->left);
  }
  return base::Ok();
}

void Note(BackOff& back_off, const Endpoint& endpoint,
          const std::vector<Result<HttpResponse>>& results) {
  constexpr long kTooManyRequests = 429;
  constexpr long kUnavailable = 503;
  bool has_answered = false;
  for (const Result<HttpResponse>& result : results) {
    if (!result.ok()) {
      continue;
    }
    if (result->status == kTooManyRequests || result->status == kUnavailable) {
      back_off.NoteRefusal(
          endpoint.origin,
          result->status == kTooManyRequests ? Reason::kRateLimited : Reason::kRegistryError,
          ParseRetryAfter(result->retry_after, result->date));
      return;
    }
    has_answered = true;
  }
  if (has_answered) {
    back_off.NoteAnswer(endpoint.origin);
  }
}

}  // namespace

std::vector<Result<HttpResponse>> PacedHttp::Perform(const Endpoint& endpoint,
                                                     std::span<const HttpRequest> requests,
                                                     const Deadline& deadline) {
  if (const Status turn = AwaitTurn(*back_off_, endpoint, deadline); !turn.ok()) {
    return std::vector<Result<HttpResponse>>(requests.size(), turn.error());
  }
  std::vector<Result<HttpResponse>> results = http_->Perform(requests, deadline);
  Note(*back_off_, endpoint, results);
  return results;
}

}  // namespace sigward::worker
