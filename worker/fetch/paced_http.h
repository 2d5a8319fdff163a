#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "worker/fetch/back_off.h"
#include "worker/fetch/http.h"

namespace sigward::worker {

/// HTTP for one question about one repository that leaves hosts alone for as long as they want: a
/// host that says 429, and a repository at a host that says 503 or redirects to where 429 is said.
/// Overload is the whole host's too,
/// but whoever owns a repository may be able to make it answer so, and must not silence the others.
class PacedHttp {
 public:
  /// HTTP and BACK_OFF outlive this.
  PacedHttp(HttpClient& http, BackOff& back_off, std::string repository)
      : http_(&http), back_off_(&back_off), repository_(std::move(repository)) {}

  /// Performs REQUESTS, which all go to ENDPOINT, as HttpClient::Perform does. While the endpoint's
  /// host wants a pause it waits; where the pause outlasts DEADLINE all of them fail at once, with
  /// kRateLimited or kRegistryError, as the host's answer was.
  std::vector<base::Result<HttpResponse>> Perform(const Endpoint& endpoint,
                                                  std::span<const HttpRequest> requests,
                                                  const base::Deadline& deadline);

  /// Whether ENDPOINT wants a pause now.
  bool IsPausing(const Endpoint& endpoint) const { return PauseOf(endpoint).has_value(); }

 private:
  std::string PlaceOf(const Endpoint& endpoint) const;
  /// The longer of the host's and the repository's.
  std::optional<BackOff::Pause> PauseOf(const Endpoint& endpoint) const;
  base::Status AwaitTurn(const Endpoint& endpoint, const base::Deadline& deadline) const;
  void Note(const Endpoint& endpoint, const std::vector<base::Result<HttpResponse>>& results);

  HttpClient* http_;
  BackOff* back_off_;
  std::string repository_;
};

}  // namespace sigward::worker
