#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "worker/client/credential_source.h"
#include "worker/fetch/authorization_memory.h"
#include "worker/fetch/challenge.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/http.h"
#include "worker/fetch/paced_http.h"
#include "worker/fetch/token_server.h"

namespace sigward::worker {

/// Requests for tokens that one question makes.
inline constexpr std::size_t kMaxTokenRequests = 16;

/// What the threads share to show registries who asks.
struct AuthorizationContext {
  AuthorizationMemory memory;
  /// Null where no credentials are known: everything is asked for as nobody. Outlives the context.
  CredentialSource* credentials = nullptr;
  /// Hosts of token servers that the operator trusts with the credentials of any registry.
  std::vector<std::string> token_hosts;
};

/// Finds out, for the time of one question about one repository, what to show the registry's hosts:
/// HTTP Basic (RFC 7617), or a bearer token of the token server that a host names.
///
/// A credential is asked for only when a host wants one, by that host's own name, and goes to that
/// host, or to a token server that is trusted with it (TokenServer::has_trust); any other is asked
/// for a token as nobody.
class Authorizer {
 public:
  /// HTTP and CONTEXT outlive the authorizer. REPOSITORY is normalised.
  Authorizer(PacedHttp& http, AuthorizationContext& context, std::string repository)
      : http_(&http), context_(&context), repository_(std::move(repository)) {}

  /// What ENDPOINT took last, to be shown at once; empty when nothing is known, or the endpoint's
  /// own headers say who asks.
  std::string Known(const Endpoint& endpoint) const;

  /// What to show ENDPOINT next. It has answered REFUSED, a 401, to SHOWN (empty: to nothing).
  /// Fails with kConfigInvalid (a registry token that fits no header), kUnauthorized (nothing is
  /// left to be shown, the challenge cannot be used, or the token server refuses), kForbidden,
  /// kRateLimited, kRegistryError and the transport's reasons of the token server, kTooLarge beyond
  /// kMaxTokenRequests, or as CredentialSource::Find.
  base::Result<std::string> Answer(const Endpoint& endpoint, const HttpResponse& refused,
                                   const std::string& shown, const base::Deadline& deadline);

  /// Forgets what was SHOWN to ENDPOINT, which says 401 to it, and tells why no more was.
  base::Error Refuse(const Endpoint& endpoint, const std::string& shown);

 private:
  /// A place's name in the memory: a mirror's content differs by the registry it is asked for.
  std::string PlaceOf(const Endpoint& endpoint) const;
  base::Result<std::optional<Credential>> FindCredential(const Endpoint& endpoint, bool refused,
                                                         const base::Deadline& deadline);
  base::Result<std::string> AnswerBasic(const Endpoint& endpoint, const std::string& shown,
                                        const base::Deadline& deadline);
  base::Result<std::string> AnswerBearer(const Endpoint& endpoint, const Challenge& challenge,
                                         const std::string& shown, const base::Deadline& deadline);
  base::Result<Token> TakeToken(const Endpoint& endpoint, const TokenServer& server,
                                std::optional<Credential> credential,
                                const base::Deadline& deadline);
  base::Result<Token> FetchToken(const TokenServer& server,
                                 const std::optional<Credential>& credential,
                                 const base::Deadline& deadline);

  PacedHttp* http_;
  AuthorizationContext* context_;
  std::string repository_;
  std::size_t token_requests_ = 0;
  /// Why the last host was not shown a credential; empty where it was.
  std::string nothing_shown_;
};

}  // namespace sigward::worker
