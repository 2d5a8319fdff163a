#include "worker/fetch/token_server.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/ascii.h"
#include "base/percent.h"
#include "base/strict_json.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using base::Result;

/// What one answer can need, and some more.
constexpr std::size_t kMaxTokenAnswerValues = 256;

bool IsAddress(std::string_view host) {
  // A name's last label is never all digits, an IPv4 address's is.
  return host.starts_with('[') ||
         host.substr(host.rfind('.') + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

/// True for HOST and every name under it.
bool IsOrIsUnder(std::string_view name, std::string_view host) {
  return name == host || (name.size() > host.size() && name.ends_with(host) &&
                          name[name.size() - host.size() - 1] == '.');
}

/// auth.docker.io is a neighbour of registry-1.docker.io, and gitlab.com of registry.gitlab.com.
bool IsNeighbour(std::string_view name, std::string_view registry) {
  if (IsAddress(name) || IsAddress(registry)) {
    return false;
  }
  const std::size_t dot = registry.find('.');
  if (dot == std::string_view::npos) {
    return false;
  }
  const std::string_view parent = registry.substr(dot + 1);
  return parent.find('.') != std::string_view::npos && IsOrIsUnder(name, parent);
}

bool IsNamed(const Origin& realm, const std::vector<std::string>& token_hosts) {
  return std::any_of(token_hosts.begin(), token_hosts.end(), [&](const std::string& host) {
    return host == realm.host || host == realm.host + ":" + realm.port;
  });
}

bool HasTrust(const Endpoint& realm, const Endpoint& registry,
              const std::vector<std::string>& token_hosts) {
  const std::string& name = realm.origin.host;
  const bool is_meant = name == registry.origin.host || IsNeighbour(name, registry.origin.host) ||
                        IsNamed(realm.origin, token_hosts);
  return is_meant && MayCarryCredential(realm);
}

/// What the host may call the repository.
std::vector<std::string> NamesOf(const Endpoint& registry, const std::string& repository) {
  std::vector<std::string> names{repository};
  constexpr std::string_view kApi = "/v2/";
  if (registry.path.starts_with(kApi)) {
    names.push_back(registry.path.substr(kApi.size()) + "/" + repository);
  }
  if (!registry.mirrored_registry.empty()) {
    names.push_back(registry.mirrored_registry + "/" + repository);
  }
  return names;
}

std::string ScopeFor(std::string_view scopes, const Endpoint& registry,
                     const std::string& repository) {
  const std::vector<std::string> names = NamesOf(registry, repository);
  while (!scopes.empty()) {
    const std::string_view scope = scopes.substr(0, scopes.find(' '));
    scopes.remove_prefix(std::min(scope.size() + 1, scopes.size()));
    for (const std::string& name : names) {
      if (scope.starts_with("repository:" + name + ":")) {
        return "repository:" + name + ":pull";
      }
    }
  }
  return "repository:" + repository + ":pull";
}

base::Error Unauthorized(const std::string& detail) {
  return Fail(Reason::kUnauthorized, detail);
}

Result<Url> CheckRealm(std::string_view realm, const Endpoint& registry) {
  if (realm.empty()) {
    return Unauthorized("the registry names no token server");
  }
  auto url = ParseUrl(realm);
  if (!url.ok()) {
    return Unauthorized("the registry's token server: " + url.error().detail);
  }
  if (url->origin.scheme != "https" && registry.origin.scheme != "http") {
    return Unauthorized("the registry's token server " + url->origin.host +
                        " is not asked by https");
  }
  const bool may_be_local = url->origin.host == registry.origin.host
                                ? registry.may_be_local
                                : MayLeadToLocal(registry.origin.host, url->origin.host);
  if (IsLocalHost(url->origin.host) && !may_be_local) {
    return Unauthorized("the registry's token server is at a loopback or link-local host");
  }
  return url;
}

}  // namespace

bool MayCarryCredential(const Endpoint& endpoint) {
  return endpoint.origin.scheme == "https" || endpoint.is_http_meant ||
         IsLoopbackHost(endpoint.origin.host);
}

Result<TokenServer> TokenServerOf(const Challenge& challenge, const Endpoint& registry,
                                  const std::string& repository,
                                  const std::vector<std::string>& token_hosts) {
  TokenServer server;
  SIGWARD_ASSIGN_OR_RETURN(server.realm, CheckRealm(challenge.Value("realm"), registry));
  server.service = challenge.Value("service");
  server.scope = ScopeFor(challenge.Value("scope"), registry, repository);

  Endpoint& endpoint = server.endpoint;
  const bool same_host = server.realm.origin.host == registry.origin.host;
  endpoint.origin = server.realm.origin;
  endpoint.path = server.realm.path;
  endpoint.ca_pem = registry.ca_pem;
  endpoint.connect_timeout = registry.connect_timeout;
  endpoint.may_be_local = same_host ? registry.may_be_local
                                    : MayLeadToLocal(registry.origin.host, endpoint.origin.host);
  // What the operator said of a host's transport holds for its other ports too, and no further.
  endpoint.is_http_meant = same_host && registry.is_http_meant;
  if (endpoint.origin.scheme == "http") {
    endpoint.insecure = InsecureTransport::kPlainHttp;
  } else if (same_host && registry.insecure == InsecureTransport::kUnverifiedTls) {
    endpoint.insecure = registry.insecure;
  }
  if (endpoint.origin == registry.origin) {
    endpoint.client = registry.client;
    endpoint.headers = registry.headers;
  }
  server.has_trust = HasTrust(endpoint, registry, token_hosts);
  return server;
}

Url TokenUrl(const TokenServer& server) {
  Url url = server.realm;
  const auto add = [&url](const char* name, const std::string& value) {
    url.query +=
        (url.query.empty() ? "" : "&") + std::string(name) + "=" + base::PercentEncode(value);
  };
  if (!server.service.empty()) {
    add("service", server.service);
  }
  add("scope", server.scope);
  return url;
}

std::string TokenForm(const TokenServer& server, std::string_view refresh_token) {
  return "grant_type=refresh_token&client_id=sigward&service=" +
         base::PercentEncode(server.service) + "&scope=" + base::PercentEncode(server.scope) +
         "&refresh_token=" + base::PercentEncode(refresh_token);
}

bool IsBearerToken(std::string_view text) {
  constexpr std::string_view kSymbols = "-._~+/=";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return base::IsAlphaNumeric(c) || kSymbols.find(c) != std::string_view::npos;
  });
}

