#include "policy/compiled_authority.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "verifier/certificate/fulcio_claims.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;
using base::Within;

constexpr std::string_view kWildcardsWord = "glob";
constexpr std::string_view kLogRequired = "required";
constexpr std::string_view kLogIgnored = "ignored";

Result<std::optional<verifier::HashAlgorithm>> ParseHash(JsonFields& fields) {
  if (!fields.Has("hash")) {
    return std::optional<verifier::HashAlgorithm>();
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string name, fields.String("hash"));
  const auto hash = verifier::ParseHashAlgorithm(name);
  // One spelling only, so that one policy has one compiled form.
  if (!hash.ok() || verifier::HashAlgorithmName(*hash) != name) {
    return Fail(Reason::kPolicyInvalid,
                fields.where() + ".hash is none of sha224, sha256, sha384, sha512");
  }
  return std::optional(*hash);
}

Result<KeyRule> ParseKeyRule(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(std::string pem, fields.String("pem"));
  SIGWARD_ASSIGN_OR_RETURN(const auto hash, ParseHash(fields));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  auto rule = KeyRule::Of(std::move(pem), hash);
  if (!rule.ok()) {
    return Within(fields.where(), std::move(rule).error());
  }
  return rule;
}

Result<StaticRule> ParseStaticRule(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(const std::string action, fields.String("action"));
  StaticRule rule;
  if (action == "pass") {
    rule.pass = true;
  } else if (action != "fail") {
    return Fail(Reason::kPolicyInvalid, fields.where() + ".action is neither pass nor fail");
  }
  if (fields.Has("message")) {
    SIGWARD_ASSIGN_OR_RETURN(rule.message, fields.String("message"));
    if (auto fit = CheckMessage(rule.message); !fit.ok()) {
      return Within(fields.where() + ".message", std::move(fit).error());
    }
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return rule;
}

Json ToJson(const SignatureSource& source) {
  Json json = Json::object();
  if (!source.IsOwnRepository()) {
    json["repository"] = source.name();
  }
  if (!source.tag_prefix.empty()) {
    json["tagPrefix"] = source.tag_prefix;
  }
  return json;
}

Result<SignatureSource> ParseSource(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  const auto text = [&](std::string_view name) {
    return fields.Has(name) ? fields.String(name) : Result<std::string>(std::string());
  };
  SIGWARD_ASSIGN_OR_RETURN(const std::string repository, text("repository"));
  SIGWARD_ASSIGN_OR_RETURN(std::string tag_prefix, text("tagPrefix"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  auto source = SignatureSource::Of(repository, std::move(tag_prefix));
  // One spelling only, so that one policy has one compiled form.
  if (source.ok() && (value.empty() || ToJson(*source) != value)) {
    return Fail(Reason::kPolicyInvalid, where + " is empty or not normalised");
  }
  return source.ok() ? source : Result<SignatureSource>(Within(where, source.error()));
}

/// What stands under the names of an identity's two texts: exactly one of NAME and NAMERegExp.
Result<IdentityText> ParseIdentityText(JsonFields& fields, const std::string& name,
                                       IdentityKind kind) {
  const std::string expression = name + "RegExp";
  if (fields.Has(name) == fields.Has(expression)) {
    return Fail(Reason::kPolicyInvalid,
                fields.where() + " has not exactly one of " + name + " and " + expression);
  }
  const bool exact = fields.Has(name);
  const std::string& given = exact ? name : expression;
  SIGWARD_ASSIGN_OR_RETURN(std::string text, fields.String(given));
  auto parsed = IdentityText::Of(exact ? kind : IdentityKind::kRegExp, std::move(text));
  return parsed.ok() ? parsed
                     : Result<IdentityText>(Within(fields.where() + "." + given, parsed.error()));
}

/// What stands in the member NAME, a mapping from the names of claims to texts, if it is there.
base::Status ParseClaims(JsonFields& fields, const std::string& name, IdentityKind kind,
                         Identity& identity) {
  if (!fields.Has(name)) {
    return base::Ok();
  }
  const std::string where = fields.where() + "." + name;
  const Json& given = *fields.Find(name);
  if (!given.is_object() || given.empty()) {
    return Fail(Reason::kPolicyInvalid, where + " is not a mapping with members");
  }
  for (const auto& [claim, value] : given.items()) {
    if (!verifier::IsClaimName(claim) || !value.is_string()) {
      return Fail(Reason::kPolicyInvalid, where + " holds what is no claim of Fulcio, or no text");
    }
    auto text = IdentityText::Of(kind, value.get<std::string>());
    if (!text.ok()) {
      return Within(where + "." + claim, std::move(text).error());
    }
    if (!identity.claims.emplace(claim, *std::move(text)).second) {
      return Fail(Reason::kPolicyInvalid, where + "." + claim + " is demanded twice");
    }
  }
  return base::Ok();
}

template <IdentityKind kKind>
Result<Identity> ParseIdentity(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(IdentityText issuer, ParseIdentityText(fields, "issuer", kKind));
  SIGWARD_ASSIGN_OR_RETURN(IdentityText subject, ParseIdentityText(fields, "subject", kKind));
  Identity identity{std::move(issuer), std::move(subject)};
  SIGWARD_RETURN_IF_ERROR(ParseClaims(fields, "claims", kKind, identity));
  SIGWARD_RETURN_IF_ERROR(ParseClaims(fields, "claimsRegExp", IdentityKind::kRegExp, identity));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return identity;
}

Result<std::string> ParseTrustRootName(JsonFields& fields) {
  SIGWARD_ASSIGN_OR_RETURN(std::string name, fields.String("trustRoot"));
  if (auto fit = CheckTrustRootName(name); !fit.ok()) {
    return Within(fields.where() + ".trustRoot", std::move(fit).error());
  }
  return name;
}

Result<KeylessRule> ParseKeylessRule(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  KeylessRule rule;
  SIGWARD_ASSIGN_OR_RETURN(rule.trust_root, ParseTrustRootName(fields));
  auto* parse = ParseIdentity<IdentityKind::kExact>;
  if (fields.Has("identityWildcards")) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string word, fields.String("identityWildcards"));
    if (word != kWildcardsWord) {
      return Fail(Reason::kPolicyInvalid, where + ".identityWildcards is not glob");
    }
    parse = ParseIdentity<IdentityKind::kWildcards>;
  }
  SIGWARD_ASSIGN_OR_RETURN(rule.identities,
                           ParseList<Identity>(fields, "identities", 1, kMaxIdentities, parse));
  SIGWARD_ASSIGN_OR_RETURN(rule.ignore_sct, ParseSwitch(fields, "insecureIgnoreSCT"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return rule;
}

Result<LogRule> ParseLogRule(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(const std::string use, fields.String("use"));
  LogRule rule;
  if (use == kLogRequired) {
    SIGWARD_ASSIGN_OR_RETURN(rule.trust_root, ParseTrustRootName(fields));
    if (fields.Has("url")) {
      SIGWARD_ASSIGN_OR_RETURN(rule.url, fields.String("url"));
      if (auto fit = CheckTransparencyUrl(rule.url); !fit.ok()) {
        return Within(where + ".url", std::move(fit).error());
      }
    }
  } else if (use != kLogIgnored) {
    return Fail(Reason::kPolicyInvalid, where + ".use is neither required nor ignored");
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return rule;
}

/// Everything that an authority with signatures has beside its rule.
base::Status ParseDemands(JsonFields& fields, Authority& authority) {
  const std::string& where = fields.where();
  if (fields.Has("source")) {
    SIGWARD_ASSIGN_OR_RETURN(authority.source,
                             ParseSource(*fields.Find("source"), where + ".source"));
  }
  const bool keyless = std::holds_alternative<KeylessRule>(authority.rule);
  if (keyless && !fields.Has("log")) {
    // What is not demanded is said: an absence must not become a permission.
    return Fail(Reason::kPolicyInvalid, where + ".log is missing");
  }
  if (fields.Has("log")) {
    SIGWARD_ASSIGN_OR_RETURN(authority.log, ParseLogRule(*fields.Find("log"), where + ".log"));
    if (!keyless && authority.log == LogRule()) {
      return Fail(Reason::kPolicyInvalid, where + ".log of a key is absent when it is ignored");
    }
  }
  if (fields.Has("timestamp")) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields timestamp,
                             JsonFields::Of(*fields.Find("timestamp"), where + ".timestamp"));
    SIGWARD_ASSIGN_OR_RETURN(authority.timestamp.trust_root, ParseTrustRootName(timestamp));
    SIGWARD_RETURN_IF_ERROR(timestamp.NoOthers());
  }
  if (fields.Has("signatureFormat")) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string word, fields.String("signatureFormat"));
    const auto forms = SignatureFormsFromWord(word);
    if (!forms.has_value() || forms == SignatureForms::kAny) {
      return Fail(Reason::kPolicyInvalid, where + ".signatureFormat is neither legacy nor bundle");
    }
    authority.forms = *forms;
  }
  return base::Ok();
}

