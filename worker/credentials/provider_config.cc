#include "worker/credentials/provider_config.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "base/yaml/yaml_reader.h"
#include "worker/credentials/go_duration.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;

constexpr const char* kConfigVersion = "kubelet.config.k8s.io/v1";
constexpr const char* kProtocolVersion = "credentialprovider.kubelet.k8s.io/v1";
constexpr std::size_t kMaxShown = 128;
constexpr std::size_t kMaxProviderName = 255;

/// The same tree, bounded by the reader. No field here is a number, so any stands for one.
Json JsonOf(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull:
      return nullptr;
    case YamlKind::kScalar:
      return IsString(node) ? Json(node.text) : Json(0);
    case YamlKind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) {
        list.push_back(JsonOf(item));
      }
      return list;
    }
    case YamlKind::kMapping:
      break;
  }
  Json object = Json::object();
  for (const YamlMember& member : node.members) {
    object[member.name] = JsonOf(member.value);
  }
  return object;
}

base::Error Invalid(const std::string& where, const std::string& what) {
  return Fail(Reason::kConfigInvalid, where + ": " + what);
}

base::Status ExpectText(JsonFields& fields, const char* name, std::string_view expected) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  if (text != expected) {
    return Invalid(fields.where() + name,
                   "expected " + std::string(expected) + ", got " + base::OneLine(text, kMaxShown));
  }
  return base::Ok();
}

/// The list NAME with at most kMaxProviderItems elements; null when it is not there.
Result<const Json*> ListOrNone(JsonFields& fields, const char* name) {
  if (!fields.Has(name)) {
    return nullptr;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* const list, fields.Array(name));
  if (list->size() > kMaxProviderItems) {
    return Invalid(fields.where() + name,
                   "has more than " + std::to_string(kMaxProviderItems) + " elements");
  }
  return list;
}

base::Status TakePatterns(JsonFields& fields, Provider& provider) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* const list, ListOrNone(fields, "matchImages"));
  if (list == nullptr || list->empty()) {
    return Invalid(fields.where() + "matchImages", "at least one is needed");
  }
  for (const Json& element : *list) {
    auto pattern = element.is_string() ? ImagePattern::Parse(element.get_ref<const std::string&>())
                                       : Fail(Reason::kMalformed, "expected a string");
    if (!pattern.ok()) {
      return Invalid(fields.where() + "matchImages", pattern.error().detail);
    }
    provider.match_images.push_back(*std::move(pattern));
  }
  return base::Ok();
}

bool HasZero(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

base::Status TakeArguments(JsonFields& fields, Provider& provider) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* const list, ListOrNone(fields, "args"));
  if (list == nullptr) {
    return base::Ok();
  }
  for (const Json& element : *list) {
    if (!element.is_string() || HasZero(element.get_ref<const std::string&>())) {
      return Invalid(fields.where() + "args", "expected strings");
    }
    provider.arguments.push_back(element.get<std::string>());
  }
  return base::Ok();
}

base::Status TakeEnvironment(JsonFields& fields, Provider& provider) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* const list, ListOrNone(fields, "env"));
  if (list == nullptr) {
    return base::Ok();
  }
  for (const Json& element : *list) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields variable,
                             JsonFields::Of(element, fields.where() + "env[]."));
    SIGWARD_ASSIGN_OR_RETURN(const std::string name, variable.String("name"));
    SIGWARD_ASSIGN_OR_RETURN(const std::string value, variable.String("value"));
    SIGWARD_RETURN_IF_ERROR(variable.NoOthers());
    if (name.empty() || name.find('=') != std::string::npos || HasZero(name) || HasZero(value)) {
      return Invalid(fields.where() + "env", "a variable cannot have this name or value");
    }
    provider.environment.push_back(name + "=" + value);
  }
  return base::Ok();
}

Result<Provider> ProviderOf(const Json& element, std::size_t index) {
  const std::string where = "providers[" + std::to_string(index) + "].";
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(element, where));
  Provider provider;
  SIGWARD_ASSIGN_OR_RETURN(provider.name, fields.String("name"));
  if (provider.name.empty() || provider.name.size() > kMaxProviderName || provider.name == "." ||
      provider.name == ".." || HasZero(provider.name) ||
      provider.name.find_first_of("/ ") != std::string::npos) {
    return Invalid(where + "name", "expected the name of a program, without slash or space");
  }
  SIGWARD_RETURN_IF_ERROR(ExpectText(fields, "apiVersion", kProtocolVersion));
  SIGWARD_RETURN_IF_ERROR(TakePatterns(fields, provider));
  SIGWARD_ASSIGN_OR_RETURN(const std::string duration, fields.String("defaultCacheDuration"));
  const auto parsed = ParseGoDuration(duration);
  if (!parsed.ok()) {
    return Invalid(where + "defaultCacheDuration", parsed.error().detail);
  }
  provider.default_cache_duration = *parsed;
  SIGWARD_RETURN_IF_ERROR(TakeArguments(fields, provider));
  SIGWARD_RETURN_IF_ERROR(TakeEnvironment(fields, provider));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return provider;
}

Result<std::vector<Provider>> ProvidersOf(const Json& document) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, ""));
  SIGWARD_RETURN_IF_ERROR(ExpectText(fields, "apiVersion", kConfigVersion));
  SIGWARD_RETURN_IF_ERROR(ExpectText(fields, "kind", "CredentialProviderConfig"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* const list, fields.Array("providers"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (list->empty() || list->size() > kMaxProviders) {
    return Invalid("providers", "expected 1 to " + std::to_string(kMaxProviders));
  }
  std::vector<Provider> providers;
  for (const Json& element : *list) {
    SIGWARD_ASSIGN_OR_RETURN(Provider provider, ProviderOf(element, providers.size()));
    if (std::any_of(providers.begin(), providers.end(),
                    [&](const Provider& other) { return other.name == provider.name; })) {
      return Invalid("providers", "two have the name " + base::OneLine(provider.name, kMaxShown));
    }
    providers.push_back(std::move(provider));
  }
  return providers;
}

}  // namespace

bool Provider::Covers(std::string_view image) const {
  return std::any_of(match_images.begin(), match_images.end(),
                     [&](const ImagePattern& pattern) { return pattern.Matches(image); });
}

base::Result<std::vector<Provider>> ParseProviderConfig(std::string_view text) {
  if (text.size() > kMaxProviderConfigBytes) {
    return Fail(Reason::kConfigInvalid,
                "longer than " + std::to_string(kMaxProviderConfigBytes) + " bytes");
  }
  const auto read = ReadYaml(text);
  if (const auto* error = std::get_if<YamlError>(&read)) {
    return Fail(Reason::kConfigInvalid,
                "line " + std::to_string(error->line) + ": " + error->message);
  }
  const auto& documents = *std::get_if<std::vector<YamlNode>>(&read);
  if (documents.size() != 1) {
    return Fail(Reason::kConfigInvalid,
                "expected one document, got " + std::to_string(documents.size()));
  }
  auto providers = ProvidersOf(JsonOf(documents.front()));
  if (!providers.ok()) {
    return Fail(Reason::kConfigInvalid, std::move(providers).error().detail);
  }
  return providers;
}

}  // namespace sigward::worker
