#include "worker/fetch/authorizer.h"

#include <algorithm>

#include "base/base64.h"
#include "base/bytes.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Error;
using base::Fail;
using base::Reason;
using base::Result;

constexpr std::string_view kBasic = "Basic ";
constexpr std::string_view kBearer = "Bearer ";

std::string BasicValue(const Credential& credential) {
  return std::string(kBasic) +
         base::EncodeBase64(base::AsBytes(credential.username + ":" + credential.password));
}

std::string BearerValue(const std::string& token) {
  return std::string(kBearer) + token;
}

bool IsSame(const Credential& a, const Credential& b) {
  return a.username == b.username && a.password == b.password &&
         a.identity_token == b.identity_token && a.registry_token == b.registry_token;
}

bool HasPassword(const Credential& credential) {
  return !credential.username.empty() || !credential.password.empty();
}

/// The name that Docker Hub's credentials are kept by.
std::string CredentialHost(const Endpoint& endpoint) {
  return endpoint.origin.host == "registry-1.docker.io" ? "docker.io" : endpoint.authority();
}

}  // namespace

std::string Authorizer::PlaceOf(const Endpoint& endpoint) const {
  return endpoint.url() + "/" + repository_ + "?ns=" + endpoint.mirrored_registry;
}

std::string Authorizer::Known(const Endpoint& endpoint) const {
  if (endpoint.HasOwnAuthorization()) {
    return {};
  }
  return context_->memory.Find(PlaceOf(endpoint)).value_or("");
}

Result<std::string> Authorizer::Answer(const Endpoint& endpoint, const HttpResponse& refused,
                                       const std::string& shown, const Deadline& deadline) {
  nothing_shown_.clear();
  if (endpoint.HasOwnAuthorization()) {
    return Fail(Reason::kUnauthorized, "the Authorization header of hosts.toml is refused");
  }
  if (!MayCarryCredential(endpoint)) {
    return Fail(Reason::kUnauthorized, "nothing is shown over plain http");
  }
  if (refused.url.origin != endpoint.origin) {
    return Fail(Reason::kUnauthorized, "redirected to a host that answers with HTTP status 401");
  }
  if (!shown.empty()) {
    context_->memory.Forget(PlaceOf(endpoint), shown);
  }
  const auto challenges = ParseChallenges(refused.challenges);
  if (!challenges.ok()) {
    return Fail(Reason::kUnauthorized, challenges.error().detail);
  }
  const auto find = [&challenges](std::string_view scheme) {
    return std::find_if(challenges->begin(), challenges->end(),
                        [scheme](const Challenge& c) { return c.scheme == scheme; });
  };
  if (const auto bearer = find("bearer"); bearer != challenges->end()) {
    return AnswerBearer(endpoint, *bearer, shown, deadline);
  }
  if (find("basic") != challenges->end()) {
    return AnswerBasic(endpoint, shown, deadline);
  }
  return Fail(Reason::kUnauthorized, challenges->empty()
                                         ? "HTTP status 401"
                                         : "the registry wants neither Basic nor Bearer");
}

Error Authorizer::Refuse(const Endpoint& endpoint, const std::string& shown) {
  context_->memory.Forget(PlaceOf(endpoint), shown);
  return Fail(Reason::kUnauthorized, nothing_shown_.empty()
                                         ? endpoint.authority() + " refuses what it was shown"
                                         : nothing_shown_);
}

Result<std::optional<Credential>> Authorizer::FindCredential(const Endpoint& endpoint, bool refused,
                                                             const Deadline& deadline) {
  if (context_->credentials == nullptr) {
    return std::optional<Credential>();
  }
  return context_->credentials->Find(CredentialHost(endpoint), repository_, refused, deadline);
}

Result<std::string> Authorizer::AnswerBasic(const Endpoint& endpoint, const std::string& shown,
                                            const Deadline& deadline) {
  const auto now = context_->memory.Now();
  SIGWARD_ASSIGN_OR_RETURN(const std::optional<Credential> credential,
                           FindCredential(endpoint, shown.starts_with(kBasic), deadline));
  if (!credential.has_value() || !HasPassword(*credential)) {
    return Fail(Reason::kUnauthorized, "no credential is known for " + CredentialHost(endpoint));
  }
  std::string value = BasicValue(*credential);
  if (value == shown) {
    return Refuse(endpoint, shown);
  }
  context_->memory.Remember(PlaceOf(endpoint), value, now, kCredentialMemory);
  return value;
}