Json ToJson(const StaticRule& rule) {
  Json json = {{"action", rule.pass ? "pass" : "fail"}};
  if (!rule.message.empty()) {
    json["message"] = rule.message;
  }
  return json;
}

Json ToJson(const KeyRule& rule) {
  Json json = {{"pem", rule.pem}};
  if (rule.hash.has_value()) {
    json["hash"] = verifier::HashAlgorithmName(*rule.hash);
  }
  return json;
}

Json ToJson(const IdentityText& text, const char* name) {
  return {
      {text.kind() == IdentityKind::kRegExp ? std::string(name) + "RegExp" : name, text.text()}};
}

Json ToJson(const KeylessRule& rule) {
  Json identities = Json::array();
  bool wildcards = false;
  for (const Identity& identity : rule.identities) {
    Json both = ToJson(identity.issuer, "issuer");
    both.update(ToJson(identity.subject, "subject"));
    for (const auto& [claim, text] : identity.claims) {
      both[text.kind() == IdentityKind::kRegExp ? "claimsRegExp" : "claims"][claim] = text.text();
    }
    identities.push_back(std::move(both));
    const auto has_wildcards = [](const IdentityText& text) {
      return text.kind() == IdentityKind::kWildcards;
    };
    wildcards = wildcards || has_wildcards(identity.issuer) || has_wildcards(identity.subject) ||
                std::ranges::any_of(identity.claims,
                                    [&](const auto& claim) { return has_wildcards(claim.second); });
  }
  Json json = {{"trustRoot", rule.trust_root}, {"identities", std::move(identities)}};
  if (wildcards) {
    json["identityWildcards"] = kWildcardsWord;
  }
  if (rule.ignore_sct) {
    json["insecureIgnoreSCT"] = true;
  }
  return json;
}