Result<Token> ReadToken(std::string_view answer) {
  const auto wrong = [](const char* what) {
    return Fail(Reason::kRegistryError, std::string("the token server's answer ") + what);
  };
  const auto json = base::ParseStrictJson(answer, kMaxTokenAnswerBytes, kMaxTokenAnswerValues);
  if (!json.ok() || !json->is_object()) {
    return wrong("cannot be read");
  }
  const auto text_of = [&json](const char* name) {
    const auto member = json->find(name);
    return member != json->end() && member->is_string() ? member->get<std::string>()
                                                        : std::string();
  };
  Token token;
  token.text = text_of("token");
  if (token.text.empty()) {
    token.text = text_of("access_token");
  }
  if (token.text.empty()) {
    return wrong("has no token");
  }
  if (token.text.size() > kMaxTokenBytes) {
    return wrong("has too long a token");
  }
  if (!IsBearerToken(token.text)) {
    return wrong("has a token that fits no header");
  }
  if (const auto life = json->find("expires_in"); life != json->end()) {
    // One that is no number of seconds is good for now alone.
    const std::uint64_t seconds = life->is_number_unsigned() ? life->get<std::uint64_t>() : 0;
    token.life = std::chrono::seconds(
        std::min<std::uint64_t>(seconds, static_cast<std::uint64_t>(kLongestTokenLife.count())));
  }
  return token;
}

}  // namespace sigward::worker
