#include "cli/cluster_image_policy.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::cli {
namespace {

using policy::Authority;
using policy::Glob;
using policy::KeyRule;
using policy::Policy;
using policy::SignatureSource;
using policy::StaticRule;

std::string Quoted(std::string_view text) {
  return "\"" + base::OneLine(text, 128) + "\"";
}

/// The glob that was probably meant by one that is well-formed but fits no image, which is most
/// often a slip: images are matched with their host and their digest, and without their tag. Empty
/// when TEXT may fit one.
std::string BetterGlob(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    const bool fits = text == "*" || text.find("**") != std::string_view::npos;
    return fits ? "" : "docker.io/library/" + std::string(text.substr(0, text.find(':'))) + "@*";
  }
  const std::size_t special = text.find_first_of("*@:", slash);
  if (special != std::string_view::npos && text[special] != ':') {
    return "";
  }
  return std::string(text.substr(0, special)) + "@*";
}

std::optional<Glob> ReadGlob(YamlFields image) {
  const auto text = image.String("glob");
  image.NoOthers();
  if (!text.has_value()) {
    return std::nullopt;
  }
  auto glob = Glob::Parse(*text);
  if (!glob.ok()) {
    image.Report("glob", glob.error().detail);
    return std::nullopt;
  }
  if (const std::string better = BetterGlob(*text); !better.empty()) {
    image.Warn("glob",
               "matches no image: images are matched as registry/repository@digest; did you "
               "mean " +
                   Quoted(better) + "?");
  }
  return std::move(glob).value();
}

std::optional<verifier::HashAlgorithm> ReadHash(const YamlFields& key, const std::string& name) {
  auto hash = verifier::ParseHashAlgorithm(name);
  if (hash.ok()) {
    return *hash;
  }
  std::string plain;
  for (const char c : name) {
    if (c != '-') {
      plain += base::LowerCase(c);
    }
  }
  key.Report("hashAlgorithm",
             plain == "ed25519ph"
                 ? "Ed25519ph signatures are not supported; Ed25519 keys need no hashAlgorithm"
                 : "unknown hash algorithm " + Quoted(name) +
                       "; expected sha224, sha256, sha384 or sha512");
  return std::nullopt;
}

/// What people put into key.data by mistake, told apart before the parser says "malformed".
std::string KeyMistake(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::size_t blocks = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos;
       at = pem.find(kBegin, at + kBegin.size())) {
    ++blocks;
  }
  if (blocks > 1) {
    return "holds " + std::to_string(blocks) + " PEM blocks; give each key an authority of its own";
  }
  if (blocks == 1 && pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return "holds a private key; a policy takes the public key alone";
  }
  return "";
}

std::optional<KeyRule> ReadKey(YamlFields key) {
  const bool has_source = key.Has("data") || key.Has("secretRef") || key.Has("kms");
  key.NotSupported({"secretRef", "kms"});
  const auto data = key.OptionalString("data");
  const auto hash_name = key.OptionalString("hashAlgorithm");
  key.NoOthers();
  if (!has_source) {
    key.Report("data", "missing field");
  }
  std::optional<verifier::HashAlgorithm> hash;
  if (hash_name.has_value()) {
    hash = ReadHash(key, *hash_name);
  }
  if (!data.has_value()) {
    return std::nullopt;
  }
  if (const std::string mistake = KeyMistake(*data); !mistake.empty()) {
    key.Report("data", mistake);
    return std::nullopt;
  }
  auto rule = KeyRule::Of(*data, hash);
  if (!rule.ok()) {
    key.Report("data", rule.error().detail);
    return std::nullopt;
  }
  return std::move(rule).value();
}

std::optional<StaticRule> ReadStatic(YamlFields fields) {
  const auto action = fields.String("action");
  const auto message = fields.OptionalString("message");
  fields.NoOthers();
  if (!action.has_value()) {
    return std::nullopt;
  }
  if (*action != "pass" && *action != "fail") {
    fields.Report("action", "unsupported action " + Quoted(*action) + "; expected pass or fail");
    return std::nullopt;
  }
  if (const auto fit = policy::CheckMessage(message.value_or("")); !fit.ok()) {
    fields.Report("message", fit.error().detail);
    return std::nullopt;
  }
  return StaticRule{.pass = *action == "pass", .message = message.value_or("")};
}