Json ToJson(const LogRule& rule) {
  if (!rule.trust_root.has_value()) {
    return {{"use", kLogIgnored}};
  }
  Json json = {{"use", kLogRequired}, {"trustRoot", *rule.trust_root}};
  if (!rule.url.empty()) {
    json["url"] = rule.url;
  }
  return json;
}

void AddDemands(const Authority& authority, Json& json) {
  if (authority.source != SignatureSource()) {
    json["source"] = ToJson(authority.source);
  }
  if (authority.log != LogRule() || std::holds_alternative<KeylessRule>(authority.rule)) {
    json["log"] = ToJson(authority.log);
  }
  if (authority.timestamp.trust_root.has_value()) {
    json["timestamp"] = {{"trustRoot", *authority.timestamp.trust_root}};
  }
  if (authority.forms != SignatureForms::kAny) {
    json["signatureFormat"] = SignatureFormsWord(authority.forms);
  }
}

std::size_t KindsIn(const JsonFields& fields) {
  std::size_t kinds = 0;
  for (const char* kind : {"key", "keyless", "static"}) {
    kinds += fields.Has(kind) ? 1U : 0U;
  }
  return kinds;
}

}  // namespace

Result<bool> ParseSwitch(JsonFields& fields, std::string_view name) {
  const Json* value = fields.Find(name);
  if (value == nullptr) {
    return false;
  }
  if (!value->is_boolean()) {
    return Fail(Reason::kPolicyInvalid,
                fields.where() + "." + std::string(name) + " is neither true nor false");
  }
  return value->get<bool>();
}

Result<Authority> ParseAuthority(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  Authority authority;
  SIGWARD_ASSIGN_OR_RETURN(authority.name, fields.String("name"));
  if (auto fit = CheckAuthorityName(authority.name); !fit.ok()) {
    return Within(where + ".name", std::move(fit).error());
  }
  if (KindsIn(fields) != 1) {
    return Fail(Reason::kPolicyInvalid, where + " has not exactly one of key, keyless and static");
  }
  if (fields.Has("static")) {
    SIGWARD_ASSIGN_OR_RETURN(authority.rule,
                             ParseStaticRule(*fields.Find("static"), where + ".static"));
  } else if (fields.Has("key")) {
    SIGWARD_ASSIGN_OR_RETURN(authority.rule, ParseKeyRule(*fields.Find("key"), where + ".key"));
    SIGWARD_RETURN_IF_ERROR(ParseDemands(fields, authority));
  } else {
    SIGWARD_ASSIGN_OR_RETURN(authority.rule,
                             ParseKeylessRule(*fields.Find("keyless"), where + ".keyless"));
    SIGWARD_RETURN_IF_ERROR(ParseDemands(fields, authority));
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return authority;
}

Json ToJson(const Authority& authority) {
  Json json = {{"name", authority.name}};
  if (const auto* key = std::get_if<KeyRule>(&authority.rule)) {
    json["key"] = ToJson(*key);
  } else if (const auto* keyless = std::get_if<KeylessRule>(&authority.rule)) {
    json["keyless"] = ToJson(*keyless);
  } else {
    json["static"] = ToJson(std::get<StaticRule>(authority.rule));
  }
  AddDemands(authority, json);
  return json;
}

}  // namespace sigward::policy
