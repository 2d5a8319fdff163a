// Keyless authorities and trust roots in the files that people write: errors and warnings with
// their whole text, and what is compiled.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "cli/policy_sources.h"
#include "policy_documents.h"

namespace sigward::cli {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kHead;
using testing::kImages;
using testing::Texts;
using testing::WithAuthority;
using testing::WithKeys;
using testing::WithSpec;

constexpr const char* kRoot = SIGWARD_SOURCE_DIR "/policy/sigstore/trusted_root.json";
/// Ends each warning about a log that is not demanded.
const std::string kAsUpstream = "as in policy-controller, no transparency log is demanded ";

const Json& PublicGood() {
  static const Json root = [] {
    std::ifstream file(kRoot);
    return Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  }();
  return root;
}

std::string Pem(const std::string& label, std::string base64) {
  constexpr std::size_t kLine = 64;
  std::string out = "-----BEGIN " + label + "-----\n";
  for (; base64.size() > kLine; base64.erase(0, kLine)) {
    out += base64.substr(0, kLine) + "\n";
  }
  return out + base64 + "\n-----END " + label + "-----\n";
}

std::string ChainPem(const Json& authority) {
  std::string out;
  for (const Json& certificate : authority["certChain"]["certificates"]) {
    out += Pem("CERTIFICATE", certificate["rawBytes"]);
  }
  return out;
}

std::string Encoded(const std::string& text) {
  return base::EncodeBase64(base::AsBytes(text));
}

std::string AuthorityYaml(const Json& authority) {
  return "{subject: {organization: o, commonName: c}, uri: https://x.example, certChain: " +
         Encoded(ChainPem(authority)) + "}";
}
std::string LogYaml(const Json& log) {
  return "{baseURL: https://x.example, hashAlgorithm: sha-256, publicKey: " +
         Encoded(Pem("PUBLIC KEY", log["publicKey"]["rawBytes"])) + "}";
}

/// The TrustRoot `mine` with what NAMES of Sigstore's public instances.
std::string TrustRoot(const std::string& spec) {
  return "---\napiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\n"
         "metadata: {name: mine}\nspec:\n  " +
         spec + "\n";
}
std::string Keys(bool logs, bool ct_logs, bool timestamps) {
  const Json& root = PublicGood();
  std::string out = "sigstoreKeys:\n    certificateAuthorities: [" +
                    AuthorityYaml(root["certificateAuthorities"][1]) + "]";
  if (logs) {
    out += "\n    tLogs: [" + LogYaml(root["tlogs"][0]) + "]";
  }
  if (ct_logs) {
    out += "\n    ctLogs: [" + LogYaml(root["ctlogs"][1]) + "]";
  }
  if (timestamps) {
    out += "\n    timestampAuthorities: [" + AuthorityYaml(root["timestampAuthorities"][0]) + "]";
  }
  return TrustRoot(out);
}
std::string Mine() {
  return Keys(true, true, true);
}

const std::string kIdentities = "identities: [{issuer: https://i.example, subject: a@example.com}]";

struct Outcome {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  Json compiled;