std::optional<std::string> ReadAuthorityName(YamlFields& authority, std::size_t index) {
  std::string fallback = "authority-" + std::to_string(index);
  if (!authority.Has("name")) {
    authority.Ignore({"name"});
    return fallback;
  }
  auto name = authority.OptionalString("name");
  if (name.has_value()) {
    if (const auto fit = policy::CheckAuthorityName(*name); !fit.ok()) {
      authority.Report("name", fit.error().detail);
      return std::nullopt;
    }
  }
  return name;
}

/// The one element of `source`: where signatures are looked for in place of beside the image.
std::optional<SignatureSource> ReadSource(YamlFields source) {
  if (source.Has("signaturePullSecrets")) {
    source.Report("signaturePullSecrets",
                  "not supported: a node reads registries with its own credentials, whatever a "
                  "namespace holds");
  }
  source.Ignore({"signaturePullSecrets"});
  const auto repository = source.OptionalString("oci");
  const auto prefix = source.OptionalString("tagPrefix");
  source.NoOthers();
  if (!source.Has("oci") && !source.Has("tagPrefix")) {
    source.Report("oci", "missing field");
    return std::nullopt;
  }
  if (repository.has_value() && repository->empty()) {
    source.Report("oci", "empty");
    return std::nullopt;
  }
  if (const auto fit = policy::CheckTagPrefix(prefix.value_or("")); !fit.ok()) {
    source.Report("tagPrefix", Quoted(*prefix) + " is wrong: " + fit.error().detail);
    return std::nullopt;
  }
  auto read = SignatureSource::Of(repository.value_or(""), prefix.value_or(""));
  if (!read.ok()) {
    source.Report("oci", Quoted(*repository) + " is no repository: " + read.error().detail);
    return std::nullopt;
  }
  return *std::move(read);
}

/// Beside the image, unless the authority says otherwise.
std::optional<SignatureSource> ReadSources(YamlFields& authority) {
  if (!authority.Has("source")) {
    authority.Ignore({"source"});
    return SignatureSource();
  }
  const auto* sources = authority.List("source");
  if (sources == nullptr) {
    return std::nullopt;
  }
  if (sources->size() > 1) {
    authority.Report("source", "only single source is supported");
    return std::nullopt;
  }
  if (authority.Has("static")) {
    authority.Report("source", "expected exactly one of static, source; got both");
    return std::nullopt;
  }
  YamlFields source = authority.Element("source", *sources, 0);
  return source.IsMapping() ? ReadSource(std::move(source)) : std::nullopt;
}

/// Every kind of authority that upstream knows; exactly one stands in each.
std::string KindsGiven(const YamlFields& authority) {
  std::string given;
  for (const std::string_view kind : {"key", "keyless", "static"}) {
    if (authority.Has(kind)) {
      given += (given.empty() ? "" : ", ") + std::string(kind);
    }
  }
  return given;
}

std::optional<Authority> ReadAuthority(YamlFields authority, std::size_t index) {
  if (!authority.IsMapping()) {
    return std::nullopt;
  }
  const std::string given = KindsGiven(authority);
  if (given.empty()) {
    authority.Report("", "expected exactly one of key, static; got neither");
  } else if (given.find(',') != std::string::npos) {
    authority.Report("", "expected exactly one of key, static; got " + given);
  }
  const auto name = ReadAuthorityName(authority, index);
  authority.NotSupported(
      {"keyless", "ctlog", "rfc3161timestamp", "attestations", "signatureFormat"});
  auto source = ReadSources(authority);
  std::optional<std::variant<StaticRule, KeyRule>> rule;
  if (authority.Has("key")) {
    if (auto fields = authority.Mapping("key")) {
      rule = ReadKey(*std::move(fields));
    }
  }
  if (authority.Has("static")) {
    if (auto fields = authority.Mapping("static")) {
      rule = ReadStatic(*std::move(fields));
    }
  }
  authority.Ignore({"key", "static"});
  authority.NoOthers();
  if (!name.has_value() || !rule.has_value() || !source.has_value()) {
    return std::nullopt;
  }
  return Authority{.name = *name, .rule = *std::move(rule), .source = *std::move(source)};
}

