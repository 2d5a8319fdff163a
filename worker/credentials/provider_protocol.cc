#include "worker/credentials/provider_protocol.h"

#include <algorithm>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "worker/client/credential_client.h"
#include "worker/credentials/go_duration.h"
#include "worker/credentials/run_program.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;

constexpr const char* kVersion = "credentialprovider.kubelet.k8s.io/v1";
/// The name of Docker Hub under which docker stores its credentials.
constexpr std::string_view kDockerHubKey = "index.docker.io";
constexpr std::string_view kDockerHubImages = "docker.io/";

base::Error Unreadable(const std::string& what) {
  return Fail(Reason::kWorkerFailed, "wrote no CredentialProviderResponse: " + what);
}

Result<CacheKeyType> CacheKeyTypeIn(JsonFields& fields) {
  const auto word = fields.String("cacheKeyType");
  if (word.ok() && *word == "Image") {
    return CacheKeyType::kImage;
  }
  if (word.ok() && *word == "Registry") {
    return CacheKeyType::kRegistry;
  }
  if (word.ok() && *word == "Global") {
    return CacheKeyType::kGlobal;
  }
  return Unreadable("cacheKeyType is not Image, Registry or Global");
}

/// A key as kubelet takes it: a scheme is dropped, and so is the version that docker writes.
Result<ImagePattern> PatternOf(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
      break;
    }
  }
  const std::size_t slash = std::min(key.find('/'), key.size());
  std::string_view path = key.substr(slash);
  if (path.starts_with("/v1/") || path.starts_with("/v2/")) {
    path.remove_prefix(std::string_view("/v1").size());
  }
  if (path == "/") {
    path = "";
  }
  return ImagePattern::Parse(std::string(key.substr(0, slash)) + std::string(path));
}

Result<ProviderAuth> AuthOf(const std::string& key, const Json& value) {
  auto pattern = PatternOf(key);
  if (!pattern.ok()) {
    return Unreadable("a key of auth is no pattern for images");
  }
  auto fields = JsonFields::Of(value, "auth[].");
  if (!fields.ok()) {
    return Unreadable("an element of auth is no object");
  }
  ProviderAuth auth{.pattern = *std::move(pattern), .username = {}, .password = {}};
  for (const auto& [name, out] :
       {std::pair("username", &auth.username), std::pair("password", &auth.password)}) {
    if (!fields->Has(name)) {
      continue;
    }
    auto text = fields->String(name);
    if (!text.ok() || text->size() > kMaxCredentialField) {
      return Unreadable(std::string(name) + " is no string or too long");
    }
    *out = *std::move(text);
  }
  return auth;
}

base::Status TakeAuths(const Json* member, ProviderResponse& response) {
  // null: the provider has nothing for this image.
  if (member == nullptr || member->is_null()) {
    return base::Ok();
  }
  if (!member->is_object() || member->size() > kMaxProviderAuths) {
    return Unreadable("auth is no object of at most " + std::to_string(kMaxProviderAuths));
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : member->items()) {
    SIGWARD_ASSIGN_OR_RETURN(ProviderAuth auth, AuthOf(key, value));
    bytes += auth.pattern.text().size() + auth.username.size() + auth.password.size();
    if (bytes > kMaxProviderAuthBytes) {
      return Unreadable("auth is longer than " + std::to_string(kMaxProviderAuthBytes) + " bytes");
    }
    response.auths.push_back(std::move(auth));
  }
  return base::Ok();
}

}  // namespace

std::string ProviderRequest(const std::string& image) {
  const Json request{
      {"apiVersion", kVersion}, {"kind", "CredentialProviderRequest"}, {"image", image}};
  return request.dump();
}

Result<ProviderResponse> ParseProviderResponse(std::string_view text) {
  const auto document = base::ParseStrictJson(text, kMaxProgramOutput);
  if (!document.ok()) {
    return Unreadable("not JSON");
  }
  auto fields = JsonFields::Of(*document, "");
  if (!fields.ok()) {
    return Unreadable("not an object");
  }
  const auto kind = fields->String("kind");
  const auto version = fields->String("apiVersion");
  if (!kind.ok() || *kind != "CredentialProviderResponse" || !version.ok() ||
      *version != kVersion) {
    return Unreadable(std::string("kind or apiVersion is another than ") + kVersion);
  }
  ProviderResponse response;
  SIGWARD_ASSIGN_OR_RETURN(response.cache_key_type, CacheKeyTypeIn(*fields));
  if (const Json* duration = fields->Find("cacheDuration");
      duration != nullptr && !duration->is_null()) {
    const auto parsed = duration->is_string()
                            ? ParseGoDuration(duration->get_ref<const std::string&>())
                            : Fail(Reason::kMalformed, "");
    if (!parsed.ok()) {
      return Unreadable("cacheDuration is no duration");
    }
    response.cache_duration = *parsed;
  }
  SIGWARD_RETURN_IF_ERROR(TakeAuths(fields->Find("auth"), response));
  return response;
}

std::optional<Credential> MostSpecific(const std::vector<ProviderAuth>& auths,
                                       const std::string& image) {
  const ProviderAuth* best = nullptr;
  for (const ProviderAuth& auth : auths) {
    if (auth.pattern.Matches(image) &&
        (best == nullptr || auth.pattern.text() > best->pattern.text())) {
      best = &auth;
    }
  }
  for (const ProviderAuth& auth : auths) {
    if (best == nullptr && image.starts_with(kDockerHubImages) &&
        auth.pattern.text() == kDockerHubKey) {
      best = &auth;
    }
  }
  if (best == nullptr || (best->username.empty() && best->password.empty())) {
    return std::nullopt;
  }
  Credential credential;
  credential.username = best->username;
  credential.password = best->password;
  return credential;
}

}  // namespace sigward::worker