  const Json& authority() const { return compiled["policies"][0]["authorities"][0]; }
};

Outcome Compile(const std::string& document, const std::string& public_good = kRoot) {
  const std::vector<SourceText> sources = {{"f.yaml", WithKeys(document)}};
  Problems problems;
  const auto compiled = CompileSources(sources, problems, {.public_good_root = public_good});
  EXPECT_EQ(compiled.has_value(), !problems.HasErrors());
  return {Texts(problems.errors()), Texts(problems.warnings()),
          compiled.has_value() ? Json::parse(compiled->text) : Json()};
}

struct Row {
  std::string name;
  std::string document;
  /// Whole texts behind "f.yaml:7: spec.authorities[0]".
  std::vector<std::string> errors = {};
  std::vector<std::string> warnings = {};
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class KeylessRowTest : public ::testing::TestWithParam<Row> {};

TEST_P(KeylessRowTest, SaysWhatItHasTo) {
  const Outcome outcome = Compile(GetParam().document);
  const auto whole = [](std::vector<std::string> texts) {
    for (std::string& text : texts) {
      text.insert(0, "f.yaml:7: spec.authorities[0]");
    }
    return texts;
  };
  EXPECT_EQ(outcome.errors, whole(GetParam().errors));
  EXPECT_EQ(outcome.warnings, whole(GetParam().warnings));
}

std::string Keyless(const std::string& fields, const std::string& beside = "") {
  return WithAuthority("{keyless: {" + fields + "}" + beside + "}");
}
std::string WithIdentity(const std::string& identity) {
  return Keyless("identities: [{" + identity + "}]");
}
std::string WithSubject(const std::string& subject) {
  return WithIdentity("issuer: https://i.example, " + subject);
}

const std::string kId = ".keyless.identities[0].";
constexpr const char* kOpen =
    ": matches anywhere in the text, so whoever can choose a longer one can pass; put it between ^ "
    "and $, and . for a dot as \\.";
const std::string kLiteral =
    ": \"*\" is compared literally, as policy-controller does it, so this fits only a text with a "
    "star in it";
const std::string kAnybody = " fits anybody's certificate, such as one that says \"qxzvw\"";

const std::vector<Row> kKeyless = {
    {"Smallest", Keyless(kIdentities)},
    {"PublicUrl", Keyless("url: https://fulcio.sigstore.dev, " + kIdentities)},
    {"AnchoredExpressions", WithIdentity("issuerRegExp: '^https://i$', subjectRegExp: '^a$'")},
    {"OtherUrl",
     Keyless("url: https://fulcio.example, " + kIdentities),
     {},
     {".keyless.url: says nothing about whom to trust: without trustRootRef, as in "
      "policy-controller, that is Sigstore's public instance; put this one's certificates into a "
      "TrustRoot"}},
    {"BadUrl",
     Keyless("url: fulcio, " + kIdentities),
     {".keyless.url: not a http:// or https:// URL"}},
    {"UnknownField", Keyless("issuer: x, " + kIdentities), {".keyless.issuer: unknown field"}},
    {"NoIdentities",
     Keyless("url: https://fulcio.sigstore.dev"),
     {".keyless.identities: missing field"}},
    {"EmptyIdentities", Keyless("identities: []"), {".keyless.identities: the list is empty"}},
    {"NoSubject",
     WithIdentity("issuer: i"),
     {kId + "subject: missing field; expected subject or subjectRegExp"}},
    {"NoIssuer",
     WithIdentity("subject: s"),
     {kId + "issuer: missing field; expected issuer or issuerRegExp"}},
    {"EmptySubject", WithIdentity("issuer: i, subject: ''"), {kId + "subject: empty"}},
    {"BothSubjects",
     WithSubject("subject: s, subjectRegExp: '^s$'"),
     {kId + "subjectRegExp: expected exactly one of subject, subjectRegExp; got both"}},
    {"BothIssuers",
     WithIdentity("issuer: i, issuerRegExp: '^i$', subject: s"),
     {kId + "issuerRegExp: expected exactly one of issuer, issuerRegExp; got both"}},
    {"NoRegExp",
     WithSubject("subjectRegExp: '****'"),
     {kId + "subjectRegExp: no regular expression: no argument for repetition operator: *"}},
    {"UnknownIdentityField", WithSubject("subject: s, regexp: x"), {kId + "regexp: unknown field"}},
    {"AlmostClaims",
     WithSubject("subject: s, claim: {buildTrigger: push}, claimsRegexp: {}"),
     {kId + "claim: unknown field; did you mean claims?",
      kId + "claimsRegexp: unknown field; did you mean claimsRegExp?"}},
    {"AlmostAClaim",
     WithSubject("subject: s, claims: {RunnerEnvironment: a, runnerEnviroment: b}"),
     {kId + "claims.RunnerEnvironment: no claim of Fulcio's certificates; did you mean "
            "runnerEnvironment?",
      kId + "claims.runnerEnviroment: no claim of Fulcio's certificates; did you mean "
            "runnerEnvironment?"}},
    {"NoClaim",
     WithSubject("subject: s, claims: {colour: red}"),
     {kId + "claims.colour: no claim of Fulcio's certificates; docs/policies.md lists them"}},
    {"StarInASubject",
     WithSubject("subject: 'https://github.com/docker-library/*'"),
     {},
     {kId + "subject" + kLiteral +
      "; did you mean subjectRegExp: '^https://github\\.com/docker-library/.*$', or subject: "
      "'https://github.com/docker-library/**' and the annotation sigward.dev/identity-wildcards: "
      "\"glob\"?"}},
    {"StarInTheMiddle",
     WithSubject("subject: \"https://ci.example/it's/*/a\""),
     {},
     {kId + "subject" + kLiteral +
      "; did you mean subjectRegExp: '^https://ci\\.example/it''s/[^/@]*/a$', or subject: "
      "'https://ci.example/it''s/*/a' and the annotation sigward.dev/identity-wildcards: "
      "\"glob\"?"}},
    {"StarInAnIssuer",
     WithIdentity("issuer: '*', subject: s"),
     {},
     {kId + "issuer" + kLiteral + "; as wildcards it" + kAnybody}},
    {"StarInAName",
     WithSubject("subject: 'https://github.com/exam*'"),
     {},
     {kId + "subject" + kLiteral +
      "; as wildcards it takes whatever begins with \"https://github.com/exam\", so a longer name "
      "that somebody else has too; write the whole name before the stars"}},
    {"StarInALongText",
     WithSubject("subject: '" + std::string(policy::kMaxWildcardLength - 1, 'a') + "/*'"),
     {},
     {kId + "subject" + kLiteral}},
    {"StarInAClaim",
     WithSubject("subject: s, claims: {sourceRepositoryRef: refs/tags/v*}"),
     {},
     {kId + "claims.sourceRepositoryRef" + kLiteral +
      "; did you mean claimsRegExp.sourceRepositoryRef: '^refs/tags/v.*$', or "
      "sourceRepositoryRef: 'refs/tags/v**' and the annotation sigward.dev/identity-wildcards: "
      "\"glob\"?"}},
    {"OpenExpression",
     WithSubject("subjectRegExp: github.com/me"),
     {},
     {kId + "subjectRegExp" + kOpen}},
    {"Anybody", WithSubject("subjectRegExp: ^.*$"), {}, {kId + "subjectRegExp:" + kAnybody}},
    {"NobodyIsNotAnybody", WithSubject("subjectRegExp: ^$")},
    {"IgnoredSct",
     Keyless("insecureIgnoreSCT: true, " + kIdentities),
     {},
     {".keyless.insecureIgnoreSCT: certificates count that no certificate transparency log has "
      "seen"}},
    {"SctIsAString",
     Keyless("insecureIgnoreSCT: 'yes', " + kIdentities),
     {".keyless.insecureIgnoreSCT: expected true or false, got a string"}},
    {"CaCertAndUrl",
     Keyless("url: https://fulcio.sigstore.dev, ca-cert: {kms: x}, " + kIdentities),
     {".keyless.ca-cert: expected exactly one of url, ca-cert; got both",
      ".keyless.ca-cert.kms: not supported yet", ".keyless.ca-cert.data: missing field"}},
    {"CaCertSecret",
     Keyless("ca-cert: {secretRef: {name: s}, data: x}, " + kIdentities),
     {".keyless.ca-cert.secretRef: not supported yet",
      ".keyless.ca-cert.data: certificateAuthorities[0]: PEM: the text does not start with a BEGIN "
      "line"}},
    {"ReservedTrustRoot",
     Keyless("trustRootRef: '@public-good', " + kIdentities, ", ctlog: {trustRootRef: mine}") +
         Mine(),
     {".keyless.trustRootRef: \"@public-good\" is no name of a TrustRoot"}},
    {"UnknownTrustRoot",
     Keyless("trustRootRef: other, " + kIdentities, ", ctlog: {trustRootRef: other}"),
     {".keyless.trustRootRef: no TrustRoot of the name other among the sources"}},
    {"UnknownTrustRoots",
     Keyless("trustRootRef: other, " + kIdentities, ", ctlog: {trustRootRef: another}"),
     {".keyless.trustRootRef: no TrustRoot of the name other among the sources",
      ".ctlog.trustRootRef: no TrustRoot of the name another among the sources"}},
    {"TrustRootWithoutCtLogs",
     Keyless("trustRootRef: mine, " + kIdentities, ", ctlog: {trustRootRef: mine}") +
         Keys(true, false, false),
     {},
     {".keyless.trustRootRef: the trust root has no certificate transparency logs (ctLogs), so no "
      "signature can satisfy this authority"}},
    {"TrustRootWithoutLogs",
     Keyless("trustRootRef: mine, " + kIdentities, ", ctlog: {trustRootRef: mine}") +
         Keys(false, true, false),
     {},
     {".ctlog.trustRootRef: the trust root has no transparency logs (tLogs), so no signature can "
      "satisfy this authority"}},
    {"TrustRootWithoutTimestamps",
     WithAuthority("{key: {data: $KEY}, rfc3161timestamp: {trustRootRef: mine}}") +
         Keys(true, true, false),
     {},
     {".rfc3161timestamp.trustRootRef: the trust root has no time stamp authorities, so no "
      "signature can satisfy this authority"}},
};

// The matrix of policy-controller: what it demands of the log, and where it says nothing.
const std::vector<Row> kLogs = {
    {"LogOfUrl", Keyless(kIdentities, ", ctlog: {url: https://rekor.example}")},
    {"LogOfTrustRoot", Keyless(kIdentities, ", ctlog: {trustRootRef: mine}") + Mine()},
    {"LogOfNothing",
     Keyless(kIdentities, ", ctlog: {}"),
     {},
     {".ctlog: without url and trustRootRef, " + kAsUpstream.substr(0, kAsUpstream.size() - 1) +
      "; leave ctlog out to demand the public one of a keyless signature"}},
    {"TrustRootAlone",
     Keyless("trustRootRef: mine, " + kIdentities) + Mine(),
     {},
     {".keyless.trustRootRef: " + kAsUpstream +
      "with a trust root of one's own; demand it with ctlog.trustRootRef"}},
    {"KeyAlone", WithAuthority("key: {data: $KEY}")},
    {"KeyWithLog", WithAuthority("{key: {data: $KEY}, ctlog: {url: https://rekor.example}}")},
    {"TimestampBesideALog",
     WithAuthority("{key: {data: $KEY}, ctlog: {trustRootRef: mine}, rfc3161timestamp: "
                   "{trustRootRef: mine}}") +
         Mine(),
     {},
     {".rfc3161timestamp: " + kAsUpstream + "beside a time stamp"}},
    {"TimestampOfAKey",
     WithAuthority("{key: {data: $KEY}, rfc3161timestamp: {trustRootRef: mine}}") + Mine()},
    {"TimestampOfNothing",
     WithAuthority("{key: {data: $KEY}, rfc3161timestamp: {}}"),
     {".rfc3161timestamp.trustRootRef: missing field"}},
    {"WrongLogBesideATimestamp",
     WithAuthority("{key: {data: $KEY}, ctlog: {trustRootRef: other, url: rekor, x: y}, "
                   "rfc3161timestamp: {trustRootRef: mine}}") +
         Mine(),
     {".ctlog.x: unknown field", ".ctlog.url: not a http:// or https:// URL",
      ".ctlog.trustRootRef: no TrustRoot of the name other among the sources"},
     {".rfc3161timestamp: " + kAsUpstream + "beside a time stamp"}},
    {"LogOfAnEmptyName",
     WithAuthority("{key: {data: $KEY}, ctlog: {trustRootRef: ''}}"),
     {".ctlog.trustRootRef: \"\" is no name of a TrustRoot"}},
    {"TimestampOfAReservedName",
     WithAuthority("{key: {data: $KEY}, rfc3161timestamp: {trustRootRef: '@public-good'}}"),
     {".rfc3161timestamp.trustRootRef: \"@public-good\" is no name of a TrustRoot"}},
    {"BadLogUrl",
     Keyless(kIdentities, ", ctlog: {url: rekor}"),
     {".ctlog.url: not a http:// or https:// URL"}},
    {"UnknownLogField",
     Keyless(kIdentities, ", ctlog: {uri: https://rekor.example}"),
     {".ctlog.uri: unknown field; did you mean url?"},
     {".ctlog: without url and trustRootRef, " + kAsUpstream.substr(0, kAsUpstream.size() - 1) +
      "; leave ctlog out to demand the public one of a keyless signature"}},
    {"BadFormat",
     Keyless(kIdentities, ", signatureFormat: cosign"),
     {".signatureFormat: unknown format \"cosign\"; expected legacy or bundle"}},
    {"EmptyFormat", Keyless(kIdentities, ", signatureFormat: ''")},
    {"LogOfAStatic",
     WithAuthority("{static: {action: pass}, ctlog: {url: https://r.example}}"),
     {".ctlog: expected exactly one of static, ctlog; got both"}},
    {"FormatOfAStatic",
     WithAuthority("{static: {action: pass}, signatureFormat: bundle}"),
     {".signatureFormat: expected exactly one of static, signatureFormat; got both"}},
};

INSTANTIATE_TEST_SUITE_P(Keyless, KeylessRowTest, ::testing::ValuesIn(kKeyless),
                         [](const auto& tested) { return tested.param.name; });
INSTANTIATE_TEST_SUITE_P(Logs, KeylessRowTest, ::testing::ValuesIn(kLogs),
                         [](const auto& tested) { return tested.param.name; });

TEST(KeylessPoliciesTest, TheResultIsSaidInTheCompiledForm) {
  const Json public_log = {{"use", "required"}, {"trustRoot", "@public-good"}};
  const Outcome plain = Compile(Keyless(kIdentities, ", signatureFormat: bundle"));
  EXPECT_EQ(
      plain.authority(),
      Json({{"name", "authority-0"},
            {"keyless",
             {{"trustRoot", "@public-good"},
              {"identities", {{{"issuer", "https://i.example"}, {"subject", "a@example.com"}}}}}},
            {"log", public_log},
            {"signatureFormat", "bundle"}}));
  EXPECT_EQ(plain.compiled["trustRoots"]["@public-good"], PublicGood());
  EXPECT_EQ(plain.compiled["trustRoots"].size(), 1U);

  Json with_url = public_log;
  with_url["url"] = "https://rekor.example";
  EXPECT_EQ(
      Compile(Keyless(kIdentities, ", ctlog: {url: https://rekor.example}")).authority()["log"],
      with_url);
  EXPECT_EQ(Compile(Keyless(kIdentities, ", ctlog: {}")).authority()["log"],
            Json({{"use", "ignored"}}));
  const Outcome mine =
      Compile(Keyless("trustRootRef: mine, " + kIdentities,
                      ", ctlog: {trustRootRef: mine, url: https://rekor.example}") +
              Mine());
  EXPECT_EQ(mine.authority()["log"]["trustRoot"], "mine");
  EXPECT_EQ(mine.authority()["log"]["url"], "https://rekor.example");
  EXPECT_EQ(mine.authority()["keyless"]["trustRoot"], "mine");
  EXPECT_EQ(mine.compiled["trustRoots"].size(), 1U) << "what nobody names is left out";
  EXPECT_EQ(Compile(Keyless("trustRootRef: mine, " + kIdentities) + Mine()).authority()["log"],
            Json({{"use", "ignored"}}));

  const Outcome stamped = Compile(
      WithAuthority("{key: {data: $KEY}, rfc3161timestamp: {trustRootRef: mine}}") + Mine());
  EXPECT_EQ(stamped.authority()["timestamp"], Json({{"trustRoot", "mine"}}));
  EXPECT_FALSE(stamped.authority().contains("log"));
  const Outcome both =
      Compile(Keyless(kIdentities, ", rfc3161timestamp: {trustRootRef: mine}") + Mine());
  EXPECT_EQ(both.authority()["log"], Json({{"use", "ignored"}}));
  EXPECT_EQ(both.compiled["trustRoots"].size(), 2U);
}

TEST(KeylessPoliciesTest, KeysAloneNeedNoTrustRoot) {
  const Outcome outcome =
      Compile(WithAuthority("key: {data: $KEY}") + Mine(), "/nowhere/trusted_root.json");
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_FALSE(outcome.compiled.contains("trustRoots"));
  EXPECT_FALSE(outcome.authority().contains("log"));
}

TEST(KeylessPoliciesTest, ThePublicTrustRootIsReadWhereItIsNamed) {
  const Outcome outcome = Compile(Keyless(kIdentities), "/nowhere/trusted_root.json");
  ASSERT_THAT(outcome.errors, ElementsAre(::testing::AllOf(
                                  ::testing::StartsWith("f.yaml:7: spec.authorities[0].keyless"),
                                  ::testing::HasSubstr("/nowhere/trusted_root.json"))));
}

TEST(KeylessPoliciesTest, AnAuthorityOfOnesOwnBecomesATrustRoot) {
  std::string pem = ChainPem(PublicGood()["certificateAuthorities"][1]);
  for (std::size_t at = 0; (at = pem.find('\n', at)) != std::string::npos; at += 2) {
    pem.replace(at, 1, "\\n");
  }
  const std::string keyless = "insecureIgnoreSCT: true, ca-cert: {data: \"" + pem + "\"}, ";
  const Outcome outcome = Compile(Keyless(keyless + kIdentities));
  EXPECT_THAT(outcome.errors, IsEmpty());
  const std::string name = outcome.authority()["keyless"]["trustRoot"];
  EXPECT_THAT(name, ::testing::MatchesRegex("@ca-cert-[0-9a-f]{16}"));
  const Json& root = outcome.compiled["trustRoots"][name];
  EXPECT_EQ(root["certificateAuthorities"].size(), 1U);
  EXPECT_TRUE(root.value("ctlogs", Json::array()).empty());
  EXPECT_EQ(outcome.authority()["log"]["trustRoot"], "@public-good");
}

TEST(KeylessPoliciesTest, WildcardsAreAskedForByName) {
  const auto with = [](const std::string& word, const std::string& subject) {
    return Compile(
        "apiVersion: policy.sigstore.dev/v1alpha1\nkind: ClusterImagePolicy\nmetadata: {name: p, "
        "annotations: {sigward.dev/identity-wildcards: " +
        word + "}}\n" + kImages + "  authorities: [{keyless: {identities: [{issuer: i, subject: '" +
        subject + "'}]}}]\n");
  };
  const Outcome glob = with("glob", "a/**");
  EXPECT_THAT(glob.errors, IsEmpty());
  EXPECT_THAT(glob.warnings, IsEmpty());
  EXPECT_EQ(glob.authority()["keyless"]["identityWildcards"], "glob");
  EXPECT_THAT(
      with("glob", "https://**").warnings,
      ElementsAre("f.yaml:6: spec.authorities[0].keyless.identities[0].subject: fits anybody's "
                  "certificate, such as one that says \"https://qxzvw.com\""));
  const Outcome literal = with("literal", "a/**");
  EXPECT_EQ(literal.warnings.size(), 1U);
  EXPECT_FALSE(literal.authority()["keyless"].contains("identityWildcards"));
  EXPECT_THAT(with("on", "a").errors,
              ElementsAre("f.yaml:3: metadata.annotations.sigward.dev/identity-wildcards: expected "
                          "\"glob\" or \"literal\""));
}

TEST(KeylessPoliciesTest, ClaimsAreDemanded) {
  const auto with = [](const std::string& fields) {
    return Compile(Keyless("identities: [{issuer: i, subject: s, " + fields + "}]"));
  };
  const Outcome good = with(
      "claims: {buildTrigger: push}, claimsRegExp: {sourceRepositoryRef: "
      "'^refs/tags/v1\\.[0-9]+$'}");
  EXPECT_THAT(good.errors, IsEmpty());
  EXPECT_THAT(good.warnings, IsEmpty());
  const Json& identity = good.authority()["keyless"]["identities"][0];
  EXPECT_EQ(identity["claims"], Json({{"buildTrigger", "push"}}));
  EXPECT_EQ(identity["claimsRegExp"], Json({{"sourceRepositoryRef", "^refs/tags/v1\\.[0-9]+$"}}));
  const std::string where = "f.yaml:7: spec.authorities[0].keyless.identities[0].";
  EXPECT_THAT(with("claims: {}").errors,
              ElementsAre(where + "claims: expected at least one claim"));
  EXPECT_THAT(with("claims: {buildtrigger: push}").errors,
              ElementsAre(where + "claims.buildtrigger: no claim of Fulcio's certificates; "
                                  "did you mean buildTrigger?"));
  EXPECT_THAT(with("claims: {buildTrigger: [push]}").errors.size(), 1U);
  EXPECT_THAT(with("claims: [push]").errors.size(), 1U);
  EXPECT_THAT(with("claims: {buildTrigger: a}, claimsRegExp: {buildTrigger: '^a$'}").errors,
              ElementsAre(where + "claimsRegExp.buildTrigger: expected in one of claims and "
                                  "claimsRegExp; got both"));
  EXPECT_EQ(with("claims: {sourceRepositoryURI: 'https://x.example/*'}").warnings.size(), 1U);
  EXPECT_EQ(with("claimsRegExp: {buildTrigger: push}").warnings.size(), 1U);
}

TEST(KeylessPoliciesTest, IdentitiesAreCounted) {
  const auto with = [](std::size_t count) {
    std::string list = "identities: [";
    for (std::size_t i = 0; i < count; ++i) {
      list += "{issuer: i, subject: s},";
    }
    return Compile(Keyless(list + "]"));
  };
  EXPECT_THAT(with(policy::kMaxIdentities).errors, IsEmpty());
  EXPECT_THAT(
      with(policy::kMaxIdentities + 1).errors,
      ElementsAre("f.yaml:7: spec.authorities[0].keyless.identities: more than 64 entries"));
}

TEST(TrustRootTest, SaysWhatIsWrong) {
  const std::string use = Keyless("trustRootRef: mine, insecureIgnoreSCT: true, " + kIdentities,
                                  ", signatureFormat: bundle");
  const auto errors = [&](const std::string& spec) {
    return Compile(WithAuthority("static: {action: pass}") + TrustRoot(spec)).errors;
  };
  EXPECT_THAT(errors("{}"), ElementsAre("f.yaml:12: spec: expected exactly one of sigstoreKeys, "
                                        "trustedRootJSON, repository, remote; got neither"));
  EXPECT_THAT(errors("sigstoreKeys: {}"),
              ElementsAre("f.yaml:13: spec.sigstoreKeys: expected certificateAuthorities or "
                          "timestampAuthorities, got neither"));
  EXPECT_THAT(errors("sigstoreKeys: {certificateAuthorities: [{uri: u, subject: {organization: o, "
                     "commonName: c}, certChain: '-----BEGIN CERTIFICATE-----'}]}"),
              ElementsAre("f.yaml:13: spec.sigstoreKeys.certificateAuthorities[0].certChain: "
                          "expected the PEM text in base64, got the text itself"));
  EXPECT_THAT(errors("sigstoreKeys: {ctLogs: [{}]}"),
              ElementsAre("f.yaml:13: spec.sigstoreKeys.ctLogs[0].baseURL: missing field",
                          "f.yaml:13: spec.sigstoreKeys.ctLogs[0].hashAlgorithm: missing field",
                          "f.yaml:13: spec.sigstoreKeys.ctLogs[0].publicKey: missing field"));
  EXPECT_THAT(errors("trustedRootJSON: '{}'"),
              ElementsAre(::testing::StartsWith("f.yaml:13: spec.trustedRootJSON: trust root: ")));
  EXPECT_THAT(Compile(use + TrustRoot("trustedRootJSON: []")).errors,
              ElementsAre(::testing::HasSubstr("spec.trustedRootJSON: expected a string")))
      << "that it is named as well is no further mistake";
  EXPECT_THAT(
      Compile(use + TrustRoot("{trustedRootJSON: '" + PublicGood().dump() + "', sigstoreKeys: {}}"))
          .errors.size(),
      2U);
  EXPECT_THAT(Compile(use + Mine() + Mine()).errors,
              ElementsAre(::testing::HasSubstr("metadata: two TrustRoots have the name mine")));
  EXPECT_THAT(Compile(use + TrustRoot("trustedRootJSON: '" + PublicGood().dump() + "'")).errors,
              IsEmpty());
}

}  // namespace
}  // namespace sigward::cli
