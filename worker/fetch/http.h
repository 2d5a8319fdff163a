#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/proxy.h"
#include "worker/fetch/url.h"

namespace sigward::worker {

/// Bytes of one response's header lines, over all of its interim responses.
inline constexpr std::size_t kMaxHeaderBytes = 64U << 10;
/// Bytes read of a body that nobody wants (404 and the like) so that the connection can be kept.
inline constexpr std::size_t kMaxUnwantedBody = 64U << 10;
inline constexpr int kMaxRedirects = 3;
/// Connections that one batch opens to one host; what is beyond waits for one of them.
inline constexpr long kMaxConnectionsPerHost = 8;
/// Idle connections that one client keeps, and for how long an idle one is still used.
inline constexpr long kMaxIdleConnections = 16;
inline constexpr long kMaxIdleConnectionSeconds = 60;

/// Sets so many bytes aside for one who is going to hold them; false when there are too many
/// already.
using TakeBytes = std::function<bool(std::size_t)>;

enum class HttpMethod : std::uint8_t { kGet = 1, kHead = 2, kPostForm = 3, kPostJson = 4 };
constexpr bool IsPost(HttpMethod method) {
  return method == HttpMethod::kPostForm || method == HttpMethod::kPostJson;
}

struct HttpRequest {
  /// Whose transport settings and headers apply. Outlives the request.
  const Endpoint* endpoint = nullptr;
  /// At the endpoint's origin.
  Url url;
  HttpMethod method = HttpMethod::kGet;
  std::string accept;
  /// The transfer stops at the first byte beyond.
  std::size_t max_bytes = 0;
  /// Value of Authorization, sent to the endpoint's origin alone; empty for none. Not set where the
  /// endpoint's own headers have one.
  std::string authorization = {};
  /// What kPostForm (application/x-www-form-urlencoded) and kPostJson (application/json) send. A
  /// redirect of it is refused.
  std::string sent = {};
};

struct HttpResponse {
  long status = 0;
  /// Only of status 200, and then complete.
  std::string body;
  /// Content-Type without parameters, in lower case.
  std::string media_type;
  /// Docker-Content-Digest, unchecked; empty when absent or given twice.
  std::string content_digest;
  /// All Link headers, joined with commas.
  std::string link;
  /// All WWW-Authenticate headers, joined with commas; only of status 401 at the endpoint's origin.
  std::string challenges;
  /// Retry-After and Date as they came.
  std::string retry_after;
  std::string date;
  /// What answered in the end, after redirects.
  Url url;
};

/// What a status other than 200 means: 401 kUnauthorized, 403 kForbidden, 404 kNotFound, 429
/// kRateLimited, every other kRegistryError.
base::Error StatusError(long status);

/// HTTP/1.1 over kept-alive connections. For one thread; connections survive between batches. The
/// process must ignore SIGPIPE.
///
/// HTTP/1.1 alone, without content encodings, is a choice: one parser and no decompressor less that
/// foreign bytes reach. TLS is 1.2 or newer and verified unless the endpoint is kUnverifiedTls.
class HttpClient {
 public:
  /// Without a proxy, or through those of PROXIES, which outlive the client. The environment is not
  /// looked at.
  HttpClient();
  explicit HttpClient(const ProxySettings& proxies);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Performs REQUESTS in parallel and returns by DEADLINE, in the same order. Redirects are
  /// followed as CheckRedirect allows; another origin than the endpoint's gets neither its headers
  /// nor its client certificate. An answer with any status is a response. Fails with kUnreachable
  /// (name, connection, address that is not allowed), kTlsFailed, kTimeout, kTooLarge (body beyond
  /// max_bytes, header beyond kMaxHeaderBytes), kOverloaded (SetAside), kRegistryError (no HTTP,
  /// refused redirect) or kInternal.
  std::vector<base::Result<HttpResponse>> Perform(std::span<const HttpRequest> requests,
                                                  const base::Deadline& deadline);

  /// HTTP requests made since construction, redirects included.
  std::size_t requests() const { return requests_; }

  /// From now on no more than COUNT requests are made, redirects included: what is beyond fails
  /// with kTooLarge.
  void Allow(std::size_t count) { allowed_ = requests_ + count; }

  /// Asked before each piece of a body is kept; where it says no, the request fails with
  /// kOverloaded. Outlives the requests; null asks nobody. Out comes who was asked before.
  const TakeBytes* SetAside(const TakeBytes* take) { return std::exchange(take_bytes_, take); }
  /// The same for COUNT bytes that are made of what came; false where they may not be kept.
  bool TakesAside(std::size_t count) const {
    return take_bytes_ == nullptr || (*take_bytes_)(count);
  }

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
  const ProxySettings* proxies_;
  std::size_t requests_ = 0;
  std::size_t allowed_ = SIZE_MAX;
  const TakeBytes* take_bytes_ = nullptr;
};

}  // namespace sigward::worker
