#include "cli/keyless_authority.h"

#include <string>
#include <utility>
#include <vector>

#include "cli/identity_lint.h"
#include "policy/identity_match.h"
#include "verifier/certificate/fulcio_claims.h"

namespace sigward::cli {
namespace {

using policy::Identity;
using policy::IdentityKind;
using policy::IdentityText;
using policy::KeylessRule;
using policy::LogRule;
using Part = TrustRootUses::Part;

constexpr std::string_view kPublicFulcio = "https://fulcio.sigstore.dev";

void WarnOfExpression(const YamlFields& fields, const TextPlace& place, const IdentityText& text) {
  if (!IsAnchored(text.text())) {
    fields.Warn(place.given,
                "matches anywhere in the text, so whoever can choose a longer one can pass; "
                "put it between ^ and $, and . for a dot as \\.");
  }
  if (const auto probe = FitsAnybody(text, place.field); !probe.empty()) {
    fields.Warn(place.given, "fits anybody's certificate, such as one that says " + Quoted(probe));
  }
}

std::optional<IdentityText> Checked(const YamlFields& fields, const TextPlace& place,
                                    IdentityKind kind, const std::string& text) {
  auto parsed = IdentityText::Of(kind, text);
  if (!parsed.ok()) {
    fields.Report(place.given, parsed.error().detail);
    return std::nullopt;
  }
  switch (kind) {
    case IdentityKind::kExact:
      if (auto concern = StarsConcern(text, place); !concern.empty()) {
        fields.Warn(place.given, std::move(concern));
      }
      break;
    case IdentityKind::kRegExp:
      WarnOfExpression(fields, place, *parsed);
      break;
    case IdentityKind::kWildcards:
      if (auto concern = WildcardsConcern(*parsed, place.field); !concern.empty()) {
        fields.Warn(place.given, std::move(concern));
      }
      break;
  }
  return *std::move(parsed);
}

/// The member for FIELD, or the one with RegExp behind its name.
std::optional<IdentityText> ReadIdentityText(YamlFields& identity, IdentityField field,
                                             IdentityKind plain) {
  const std::string name = field == IdentityField::kIssuer ? "issuer" : "subject";
  const std::string expression = name + "RegExp";
  const auto exact = identity.OptionalString(name);
  const auto pattern = identity.OptionalString(expression);
  if (identity.Has(name) == identity.Has(expression)) {
    identity.Report(identity.Has(name) ? expression : name,
                    identity.Has(name)
                        ? "expected exactly one of " + name + ", " + expression + "; got both"
                        : "missing field; expected " + name + " or " + expression);
    return std::nullopt;
  }
  const std::string& given = identity.Has(name) ? name : expression;
  const auto& text = identity.Has(name) ? exact : pattern;
  if (!text.has_value()) {
    return std::nullopt;
  }
  return Checked(identity, {field, given, expression},
                 pattern.has_value() ? IdentityKind::kRegExp : plain, *text);
}

/// The member NAME, if it is there: what Fulcio's certificates say beside issuer and subject.
void ReadClaims(YamlFields& identity, const std::string& name, IdentityKind kind, Identity& into) {
  if (!identity.Has(name)) {
    return;
  }
  auto claims = identity.Mapping(name);
  if (!claims.has_value()) {
    return;
  }
  const std::vector<std::string> names = claims->NamesUnder("");
  if (names.empty()) {
    claims->Report("", "expected at least one claim");
  }
  // One that is spelled wrong may have been meant for one of them.
  for (const std::string_view claim : verifier::ClaimNames()) {
    claims->Ignore({claim});
  }
  for (const std::string& claim : names) {
    if (!verifier::IsClaimName(claim)) {
      const std::string nearest(claims->Nearest(claim));
      claims->Report(claim, "no claim of Fulcio's certificates; " +
                                (nearest.empty() ? "docs/policies.md lists them"
                                                 : "did you mean " + nearest + "?"));
      continue;
    }
    const auto text = claims->String(claim);
    const TextPlace place = {IdentityField::kClaim, claim, "claimsRegExp." + claim};
    auto checked = text ? Checked(*claims, place, kind, *text) : std::nullopt;
    if (checked.has_value() && !into.claims.emplace(claim, *std::move(checked)).second) {
      claims->Report(claim, "expected in one of claims and claimsRegExp; got both");
    }
  }
}

void ReadIdentities(YamlFields& keyless, IdentityKind plain, std::vector<Identity>& into) {
  const auto* list = keyless.List("identities");
  if (list == nullptr) {
    return;
  }
  if (list->size() > policy::kMaxIdentities) {
    keyless.Report("identities",
                   "more than " + std::to_string(policy::kMaxIdentities) + " entries");
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    YamlFields identity = keyless.Element("identities", *list, i);
    if (!identity.IsMapping()) {
      continue;
    }
    auto issuer = ReadIdentityText(identity, IdentityField::kIssuer, plain);
    auto subject = ReadIdentityText(identity, IdentityField::kSubject, plain);
    identity.Ignore({"claims", "claimsRegExp"});
    if (issuer.has_value() && subject.has_value()) {
      Identity& read = into.emplace_back(Identity{*std::move(issuer), *std::move(subject)});
      ReadClaims(identity, "claims", plain, read);
      ReadClaims(identity, "claimsRegExp", IdentityKind::kRegExp, read);
    }
    identity.NoOthers();
  }
}

/// `url` says where certificates are asked for, and nothing about whom to trust.
void ReadUrl(YamlFields& keyless) {
  const auto url = keyless.OptionalString("url");
  if (!url.has_value()) {
    return;
  }
  if (const auto fit = policy::CheckTransparencyUrl(*url); !fit.ok()) {
    keyless.Report("url", fit.error().detail);
  } else if (!keyless.Has("trustRootRef") && *url != kPublicFulcio &&
             *url != std::string(kPublicFulcio) + "/") {
    keyless.Warn(
        "url",
        "says nothing about whom to trust: without trustRootRef, as in policy-controller, "
        "that is Sigstore's public instance; put this one's certificates into a TrustRoot");
  }
}

std::optional<std::string> ReadOwnAuthority(YamlFields& keyless, const AuthorityContext& context) {
  auto fields = keyless.Mapping("ca-cert");
  if (!fields.has_value()) {
    return std::nullopt;
  }
  fields->NotSupported({"secretRef", "kms"});
  const auto pem = fields->String("data");
  fields->NoOthers();
  if (!pem.has_value()) {
    return std::nullopt;
  }
  auto root = TrustRootOfAuthority(*pem);
  if (!root.ok()) {
    fields->Report("data", root.error().detail);
    return std::nullopt;
  }
  return context.trust_roots.AddOwn(*std::move(root));
}

/// The name of a TrustRoot, of which none is empty or begins as sigward's own names do.
std::optional<std::string> ReadTrustRootRef(YamlFields& fields) {
  auto name = fields.OptionalString("trustRootRef");
  if (name.has_value() && (name->empty() || name->front() == '@')) {
    fields.Report("trustRootRef", Quoted(*name) + " is no name of a TrustRoot");
    return std::nullopt;
  }
  return name;
}

/// The name of whom certificates are trusted from.
std::optional<std::string> ReadWhomToTrust(YamlFields& keyless, const AuthorityContext& context) {
  ReadUrl(keyless);
  auto reference = ReadTrustRootRef(keyless);
  for (const std::string_view other : {"url", "trustRootRef"}) {
    if (keyless.Has("ca-cert") && keyless.Has(other)) {
      keyless.Report("ca-cert",
                     "expected exactly one of " + std::string(other) + ", ca-cert; got both");
    }
  }
  if (keyless.Has("ca-cert")) {
    return ReadOwnAuthority(keyless, context);
  }
  keyless.Ignore({"ca-cert"});
  if (keyless.Has("trustRootRef")) {
    return reference;
  }
  return std::string(policy::kPublicGoodRoot);
}

/// What `ctlog` itself demands; it is there.
LogRule ReadLog(YamlFields& authority, const AuthorityContext& context) {
  auto ctlog = authority.Mapping("ctlog");
  if (!ctlog.has_value()) {
    return {};
  }
  const auto url = ctlog->OptionalString("url");
  const auto reference = ReadTrustRootRef(*ctlog);
  ctlog->NoOthers();
  if (!ctlog->Has("url") && !ctlog->Has("trustRootRef")) {
    authority.Warn("ctlog",
                   "without url and trustRootRef, as in policy-controller, no transparency log is "
                   "demanded; leave ctlog out to demand the public one of a keyless signature");
    return {};
  }
  if (url.has_value()) {
    if (const auto fit = policy::CheckTransparencyUrl(*url); !fit.ok()) {
      ctlog->Report("url", fit.error().detail);
    }
  }
  LogRule rule{reference.value_or(std::string(policy::kPublicGoodRoot)), url.value_or("")};
  context.trust_roots.Add(
      *rule.trust_root, Part::kLogs,
      ctlog->ProblemAt(ctlog->Has("trustRootRef") ? "trustRootRef" : "url", ""));
  return rule;
}

/// What is demanded of the log where `ctlog` says nothing: of a key nothing, of a certificate of
/// the public instance its log.
LogRule LogByDefault(YamlFields& authority, const AuthorityContext& context) {
  if (!authority.Has("keyless")) {
    return {};
  }
  const auto keyless = authority.Mapping("keyless");
  if (keyless.has_value() && keyless->Has("trustRootRef")) {
    keyless->Warn("trustRootRef",
                  "as in policy-controller, no transparency log is demanded with a trust root of "
                  "one's own; demand it with ctlog.trustRootRef");
    return {};
  }
  context.trust_roots.Add(std::string(policy::kPublicGoodRoot), Part::kLogs,
                          authority.ProblemAt("keyless", ""));
  return {std::string(policy::kPublicGoodRoot), ""};
}

void ReadTimestamp(YamlFields& authority, const AuthorityContext& context, Demands& demands) {
  auto fields = authority.Mapping("rfc3161timestamp");
  if (!fields.has_value()) {
    return;
  }
  if (!fields->Has("trustRootRef")) {
    fields->Report("trustRootRef", "missing field");
  }
  demands.timestamp.trust_root = ReadTrustRootRef(*fields);
  fields->NoOthers();
  if (demands.timestamp.trust_root.has_value()) {
    context.trust_roots.Add(*demands.timestamp.trust_root, Part::kTimestampAuthorities,
                            fields->ProblemAt("trustRootRef", ""));
  }
  if (authority.Has("ctlog") || authority.Has("keyless")) {
    authority.Warn("rfc3161timestamp",
                   "as in policy-controller, no transparency log is demanded beside a time stamp");
  }
}

void ReadForms(YamlFields& authority, Demands& demands) {
  const auto word = authority.OptionalString("signatureFormat");
  if (!word.has_value()) {
    return;
  }
  if (const auto forms = policy::SignatureFormsFromWord(*word)) {
    demands.forms = *forms;
  } else {
    authority.Report("signatureFormat",
                     "unknown format " + Quoted(*word) + "; expected legacy or bundle");
  }
}

}  // namespace

std::optional<KeylessRule> ReadKeyless(YamlFields keyless, const AuthorityContext& context) {
  KeylessRule rule;
  const auto trusted = ReadWhomToTrust(keyless, context);
  rule.ignore_sct = keyless.OptionalBool("insecureIgnoreSCT");
  ReadIdentities(keyless,
                 context.identity_wildcards ? IdentityKind::kWildcards : IdentityKind::kExact,
                 rule.identities);
  keyless.NoOthers();
  if (rule.ignore_sct) {
    keyless.Warn("insecureIgnoreSCT",
                 "certificates count that no certificate transparency log has seen");
  }
  if (!trusted.has_value() || rule.identities.empty()) {
    return std::nullopt;
  }
  rule.trust_root = *trusted;
  const std::string_view says = keyless.Has("ca-cert") ? "ca-cert" : "trustRootRef";
  context.trust_roots.Add(*trusted, Part::kAuthorities, keyless.ProblemAt(says, ""));
  if (!rule.ignore_sct) {
    context.trust_roots.Add(*trusted, Part::kCtLogs, keyless.ProblemAt(says, ""));
  }
  return rule;
}

std::optional<Demands> ReadDemands(YamlFields& authority, const AuthorityContext& context) {
  const std::size_t before = authority.problems().error_count();
  Demands demands;
  for (const std::string_view name : {"ctlog", "rfc3161timestamp", "signatureFormat"}) {
    if (authority.Has("static") && authority.Has(name)) {
      authority.Report(name, "expected exactly one of static, " + std::string(name) + "; got both");
    }
  }
  if (authority.Has("rfc3161timestamp")) {
    ReadTimestamp(authority, context, demands);
    if (authority.Has("ctlog")) {
      // It demands nothing there, but what is wrong with it is wrong.
      (void)ReadLog(authority, context);
    }
  } else if (!authority.Has("ctlog")) {
    demands.log = LogByDefault(authority, context);
  } else {
    demands.log = ReadLog(authority, context);
  }
  ReadForms(authority, demands);
  authority.Ignore({"ctlog", "rfc3161timestamp", "signatureFormat"});
  if (authority.problems().error_count() != before) {
    return std::nullopt;
  }
  return demands;
}

}  // namespace sigward::cli
