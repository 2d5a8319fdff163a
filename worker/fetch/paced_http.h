#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "worker/fetch/back_off.h"
#include "worker/fetch/http.h"

namespace sigward::worker {

/// HTTP for one question that leaves hosts alone for as long as they want.
class PacedHttp {
 public:
  /// Both outlive this.
  PacedHttp(HttpClient& http, BackOff& back_off) : http_(&http), back_off_(&back_off) {}

  /// Performs REQUESTS, which all go to ENDPOINT, as HttpClient::Perform does. While the endpoint's
  /// host wants a pause it waits; where the pause outlasts DEADLINE all of them fail at once, with
  /// kRateLimited or kRegistryError, as the host's answer was.
  std::vector<base::Result<HttpResponse>> Perform(const Endpoint& endpoint,
                                                  std::span<const HttpRequest> requests,
                                                  const base::Deadline& deadline);

  /// Whether ENDPOINT's host wants a pause now.
  bool IsPausing(const Endpoint& endpoint) {
    return back_off_->PauseOf(endpoint.origin).has_value();
  }

 private:
  HttpClient* http_;
  BackOff* back_off_;
};

}  // namespace sigward::worker
