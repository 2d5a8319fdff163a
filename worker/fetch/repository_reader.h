#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "worker/fetch/authorizer.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/hosts_config.h"
#include "worker/fetch/http.h"
#include "worker/fetch/insecure_notices.h"
#include "worker/fetch/paced_http.h"

namespace sigward::worker {

/// One thing to ask of a repository.
struct Ask {
  /// Below the repository, for example "manifests/v1".
  std::string path;
  std::string accept;
  std::size_t max_bytes = 0;
  HttpMethod method = HttpMethod::kGet;
  /// Asked instead of PATH; at the endpoint's origin.
  std::optional<Url> url;
};

/// The registry's own word that there is no such thing.
struct Absent {};

/// What came of an Ask: the whole content, its absence, or that nobody could tell.
using Outcome = std::variant<HttpResponse, Absent, base::Error>;

/// 200 is content, 404 absence, and everything else an error.
Outcome ToOutcome(base::Result<HttpResponse> result);

/// What an Ask is by: content by its digest, which any mirror may hold, or a name, whose meaning
/// only some hosts may tell (`resolve`).
enum class AskedBy { kDigest = 1, kName = 2 };

/// Asks the hosts of one registry, in order, about one repository, for the time of one question.
///
/// Whatever a host holds counts, but only the last one, the registry itself, makes a thing absent:
/// a mirror that lacks it or fails is passed over.
class RepositoryReader {
 public:
  /// Everything outlives the reader. REPOSITORY is normalised ("library/nginx").
  RepositoryReader(PacedHttp& http, InsecureNotices& notices, AuthorizationContext& authorization,
                   const Endpoints& endpoints, std::string repository, base::Deadline deadline)
      : http_(&http),
        notices_(&notices),
        authorizer_(http, authorization, repository),
        endpoints_(&endpoints),
        repository_(std::move(repository)),
        deadline_(deadline) {}

  /// Asks all of ASKS at once; what a host does not hold goes on to the next. Errors are those of
  /// StatusError and HttpClient::Perform, and kConfigInvalid when no host has the capability.
  std::vector<Outcome> AskAll(AskedBy by, std::span<const Ask> asks);

  /// Calls STEP with each host that may be asked, and the time it has, until STEP says true.
  void EachEndpoint(AskedBy by,
                    const std::function<bool(const Endpoint&, const base::Deadline&)>& step);

  /// Asks one host. An answer of any status is a response, but for a 401 that could not be
  /// answered, which is the Authorizer's error.
  std::vector<base::Result<HttpResponse>> AskEndpoint(const Endpoint& endpoint,
                                                      std::span<const Ask> asks,
                                                      const base::Deadline& deadline);

  /// "https://registry.example/v2/library/nginx".
  std::string RepositoryUrl(const Endpoint& endpoint) const;

 private:
  void Authorize(const Endpoint& endpoint, std::vector<HttpRequest>& requests,
                 std::vector<base::Result<HttpResponse>>& results, const base::Deadline& deadline);
  Url UrlOf(const Endpoint& endpoint, const Ask& ask) const;

  PacedHttp* http_;
  InsecureNotices* notices_;
  Authorizer authorizer_;
  const Endpoints* endpoints_;
  std::string repository_;
  base::Deadline deadline_;
  /// Hosts that could not be reached or want a pause; only the last is tried again.
  std::set<const Endpoint*> down_;
};

}  // namespace sigward::worker
