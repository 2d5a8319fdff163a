// The compiled form: what `sigward policy compile` writes and the daemon reads.

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "policy/compiled_authority.h"
#include "policy/snapshot.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;
using base::Within;

constexpr std::string_view kFormat = "sigward.policy/v1";

/// One reason for all that is wrong with a policy, apart from its size.
base::Error AsPolicyError(base::Error error) {
  if (error.reason != Reason::kTooLarge) {
    error.reason = Reason::kPolicyInvalid;
  }
  return error;
}

Result<Glob> ParseGlob(const Json& value, const std::string& where) {
  if (!value.is_string()) {
    return Fail(Reason::kPolicyInvalid, where + " is not a string");
  }
  auto glob = Glob::Parse(value.get_ref<const std::string&>());
  if (!glob.ok()) {
    return Within(where, std::move(glob).error());
  }
  return glob;
}

base::Status CheckDistinct(const std::vector<Authority>& authorities, const std::string& where) {
  std::set<std::string_view> names;
  for (const Authority& authority : authorities) {
    if (!names.insert(authority.name).second) {
      return Fail(Reason::kPolicyInvalid, where + ": two authorities have one name");
    }
  }
  return base::Ok();
}

Result<verifier::Digest> ParseDigest(const Json& value, const std::string& where) {
  if (!value.is_string()) {
    return Fail(Reason::kPolicyInvalid, where + " is not a string");
  }
  auto digest = verifier::Digest::Parse(value.get_ref<const std::string&>());
  if (!digest.ok()) {
    return Within(where, std::move(digest).error());
  }
  return digest;
}

/// A list that may be absent.
Result<std::set<verifier::Digest>> ParseDigests(JsonFields& fields, std::string_view name) {
  if (!fields.Has(name)) {
    return std::set<verifier::Digest>();
  }
  SIGWARD_ASSIGN_OR_RETURN(
      const std::vector<verifier::Digest> list,
      ParseList<verifier::Digest>(fields, name, 0, kMaxListedDigests, ParseDigest));
  return std::set<verifier::Digest>(list.begin(), list.end());
}

Result<NodeRules> ParseNodeRules(JsonFields& fields) {
  NodeRules node;
  SIGWARD_ASSIGN_OR_RETURN(node.floor, ParseDigests(fields, "floor"));
  SIGWARD_ASSIGN_OR_RETURN(node.deny, ParseDigests(fields, "deny"));
  SIGWARD_ASSIGN_OR_RETURN(node.stop_running, ParseSwitch(fields, "stopRunning"));
  return node;
}

