#include "cli/authority.h"

#include <utility>
#include <variant>

#include "base/ascii.h"
#include "base/text.h"
#include "cli/keyless_authority.h"

namespace sigward::cli {
namespace {

using policy::Authority;
using policy::KeyRule;
using policy::SignatureSource;
using policy::StaticRule;

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

using Rule = decltype(Authority::rule);

std::optional<Rule> ReadRule(YamlFields& authority, const AuthorityContext& context) {
  std::optional<Rule> rule;
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
  if (authority.Has("keyless")) {
    if (auto fields = authority.Mapping("keyless")) {
      rule = ReadKeyless(*std::move(fields), context);
    }
  }
  authority.Ignore({"key", "keyless", "static"});
  return rule;
}

}  // namespace

std::string Quoted(std::string_view text) {
  return "\"" + base::OneLine(text, 128) + "\"";
}

std::optional<Authority> ReadAuthority(YamlFields authority, std::size_t index,
                                       const AuthorityContext& context) {
  if (!authority.IsMapping()) {
    return std::nullopt;
  }
  const std::string given = KindsGiven(authority);
  if (given.empty()) {
    authority.Report("", "expected exactly one of key, keyless, static; got neither");
  } else if (given.find(',') != std::string::npos) {
    authority.Report("", "expected exactly one of key, keyless, static; got " + given);
  }
  const auto name = ReadAuthorityName(authority, index);
  authority.NotSupported({"attestations"});
  auto source = ReadSources(authority);
  auto rule = ReadRule(authority, context);
  auto demands = ReadDemands(authority, context);
  authority.NoOthers();
  if (!name.has_value() || !rule.has_value() || !source.has_value() || !demands.has_value()) {
    return std::nullopt;
  }
  return Authority{.name = *name,
                   .rule = *std::move(rule),
                   .source = *std::move(source),
                   .log = std::move(demands->log),
                   .timestamp = std::move(demands->timestamp),
                   .forms = demands->forms};
}

}  // namespace sigward::cli
