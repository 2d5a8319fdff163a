#include "worker/credentials/docker_config.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "worker/client/credential_client.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using base::Result;

constexpr std::size_t kMaxShown = 128;
constexpr std::string_view kDockerHub = "docker.io";

base::Error Invalid(const std::string& where, const std::string& what) {
  return Fail(Reason::kConfigInvalid, where + ": " + what);
}

/// A member that is a string, or is not there and then empty.
Result<std::string> StringOrNone(const Json& object, const char* name, const std::string& where) {
  const auto member = object.find(name);
  if (member == object.end()) {
    return std::string();
  }
  if (!member->is_string()) {
    return Invalid(where, std::string(name) + " must be a string");
  }
  auto text = member->get<std::string>();
  if (text.size() > kMaxCredentialField) {
    return Invalid(where, std::string(name) + " is longer than " +
                              std::to_string(kMaxCredentialField) + " bytes");
  }
  return text;
}

/// `auth` is base64 of USER:PASSWORD; docker takes zero bytes around the password away.
base::Status TakePair(const std::string& auth, const std::string& where, Credential& out) {
  const auto decoded = base::DecodeBase64(auth, kMaxCredentialField);
  const std::string pair = decoded.ok() ? std::string(base::AsText(*decoded)) : "";
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos || colon == 0) {
    return Invalid(where, "auth is not base64 of USER:PASSWORD");
  }
  out.username = pair.substr(0, colon);
  std::string password = pair.substr(colon + 1);
  while (password.ends_with('\0')) {
    password.pop_back();
  }
  password.erase(0, std::min(password.find_first_not_of('\0'), password.size()));
  out.password = std::move(password);
  return base::Ok();
}

Result<Credential> CredentialOf(const Json& entry, const std::string& where) {
  if (!entry.is_object()) {
    return Invalid(where, "must be an object");
  }
  Credential credential;
  SIGWARD_ASSIGN_OR_RETURN(credential.username, StringOrNone(entry, "username", where));
  SIGWARD_ASSIGN_OR_RETURN(credential.password, StringOrNone(entry, "password", where));
  SIGWARD_ASSIGN_OR_RETURN(credential.identity_token, StringOrNone(entry, "identitytoken", where));
  SIGWARD_ASSIGN_OR_RETURN(credential.registry_token, StringOrNone(entry, "registrytoken", where));
  SIGWARD_ASSIGN_OR_RETURN(const std::string auth, StringOrNone(entry, "auth", where));
  if (!auth.empty()) {
    SIGWARD_RETURN_IF_ERROR(TakePair(auth, where, credential));
  }
  return credential;
}

bool IsNothing(const Credential& credential) {
  return credential.username.empty() && credential.password.empty() &&
         credential.identity_token.empty() && credential.registry_token.empty();
}

bool IsHelperName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxHelperName &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

/// The member NAME as an object of at most MAX members; null when it is not there.
Result<const Json*> ObjectOrNone(const Json& document, const char* name, std::size_t max) {
  const auto member = document.find(name);
  if (member == document.end()) {
    return nullptr;
  }
  if (!member->is_object() || member->size() > max) {
    return Invalid(name, "must be an object of at most " + std::to_string(max) + " members");
  }
  return &*member;
}

}  // namespace

std::pair<std::string, std::string> PlaceOf(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
      break;
    }
  }
  const std::size_t slash = std::min(key.find('/'), key.size());
  std::string host = base::LowerCase(std::string(key.substr(0, slash)));
  if (host == "index.docker.io" || host == "registry-1.docker.io") {
    host = kDockerHub;
  }
  std::string_view path = key.substr(slash);
  // The version of the registry's API is not a part of any repository's name.
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (path == version || path.starts_with(std::string(version) + "/")) {
      path.remove_prefix(version.size());
      break;
    }
  }
  while (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return {std::move(host), std::string(path)};
}

Result<DockerConfig> DockerConfig::Parse(std::string_view text) {
  const auto parsed = base::ParseStrictJson(text, kMaxDockerConfigBytes);
  if (!parsed.ok()) {
    return Fail(Reason::kConfigInvalid, parsed.error().detail);
  }
  if (!parsed->is_object()) {
    return Fail(Reason::kConfigInvalid, "not an object");
  }
  DockerConfig config;
  SIGWARD_ASSIGN_OR_RETURN(const Json* const auths,
                           ObjectOrNone(*parsed, "auths", kMaxDockerAuths));
  if (auths != nullptr) {
    for (const auto& [key, entry] : auths->items()) {
      const std::string where = "auths[" + base::OneLine(key, kMaxShown) + "]";
      SIGWARD_ASSIGN_OR_RETURN(Credential credential, CredentialOf(entry, where));
      auto [host, path] = PlaceOf(key);
      // An empty entry says that somebody has logged in, and that a helper knows the rest.
      if (!IsNothing(credential)) {
        config.auths_.push_back({std::move(host), std::move(path), std::move(credential)});
      }
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* const helpers,
                           ObjectOrNone(*parsed, "credHelpers", kMaxDockerHelpers));
  if (helpers != nullptr) {
    for (const auto& [key, name] : helpers->items()) {
      const std::string where = "credHelpers[" + base::OneLine(key, kMaxShown) + "]";
      if (!name.is_string() || !IsHelperName(name.get_ref<const std::string&>())) {
        return Invalid(where, "must be the name of a helper, of a-z, 0-9 and -");
      }
      config.helpers_.emplace(PlaceOf(key).first, name.get<std::string>());
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(config.store_, StringOrNone(*parsed, "credsStore", "config"));
  if (!config.store_.empty() && !IsHelperName(config.store_)) {
    return Invalid("credsStore", "must be the name of a helper, of a-z, 0-9 and -");
  }
  return config;
}

const std::string& DockerConfig::HelperFor(const std::string& host) const {
  const auto found = helpers_.find(host);
  return found == helpers_.end() ? store_ : found->second;
}

std::optional<Credential> DockerConfig::Find(const std::string& host,
                                             const std::string& repository) const {
  const Auth* best = nullptr;
  for (const Auth& auth : auths_) {
    const bool covers = auth.host == host && (auth.path.empty() || repository == auth.path ||
                                              repository.starts_with(auth.path + "/"));
    // Where two spellings name the same place, the last one stands.
    if (covers && (best == nullptr || auth.path.size() >= best->path.size())) {
      best = &auth;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(best->credential);
}

}  // namespace sigward::worker