Result<Policy> ParsePolicy(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  Policy policy;
  SIGWARD_ASSIGN_OR_RETURN(policy.name, fields.String("name"));
  if (auto fit = CheckPolicyName(policy.name); !fit.ok()) {
    return Within(fields.where() + ".name", std::move(fit).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string mode_word, fields.String("mode"));
  const auto mode = ModeFromWord(mode_word);
  if (!mode.has_value()) {
    return Fail(Reason::kPolicyInvalid, fields.where() + ".mode is neither enforce nor warn");
  }
  policy.mode = *mode;
  SIGWARD_ASSIGN_OR_RETURN(policy.globs,
                           ParseList<Glob>(fields, "images", 1, kMaxGlobsPerPolicy, ParseGlob));
  SIGWARD_ASSIGN_OR_RETURN(
      policy.authorities,
      ParseList<Authority>(fields, "authorities", 1, kMaxAuthoritiesPerPolicy, ParseAuthority));
  SIGWARD_RETURN_IF_ERROR(CheckDistinct(policy.authorities, fields.where()));
  SIGWARD_ASSIGN_OR_RETURN(policy.accept_unprovable_rootfs,
                           ParseSwitch(fields, "acceptUnprovableRootfs"));
  SIGWARD_ASSIGN_OR_RETURN(policy.refuse_modified_rootfs,
                           ParseSwitch(fields, "refuseModifiedRootfs"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return policy;
}

/// Fails for an authority that names a trust root which is not among TRUST_ROOTS, and where
/// CheckMaterial does.
base::Status SetIds(std::vector<Policy>& policies, const TrustRoots& trust_roots) {
  for (Policy& policy : policies) {
    for (Authority& authority : policy.authorities) {
      if (!TakesSignatures(authority)) {
        continue;
      }
      auto id = IdOf(authority, trust_roots);
      if (!id.ok()) {
        return Within("policy " + policy.name + ", authority " + authority.name, id.error());
      }
      authority.id = *std::move(id);
    }
    if (auto fit = CheckMaterial(policy.authorities, trust_roots); !fit.ok()) {
      return Within("policy " + policy.name, fit.error());
    }
  }
  return base::Ok();
}

Result<TrustRoots> ParseTrustRoots(JsonFields& fields) {
  TrustRoots trust_roots;
  if (!fields.Has("trustRoots")) {
    return trust_roots;
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* members, fields.Object("trustRoots"));
  if (members->size() > kMaxTrustRoots) {
    return Fail(Reason::kTooLarge,
                "policy.trustRoots holds more than " + std::to_string(kMaxTrustRoots));
  }
  for (const auto& member : members->items()) {
    if (auto fit = CheckTrustRootName(member.key()); !fit.ok()) {
      return Within("a name in policy.trustRoots", std::move(fit).error());
    }
    auto root = NamedTrustRoot::Of(member.value().dump());
    if (!root.ok()) {
      return Within("policy.trustRoots." + member.key(), std::move(root).error());
    }
    trust_roots.emplace(member.key(), *std::move(root));
  }
  return trust_roots;
}

/// Everything of a compiled text but its generation.
struct CompiledPolicies {
  NoMatch no_match = NoMatch::kDeny;
  std::string transparency_url;
  NodeRules node;
  TrustRoots trust_roots;
  std::vector<Policy> policies;
};

base::Status SortByName(std::vector<Policy>& policies) {
  std::sort(policies.begin(), policies.end(),
            [](const Policy& a, const Policy& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(policies.begin(), policies.end(),
                         [](const Policy& a, const Policy& b) { return a.name == b.name; });
  if (twice != policies.end()) {
    return Fail(Reason::kPolicyInvalid, "two policies have the name " + twice->name);
  }
  return base::Ok();
}

Result<CompiledPolicies> ParseCompiled(std::string_view text) {
  SIGWARD_ASSIGN_OR_RETURN(const Json root,
                           base::ParseStrictJson(text, kMaxCompiledBytes, kMaxCompiledValues));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(root, "policy"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string format, fields.String("format"));
  if (format != kFormat) {
    return Fail(Reason::kPolicyInvalid,
                "policy.format is not " + std::string(kFormat) + ": compiled by another version?");
  }
  CompiledPolicies compiled;
  SIGWARD_ASSIGN_OR_RETURN(const std::string no_match_word, fields.String("noMatch"));
  const auto no_match = NoMatchFromWord(no_match_word);
  if (!no_match.has_value()) {
    return Fail(Reason::kPolicyInvalid, "policy.noMatch is none of deny, warn, allow");
  }
  compiled.no_match = *no_match;
  if (fields.Has("transparencyUrl")) {
    SIGWARD_ASSIGN_OR_RETURN(compiled.transparency_url, fields.String("transparencyUrl"));
    if (auto fit = CheckTransparencyUrl(compiled.transparency_url); !fit.ok()) {
      return Within("policy.transparencyUrl", std::move(fit).error());
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(compiled.policies,
                           ParseList<Policy>(fields, "policies", 0, kMaxPolicies, ParsePolicy));
  SIGWARD_RETURN_IF_ERROR(SortByName(compiled.policies));
  SIGWARD_ASSIGN_OR_RETURN(compiled.trust_roots, ParseTrustRoots(fields));
  SIGWARD_RETURN_IF_ERROR(SetIds(compiled.policies, compiled.trust_roots));
  SIGWARD_ASSIGN_OR_RETURN(compiled.node, ParseNodeRules(fields));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return compiled;
}

Json ToJson(const Policy& policy) {
  Json images = Json::array();
  for (const Glob& glob : policy.globs) {
    images.push_back(glob.text());
  }
  Json authorities = Json::array();
  for (const Authority& authority : policy.authorities) {
    authorities.push_back(ToJson(authority));
  }
  Json json = {{"name", policy.name},
               {"mode", ModeWord(policy.mode)},
               {"images", std::move(images)},
               {"authorities", std::move(authorities)}};
  if (policy.accept_unprovable_rootfs) {
    json["acceptUnprovableRootfs"] = true;
  }
  if (policy.refuse_modified_rootfs) {
    json["refuseModifiedRootfs"] = true;
  }
  return json;
}

void AddNodeRules(const NodeRules& node, Json& root) {
  for (const auto& [name, digests] :
       {std::pair("floor", &node.floor), std::pair("deny", &node.deny)}) {
    for (const verifier::Digest& digest : *digests) {
      root[name].push_back(digest.text());
    }
  }
  if (node.stop_running) {
    root["stopRunning"] = true;
  }
}

}  // namespace

base::Result<std::shared_ptr<const PolicySnapshot>> PolicySnapshot::Parse(
    std::string_view compiled, std::uint64_t generation) {
  auto parsed = ParseCompiled(compiled);
  if (!parsed.ok()) {
    return AsPolicyError(std::move(parsed).error());
  }
  const std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
  snapshot->generation_ = generation;
  snapshot->no_match_ = parsed->no_match;
  snapshot->transparency_url_ = std::move(parsed->transparency_url);
  snapshot->node_ = std::move(parsed->node);
  snapshot->trust_roots_ = std::move(parsed->trust_roots);
  snapshot->policies_ = std::move(parsed->policies);
  for (std::size_t i = 0; i < snapshot->policies_.size(); ++i) {
    for (const Glob& glob : snapshot->policies_[i].globs) {
      snapshot->globs_.Add(glob, i);
    }
  }
  return std::shared_ptr<const PolicySnapshot>(snapshot);
}

std::string Compile(const std::vector<Policy>& policies, NoMatch no_match,
                    std::string_view transparency_url, const NodeRules& node,
                    const TrustRoots& trust_roots) {
  std::vector<const Policy*> sorted;
  sorted.reserve(policies.size());
  for (const Policy& policy : policies) {
    sorted.push_back(&policy);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Policy* a, const Policy* b) { return a->name < b->name; });
  Json list = Json::array();
  for (const Policy* policy : sorted) {
    list.push_back(ToJson(*policy));
  }
  Json root = {
      {"format", kFormat}, {"noMatch", NoMatchWord(no_match)}, {"policies", std::move(list)}};
  if (!transparency_url.empty()) {
    root["transparencyUrl"] = transparency_url;
  }
  for (const auto& [name, trust_root] : trust_roots) {
    root["trustRoots"][name] = Json::parse(trust_root.json());
  }
  AddNodeRules(node, root);
  // Members are sorted by name and broken UTF-8 is replaced, so this neither varies nor throws.
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sigward::policy
