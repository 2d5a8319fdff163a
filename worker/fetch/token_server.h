#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/fetch/challenge.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/url.h"

namespace sigward::worker {

// What a Bearer challenge leads to (distribution's "Token Authentication Specification"), as far as
// it can be said without asking. A challenge comes from whoever answers: it may name any host, so
// each of its values is checked here before it counts.

/// Bytes of a token server's answer, and of the token in it.
inline constexpr std::size_t kMaxTokenAnswerBytes = 64U << 10;
inline constexpr std::size_t kMaxTokenBytes = 16U << 10;
/// How long a token is good when its server does not say, and the longest that one is believed.
inline constexpr std::chrono::seconds kDefaultTokenLife{60};
inline constexpr std::chrono::seconds kLongestTokenLife{3600};

/// Who gives out tokens for one repository of one registry.
struct TokenServer {
  /// How it is reached: the registry's authorities count for it, its headers and its client
  /// certificate only at its own origin.
  Endpoint endpoint;
  /// Where tokens are asked for; may have a query.
  Url realm;
  std::string service;
  /// "repository:NAME:pull", never more, whatever the challenge says.
  std::string scope;
  /// Whether it may see the registry's credential: it is the registry's host, lies under its parent
  /// domain (of at least two labels), or the operator named it.
  bool has_trust = false;
};

/// The token server that CHALLENGE, which REGISTRY sent, names for REPOSITORY. TOKEN_HOSTS
/// ("auth.example" or "auth.example:8443") are the operator's. A scope counts only where it names
/// this repository as the host may call it: below the host's path, or below the name of the
/// registry that the host mirrors. Fails with kUnauthorized: no realm, not a URL, http while the
/// registry is not, a local host that the registry may not lead to
/// (MayLeadToLocal).
base::Result<TokenServer> TokenServerOf(const Challenge& challenge, const Endpoint& registry,
                                        const std::string& repository,
                                        const std::vector<std::string>& token_hosts);

/// True when a credential or a token may go over ENDPOINT's transport: TLS, a loopback host, or a
/// host that the operator wrote as http.
bool MayCarryCredential(const Endpoint& endpoint);

/// Where GET asks SERVER for a token: the realm with service and scope in its query.
Url TokenUrl(const TokenServer& server);

/// The form that asks SERVER for a token in exchange for a refresh token (RFC 6749 §6).
std::string TokenForm(const TokenServer& server, std::string_view refresh_token);

struct Token {
  std::string text;
  /// Counted from when it was asked for.
  std::chrono::seconds life = kDefaultTokenLife;
};

/// True for what RFC 6750 §2.1 takes for a bearer token (b64token): nothing else gets into a
/// header.
bool IsBearerToken(std::string_view text);

/// Reads a token server's answer: `token` or `access_token`, and `expires_in`. Fails with
/// kRegistryError: larger than kMaxTokenAnswerBytes, no strict JSON, no token, one that is longer
/// than kMaxTokenBytes or could not stand in a header.
base::Result<Token> ReadToken(std::string_view answer);

}  // namespace sigward::worker