Result<std::string> Authorizer::AnswerBearer(const Endpoint& endpoint, const Challenge& challenge,
                                             const std::string& shown, const Deadline& deadline) {
  const auto now = context_->memory.Now();
  SIGWARD_ASSIGN_OR_RETURN(std::optional<Credential> credential,
                           FindCredential(endpoint, /*refused=*/false, deadline));
  const auto is_shown = [&] {
    return credential.has_value() && !credential->registry_token.empty() &&
           BearerValue(credential->registry_token) == shown;
  };
  if (is_shown()) {
    SIGWARD_ASSIGN_OR_RETURN(credential, FindCredential(endpoint, /*refused=*/true, deadline));
    if (is_shown()) {
      return Refuse(endpoint, shown);
    }
  }
  if (credential.has_value() && !credential->registry_token.empty()) {
    // A line end in it would begin a header, or a request, of its own.
    if (!IsBearerToken(credential->registry_token)) {
      return Fail(Reason::kConfigInvalid,
                  "the registrytoken for " + CredentialHost(endpoint) + " fits no header");
    }
    std::string value = BearerValue(credential->registry_token);
    context_->memory.Remember(PlaceOf(endpoint), value, now, kCredentialMemory);
    return value;
  }
  SIGWARD_ASSIGN_OR_RETURN(const TokenServer server,
                           TokenServerOf(challenge, endpoint, repository_, context_->token_hosts));
  SIGWARD_ASSIGN_OR_RETURN(const Token token,
                           TakeToken(endpoint, server, std::move(credential), deadline));
  std::string value = BearerValue(token.text);
  context_->memory.Remember(PlaceOf(endpoint), value, now, token.life);
  return value;
}

Result<Token> Authorizer::TakeToken(const Endpoint& endpoint, const TokenServer& server,
                                    std::optional<Credential> credential,
                                    const Deadline& deadline) {
  if (!credential.has_value()) {
    nothing_shown_ = "no credential is known for " + CredentialHost(endpoint);
  } else if (!server.has_trust) {
    credential.reset();
    nothing_shown_ = "the token server " + server.endpoint.authority() +
                     " is not trusted with the credential of " + CredentialHost(endpoint);
  }
  Result<Token> token = FetchToken(server, credential, deadline);
  if (!token.ok() && token.error().reason == Reason::kUnauthorized && credential.has_value()) {
    SIGWARD_ASSIGN_OR_RETURN(const std::optional<Credential> other,
                             FindCredential(endpoint, /*refused=*/true, deadline));
    if (other.has_value() && !IsSame(*other, *credential)) {
      token = FetchToken(server, other, deadline);
    }
  }
  if (!token.ok() && !nothing_shown_.empty()) {
    Error error = std::move(token).error();
    error.detail += "; " + nothing_shown_;
    return error;
  }
  return token;
}

Result<Token> Authorizer::FetchToken(const TokenServer& server,
                                     const std::optional<Credential>& credential,
                                     const Deadline& deadline) {
  if (token_requests_ == kMaxTokenRequests) {
    return Fail(Reason::kTooLarge,
                "more than " + std::to_string(kMaxTokenRequests) + " requests for tokens");
  }
  ++token_requests_;
  HttpRequest request;
  request.endpoint = &server.endpoint;
  request.accept = "application/json";
  request.max_bytes = kMaxTokenAnswerBytes;
  if (credential.has_value() && !credential->identity_token.empty()) {
    request.method = HttpMethod::kPostForm;
    request.url = server.realm;
    request.sent = TokenForm(server, credential->identity_token);
  } else {
    request.url = TokenUrl(server);
    if (credential.has_value() && HasPassword(*credential)) {
      request.authorization = BasicValue(*credential);
    }
  }
  const std::string place = "token server " + server.endpoint.authority();
  Result<HttpResponse> response =
      std::move(http_->Perform(server.endpoint, {&request, 1}, deadline).front());
  if (!response.ok()) {
    return base::Within(place, std::move(response).error());
  }
  if (response->status != 200) {
    Error error = StatusError(response->status);
    if (error.reason == Reason::kNotFound) {
      // Of the image it says nothing.
      error.reason = Reason::kRegistryError;
    }
    return base::Within(place, std::move(error));
  }
  return ReadToken(response->body);
}

}  // namespace sigward::worker
