// One authority for whoever has to verify: its text, and its id.

#include <set>
#include <string>

#include "base/base64.h"
#include "base/strict_json.h"
#include "policy/compiled_authority.h"
#include "policy/snapshot.h"

namespace sigward::policy {
namespace {

using base::Json;

base::Status NameByContent(Json& rule, const char* part, const TrustRoots& trust_roots) {
  const auto place = rule.find(part);
  if (place == rule.end() || !place->contains("trustRoot")) {
    return base::Ok();
  }
  Json& name = (*place)["trustRoot"];
  const auto root = trust_roots.find(name.get_ref<const std::string&>());
  if (root == trust_roots.end()) {
    return base::Fail(base::Reason::kPolicyInvalid,
                      "there is no trust root " + name.get<std::string>());
  }
  name = base::EncodeHex(root->second.root().hash());
  return base::Ok();
}

base::Error TooLong(const std::string& what, std::size_t is, std::size_t max) {
  return base::Fail(base::Reason::kTooLarge, what + " " + std::to_string(is) +
                                                 " bytes long, at most " + std::to_string(max) +
                                                 " can be verified by");
}

std::size_t CostOf(const Authority& authority) {
  std::size_t sum = 0;
  if (const auto* keyless = std::get_if<KeylessRule>(&authority.rule)) {
    for (const Identity& identity : keyless->identities) {
      sum += identity.cost();
    }
  }
  return sum;
}

}  // namespace

std::string CompileAuthority(const Authority& authority) {
  return ToJson(authority).dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<Authority> ParseCompiledAuthority(std::string_view text) {
  SIGWARD_ASSIGN_OR_RETURN(const Json json, base::ParseStrictJson(text, kMaxAuthorityText));
  return ParseAuthority(json, "authority");
}

bool TakesSignatures(const Authority& authority) {
  return !std::holds_alternative<StaticRule>(authority.rule);
}

std::vector<const std::string*> TrustRootsOf(const Authority& authority) {
  std::vector<const std::string*> names;
  if (const auto* keyless = std::get_if<KeylessRule>(&authority.rule)) {
    names.push_back(&keyless->trust_root);
  }
  for (const auto* name : {&authority.log.trust_root, &authority.timestamp.trust_root}) {
    if (name->has_value()) {
      names.push_back(&**name);
    }
  }
  return names;
}

base::Status CheckMaterial(const std::vector<Authority>& authorities,
                           const TrustRoots& trust_roots) {
  std::size_t size = 0;
  std::size_t expressions = 0;
  std::set<std::string_view> named;
  for (const Authority& authority : authorities) {
    if (!TakesSignatures(authority)) {
      continue;
    }
    const std::size_t text = CompileAuthority(authority).size();
    if (text > kMaxAuthorityText) {
      return TooLong("authority " + authority.name + " is", text, kMaxAuthorityText);
    }
    size += text;
    expressions += CostOf(authority);
    for (const std::string* name : TrustRootsOf(authority)) {
      const auto root = trust_roots.find(*name);
      if (root != trust_roots.end() && named.insert(*name).second) {
        size += root->second.json().size() +
                root->second.links().size() * sizeof(verifier::ChainMemory::Link);
      }
    }
  }
  if (expressions > kMaxPolicyExpressions) {
    return base::Fail(
        base::Reason::kTooLarge,
        "its regular expressions are " + std::to_string(expressions) +
            " instructions long, at most " + std::to_string(kMaxPolicyExpressions) +
            " can be verified by; repetitions like {1,100} and classes like \\pL make "
            "them long");
  }
  return size <= kMaxPolicyMaterial
             ? base::Ok()
             : TooLong("its authorities and their trust roots are", size, kMaxPolicyMaterial);
}

// The compiled form with every name put out or replaced by what it names. So a field that is added
// to that form is part of the id without further ado.
base::Result<verifier::AuthorityHash> IdOf(const Authority& authority,
                                           const TrustRoots& trust_roots) {
  Json rule = ToJson(authority);
  rule.erase("name");
  rule.erase("source");
  if (const auto* key = std::get_if<KeyRule>(&authority.rule)) {
    rule["key"]["pem"] = base::EncodeHex(key->fingerprint);
  }
  for (const char* part : {"keyless", "log", "timestamp"}) {
    SIGWARD_RETURN_IF_ERROR(NameByContent(rule, part, trust_roots));
  }
  if (rule.contains("log")) {
    rule["log"].erase("url");
  }
  return verifier::AuthorityHash::Of(rule.dump());
}

}  // namespace sigward::policy