void ReadGlobs(YamlFields& spec, Policy& policy) {
  const auto* images = spec.List("images");
  if (images == nullptr) {
    return;
  }
  if (images->size() > policy::kMaxGlobsPerPolicy) {
    spec.Report("images", "more than " + std::to_string(policy::kMaxGlobsPerPolicy) + " entries");
    return;
  }
  for (std::size_t i = 0; i < images->size(); ++i) {
    if (auto glob = ReadGlob(spec.Element("images", *images, i))) {
      policy.globs.push_back(*std::move(glob));
    }
  }
}

void ReadAuthorities(YamlFields& spec, Policy& policy) {
  const auto* authorities = spec.List("authorities");
  if (authorities == nullptr) {
    return;
  }
  if (authorities->size() > policy::kMaxAuthoritiesPerPolicy) {
    spec.Report("authorities",
                "more than " + std::to_string(policy::kMaxAuthoritiesPerPolicy) + " entries");
    return;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < authorities->size(); ++i) {
    auto authority = ReadAuthority(spec.Element("authorities", *authorities, i), i);
    if (!authority.has_value()) {
      continue;
    }
    if (!names.insert(authority->name).second) {
      spec.Element("authorities", *authorities, i)
          .Report("name", "two authorities have the name " + Quoted(authority->name));
    }
    policy.authorities.push_back(*std::move(authority));
  }
}

void ReadMode(YamlFields& spec, Policy& policy) {
  const auto word = spec.OptionalString("mode");
  if (!word.has_value()) {
    return;
  }
  const auto mode = policy::ModeFromWord(*word);
  if (mode.has_value()) {
    policy.mode = *mode;
  } else {
    spec.Report("mode", "unsupported mode " + Quoted(*word) + "; expected enforce or warn");
  }
}

/// sigward's own switches, which ClusterImagePolicy has no fields for: annotations. One that is
/// mistyped must not go unnoticed.
void ReadSwitches(YamlFields& document, Policy& policy) {
  constexpr std::string_view kPrefix = "sigward.dev/";
  auto metadata = document.Mapping("metadata");
  if (!metadata.has_value() || !metadata->Has("annotations")) {
    return;
  }
  auto annotations = metadata->Mapping("annotations");
  if (!annotations.has_value()) {
    return;
  }
  for (const std::string& name : annotations->NamesUnder(kPrefix)) {
    const auto word = annotations->String(name);
    bool* place = nullptr;
    if (name == "sigward.dev/accept-unprovable-rootfs") {
      place = &policy.accept_unprovable_rootfs;
    } else if (name == "sigward.dev/refuse-modified-rootfs") {
      place = &policy.refuse_modified_rootfs;
    }
    if (place == nullptr) {
      annotations->Report(name,
                          "unknown switch; expected sigward.dev/accept-unprovable-rootfs or "
                          "sigward.dev/refuse-modified-rootfs");
    } else if (word.has_value() && *word != "true" && *word != "false") {
      annotations->Report(name, "expected \"true\" or \"false\"");
    } else {
      *place = word == "true";
    }
  }
}

}  // namespace

std::optional<std::string> ReadMetadataName(YamlFields& document) {
  auto metadata = document.Mapping("metadata");
  if (!metadata.has_value()) {
    return std::nullopt;
  }
  auto name = metadata->String("name");
  metadata->Ignore({"namespace", "labels", "annotations", "creationTimestamp", "uid",
                    "resourceVersion", "generation", "managedFields", "selfLink", "finalizers",
                    "ownerReferences"});
  metadata->NoOthers();
  if (name.has_value()) {
    if (const auto fit = policy::CheckPolicyName(*name); !fit.ok()) {
      metadata->Report("name", Quoted(*name) + " is " + fit.error().detail);
      return std::nullopt;
    }
  }
  return name;
}

std::optional<Policy> ReadClusterImagePolicy(YamlFields& document) {
  Policy policy;
  const auto name = ReadMetadataName(document);
  policy.name = name.value_or("");
  if (name.has_value()) {
    ReadSwitches(document, policy);
  }
  auto spec = document.Mapping("spec");
  document.Ignore({"status"});
  document.NoOthers();
  if (!spec.has_value()) {
    return std::nullopt;
  }
  ReadGlobs(*spec, policy);
  ReadAuthorities(*spec, policy);
  ReadMode(*spec, policy);
  spec->NotSupported({"match", "policy"});
  spec->NoOthers();
  if (!name.has_value() || policy.globs.empty() || policy.authorities.empty()) {
    return std::nullopt;
  }
  return policy;
}

}  // namespace sigward::cli
