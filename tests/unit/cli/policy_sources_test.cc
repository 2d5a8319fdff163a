#include "cli/policy_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "cli/yaml_reader.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::cli {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

constexpr const char* kKey =
    R"("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE153wkGP5k7oL9kDOBhg95FOcPhi5\n/YBU6+erxFJk/2xs91MJ7Sub0nXGxllpvwrmD0818sICYkyYKMg/2+SFcw==\n-----END PUBLIC KEY-----\n")";
constexpr const char* kEd25519Key =
    R"("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n")";

/// Puts the keys where a document says $KEY and $ED25519.
std::string WithKeys(std::string text) {
  for (const auto& [word, key] : {std::pair("$ED25519", kEd25519Key), std::pair("$KEY", kKey)}) {
    for (std::size_t at = text.find(word); at != std::string::npos;
         at = text.find(word, at + std::string(key).size())) {
      text.replace(at, std::string(word).size(), key);
    }
  }
  return text;
}

const std::string kHead =
    "apiVersion: policy.sigstore.dev/v1beta1\n"
    "kind: ClusterImagePolicy\n"
    "metadata: {name: p}\n";
const std::string kImages = "spec:\n  images: [{glob: '**'}]\n";

/// A policy with SPEC from line 5 on, indented by two.
std::string WithSpec(const std::string& spec) {
  return kHead + kImages + spec;
}

std::string WithAuthority(const std::string& authority) {
  return WithSpec("  authorities:\n  - " + authority + "\n");
}

std::string WithMetadata(const std::string& metadata) {
  return "apiVersion: policy.sigstore.dev/v1alpha1\nkind: ClusterImagePolicy\n" + metadata +
         kImages + "  authorities: [{static: {action: pass}}]\n";
}

std::string Config(const std::string& rest) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n" + rest;
}

std::string Images(const std::string& images) {
  return kHead + "spec:\n  authorities: [{static: {action: pass}}]\n  images: " + images + "\n";
}

std::vector<std::string> Texts(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) {
    texts.push_back(ProblemText(problem));
  }
  return texts;
}

struct Row {
  std::string name;
  std::string document;
  /// Empty: the document is right. Else the whole text of its only error.
  std::string error;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class PolicySourcesRowTest : public ::testing::TestWithParam<Row> {};

TEST_P(PolicySourcesRowTest, SaysWhatItHasTo) {
  const std::vector<SourceText> sources = {{"f.yaml", WithKeys(GetParam().document)}};
  Problems problems;
  const auto compiled = CompileSources(sources, problems);
  if (GetParam().error.empty()) {
    EXPECT_THAT(Texts(problems.errors()), ::testing::IsEmpty());
    EXPECT_TRUE(compiled.has_value());
  } else {
    EXPECT_THAT(Texts(problems.errors()), ElementsAre(GetParam().error));
    EXPECT_FALSE(compiled.has_value());
  }
}

const std::vector<Row> kRight = {
    {"Smallest", WithAuthority("static: {action: pass}"), ""},
    {"Key", WithAuthority("key: {data: $KEY}"), ""},
    {"KeyWithHash", WithAuthority("key: {data: $KEY, hashAlgorithm: sha512}"), ""},
    {"KeyWithHashInUpperCase", WithAuthority("key: {data: $KEY, hashAlgorithm: SHA384}"), ""},
    {"Ed25519Key", WithAuthority("key: {data: $ED25519}"), ""},
    {"Ed25519KeyWithHash", WithAuthority("key: {data: $ED25519, hashAlgorithm: sha256}"), ""},
    {"StaticFail", WithAuthority("static: {action: fail, message: use the mirror}"), ""},
    {"SeveralAuthorities",
     WithSpec("  authorities:\n  - {name: a, key: {data: $KEY}}\n  - {key: {data: $ED25519}}\n"
              "  - {static: {action: fail}}\n"),
     ""},
    {"ModeWarn", WithAuthority("static: {action: pass}") + "  mode: warn\n", ""},
    {"ModeEnforce", WithAuthority("static: {action: pass}") + "  mode: enforce\n", ""},
    {"V1alpha1", WithMetadata("metadata: {name: p}\n"), ""},
    {"MetadataOfTheCluster",
     WithMetadata(
         "metadata: {name: p, uid: x, resourceVersion: '1', generation: 2, labels: {a: b}, "
         "annotations: {c: d}, creationTimestamp: null, managedFields: [], namespace: n, "
         "finalizers: [x], ownerReferences: [], selfLink: y}\n"),
     ""},
    {"StatusIsIgnored", WithAuthority("static: {action: pass}") + "status: {conditions: []}\n", ""},
    {"Json",
     R"({"apiVersion":"policy.sigstore.dev/v1beta1","kind":"ClusterImagePolicy",)"
     R"("metadata":{"name":"p"},"spec":{"images":[{"glob":"*"}],"authorities":[{"key":{"data":$KEY}}]}})",
     ""},
    {"ConfigAlone", Config("data: {no-match-policy: allow}\n"), ""},
    {"ConfigUnderItsOtherName",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: policy-controller-config}\n", ""},
    {"ConfigWithoutData", Config("immutable: true\n"), ""},
    {"ConfigWithUrl", Config("data: {transparency-url: https://rekor.example}\n"), ""},
    {"ListOfThese",
     "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n"
     "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: config-policy-controller}\n"
     "- {apiVersion: policy.sigstore.dev/v1beta1, kind: ClusterImagePolicy, metadata: {name: p}, "
     "spec: {images: [{glob: '*'}], authorities: [{static: {action: pass}}]}}\n",
     ""},
    {"TwoDocuments",
     WithAuthority("static: {action: pass}") + "---\n" + Config("data: {no-match-policy: warn}\n"),
     ""},
};

const std::vector<Row> kWrongDocuments = {
    {"Nothing", "# only a comment\n", "policy: no document found"},
    {"AString", "hello\n", "f.yaml:1: expected a mapping, got a string"},
    {"AList", "\n- a\n", "f.yaml:2: expected a mapping, got a list"},
    {"NotYaml", "a: [\n", "f.yaml:2: not YAML: end of sequence flow not found"},
    {"DuplicateField", kHead + "metadata: {name: q}\n", "f.yaml:4: duplicate field metadata"},
    {"DuplicateFieldDeepInside", WithAuthority("{name: a, name: b}"),
     "f.yaml:7: duplicate field name"},
    {"Alias", WithAuthority("&a {static: {action: pass}}"),
     "f.yaml:7: anchors (&name) are not supported"},
    {"Tag", WithAuthority("static: {action: !!str pass}"),
     "f.yaml:7: tags (!name) are not supported"},
    {"NoKind", "apiVersion: v1\n", "f.yaml:1: kind: missing field"},
    {"NoApiVersion", "kind: ConfigMap\n", "f.yaml:1: apiVersion: missing field"},
    {"KindIsANumber", "apiVersion: v1\nkind: 7\n",
     "f.yaml:2: kind: expected a string, got a number; put it in quotes"},
    {"OtherKind", "apiVersion: v1\nkind: Secret\n",
     "f.yaml:2: kind: unsupported kind Secret of v1; expected ClusterImagePolicy or ConfigMap"},
    {"TrustRoot", "---\napiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\n",
     "f.yaml:3: kind: unsupported kind TrustRoot of policy.sigstore.dev/v1alpha1; expected "
     "ClusterImagePolicy or ConfigMap"},
    {"OtherGroup", "apiVersion: portieris.cloud.ibm.com/v1\nkind: ClusterImagePolicy\n",
     "f.yaml:1: apiVersion: ClusterImagePolicy of another group; only policy.sigstore.dev is "
     "supported"},
    {"OtherVersion", "apiVersion: policy.sigstore.dev/v1\nkind: ClusterImagePolicy\n",
     "f.yaml:1: apiVersion: unsupported version; expected policy.sigstore.dev/v1alpha1 or "
     "policy.sigstore.dev/v1beta1"},
    {"ConfigMapOfAnotherVersion", "apiVersion: v2\nkind: ConfigMap\n",
     "f.yaml:2: kind: unsupported kind ConfigMap of v2; expected ClusterImagePolicy or ConfigMap"},
    {"ListInAList", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List}\n",
     "f.yaml:4: items[0].kind: unsupported kind List of v1; expected ClusterImagePolicy or "
     "ConfigMap"},
    {"EmptyList", "apiVersion: v1\nkind: List\nitems: []\n", "f.yaml:3: items: the list is empty"},
    {"OtherKindInAList", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n",
     "f.yaml:4: items[0].kind: unsupported kind Pod of v1; expected ClusterImagePolicy or "
     "ConfigMap"},
    {"NoMetadata", WithMetadata(""), "f.yaml:1: metadata: missing field"},
    {"NoName", WithMetadata("metadata: {labels: {}}\n"), "f.yaml:3: metadata.name: missing field"},
    {"BadName", WithMetadata("metadata: {name: Bad_Name}\n"),
     "f.yaml:3: metadata.name: \"Bad_Name\" is not a name of Kubernetes (lower-case letters, "
     "digits, '-' and '.')"},
    {"UnknownMetadata", WithMetadata("metadata: {name: p, label: {}}\n"),
     "f.yaml:3: metadata.label: unknown field; did you mean labels?"},
    {"UnknownRootField", WithAuthority("static: {action: pass}") + "extra: 1\n",
     "f.yaml:8: extra: unknown field"},
    {"NoSpec", kHead, "f.yaml:1: spec: missing field"},
    {"SpecIsEmpty", kHead + "spec:\n", "f.yaml:4: spec: expected a mapping, got empty"},
    {"UnknownSpecField", WithAuthority("static: {action: pass}") + "  moed: warn\n",
     "f.yaml:8: spec.moed: unknown field; did you mean mode?"},
    {"Match", WithAuthority("static: {action: pass}") + "  match: []\n",
     "f.yaml:8: spec.match: not supported yet"},
    {"PolicyOverAuthorities", WithAuthority("static: {action: pass}") + "  policy: {type: cue}\n",
     "f.yaml:8: spec.policy: not supported yet"},
    {"BadMode", WithAuthority("static: {action: pass}") + "  mode: garbage\n",
     "f.yaml:8: spec.mode: unsupported mode \"garbage\"; expected enforce or warn"},
    {"ModeIsABoolean", WithAuthority("static: {action: pass}") + "  mode: true\n",
     "f.yaml:8: spec.mode: expected a string, got a boolean; put it in quotes"},
};

const std::vector<Row> kWrongImages = {
    {"NoImages", kHead + "spec:\n  authorities: [{static: {action: pass}}]\n",
     "f.yaml:4: spec.images: missing field"},
    {"ImagesIsEmpty", Images("[]"), "f.yaml:6: spec.images: the list is empty"},
    {"ImagesIsAMapping", Images("{glob: '*'}"),
     "f.yaml:6: spec.images: expected a list, got a mapping"},
    {"ImageIsAString", Images("['*']"),
     "f.yaml:6: spec.images[0]: expected a mapping, got a string"},
    {"NoGlob", Images("[{}]"), "f.yaml:6: spec.images[0].glob: missing field"},
    {"EmptyGlob", Images("[{glob: ''}]"), "f.yaml:6: spec.images[0].glob: glob is empty"},
    {"BadGlob", Images("\n  - glob: ok/*\n  - glob: 'a[bc]'"),
     "f.yaml:8: spec.images[1].glob: invalid glob \"a[bc]\": character 2 is none of A-Z a-z 0-9 - "
     "_ : / * . @"},
    {"UnknownImageField", Images("[{glob: '*', regex: x}]"),
     "f.yaml:6: spec.images[0].regex: unknown field"},
};

const std::vector<Row> kWrongAuthorities = {
    {"NoAuthorities", WithSpec(""), "f.yaml:4: spec.authorities: missing field"},
    {"AuthoritiesIsEmpty", WithSpec("  authorities: []\n"),
     "f.yaml:6: spec.authorities: the list is empty"},
    {"AuthorityIsAString", WithAuthority("key"),
     "f.yaml:7: spec.authorities[0]: expected a mapping, got a string"},
    {"AuthorityWithNeither", WithAuthority("name: a"),
     "f.yaml:7: spec.authorities[0]: expected exactly one of key, static; got neither"},
    {"AuthorityWithBoth", WithAuthority("{key: {data: $KEY}, static: {action: pass}}"),
     "f.yaml:7: spec.authorities[0]: expected exactly one of key, static; got key, static"},
    {"AuthorityNameIsEmpty", WithAuthority("{name: '', static: {action: pass}}"),
     "f.yaml:7: spec.authorities[0].name: empty"},
    {"AuthorityNameIsANumber", WithAuthority("{name: 1, static: {action: pass}}"),
     "f.yaml:7: spec.authorities[0].name: expected a string, got a number; put it in quotes"},
    {"AuthorityNameTwice",
     WithSpec("  authorities:\n  - {name: a, static: {action: pass}}\n"
              "  - {name: a, static: {action: fail}}\n"),
     "f.yaml:8: spec.authorities[1].name: two authorities have the name \"a\""},
    {"NameOfADefault",
     WithSpec("  authorities:\n  - {name: authority-1, static: {action: pass}}\n"
              "  - {static: {action: fail}}\n"),
     "f.yaml:8: spec.authorities[1].name: two authorities have the name \"authority-1\""},
    {"Keyless", WithAuthority("keyless: {identities: []}"),
     "f.yaml:7: spec.authorities[0].keyless: not supported yet"},
    {"Source", WithAuthority("{static: {action: pass}, source: []}"),
     "f.yaml:7: spec.authorities[0].source: not supported yet"},
    {"Ctlog", WithAuthority("{static: {action: pass}, ctlog: {}}"),
     "f.yaml:7: spec.authorities[0].ctlog: not supported yet"},
    {"Timestamp", WithAuthority("{static: {action: pass}, rfc3161timestamp: {}}"),
     "f.yaml:7: spec.authorities[0].rfc3161timestamp: not supported yet"},
    {"Attestations", WithAuthority("{static: {action: pass}, attestations: []}"),
     "f.yaml:7: spec.authorities[0].attestations: not supported yet"},
    {"SignatureFormat", WithAuthority("{static: {action: pass}, signatureFormat: bundle}"),
     "f.yaml:7: spec.authorities[0].signatureFormat: not supported yet"},
    {"UnknownAuthorityField", WithAuthority("{static: {action: pass}, Key: {}}"),
     "f.yaml:7: spec.authorities[0].Key: unknown field; did you mean key?"},
    {"EmptyKey", WithAuthority("key: {}"), "f.yaml:7: spec.authorities[0].key.data: missing field"},
    {"KeyIsNothing", WithAuthority("key:"),
     "f.yaml:7: spec.authorities[0].key: expected a mapping, got empty"},
    {"KeySecret", WithAuthority("key: {secretRef: {name: s}}"),
     "f.yaml:7: spec.authorities[0].key.secretRef: not supported yet"},
    {"KeyKms", WithAuthority("key: {kms: 'awskms://x'}"),
     "f.yaml:7: spec.authorities[0].key.kms: not supported yet"},
    {"KeyKmsBesideData", WithAuthority("key: {data: $KEY, kms: 'awskms://x'}"),
     "f.yaml:7: spec.authorities[0].key.kms: not supported yet"},
    {"KeyUnknownField", WithAuthority("key: {data: $KEY, hashAlgoritm: sha256}"),
     "f.yaml:7: spec.authorities[0].key.hashAlgoritm: unknown field; did you mean hashAlgorithm?"},
    {"KeyUnknownHash", WithAuthority("key: {data: $KEY, hashAlgorithm: md5}"),
     "f.yaml:7: spec.authorities[0].key.hashAlgorithm: unknown hash algorithm \"md5\"; expected "
     "sha224, sha256, sha384 or sha512"},
    {"KeyEd25519ph", WithAuthority("key: {data: $ED25519, hashAlgorithm: Ed25519-ph}"),
     "f.yaml:7: spec.authorities[0].key.hashAlgorithm: Ed25519ph signatures are not supported; "
     "Ed25519 keys need no hashAlgorithm"},
    {"KeyTwoBlocks",
     WithAuthority("key: {data: '-----BEGIN PUBLIC KEY-----x-----BEGIN PUBLIC KEY-----'}"),
     "f.yaml:7: spec.authorities[0].key.data: holds 2 PEM blocks; give each key an authority of "
     "its own"},
    {"KeyIsPrivate",
     WithAuthority("key: {data: '-----BEGIN EC PRIVATE KEY-----x-----END EC PRIVATE KEY-----'}"),
     "f.yaml:7: spec.authorities[0].key.data: holds a private key; a policy takes the public key "
     "alone"},
    {"StaticIsEmpty", WithAuthority("static: {}"),
     "f.yaml:7: spec.authorities[0].static.action: missing field"},
    {"StaticUnknownAction", WithAuthority("static: {action: allow}"),
     "f.yaml:7: spec.authorities[0].static.action: unsupported action \"allow\"; expected pass or "
     "fail"},
    {"StaticUnknownField", WithAuthority("static: {action: fail, massage: x}"),
     "f.yaml:7: spec.authorities[0].static.massage: unknown field; did you mean message?"},
    {"StaticMessageIsANumber", WithAuthority("static: {action: fail, message: 5}"),
     "f.yaml:7: spec.authorities[0].static.message: expected a string, got a number; put it in "
     "quotes"},
    {"StaticMessageTooLong",
     WithAuthority("static: {action: fail, message: " + std::string(1025, 'x') + "}"),
     "f.yaml:7: spec.authorities[0].static.message: longer than 1024 bytes"},
};

const std::vector<Row> kWrongConfigs = {
    {"ConfigOfAnotherName", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n",
     "f.yaml:3: metadata: ConfigMap other is not for policies; expected config-policy-controller "
     "or policy-controller-config"},
    {"ConfigUnknownKey", Config("data: {no-match: allow}\n"),
     "f.yaml:4: data.no-match: unknown field"},
    {"ConfigMisspelledKey", Config("data:\n  no-match-polcy: allow\n"),
     "f.yaml:5: data.no-match-polcy: unknown field; did you mean no-match-policy?"},
    {"ConfigEmptyAuthorities", Config("data: {fail-on-empty-authorities: 'false'}\n"),
     "f.yaml:4: data.fail-on-empty-authorities: not supported yet"},
    {"ConfigOci11", Config("data: {enable-oci11: 'true'}\n"),
     "f.yaml:4: data.enable-oci11: not supported yet"},
    {"ConfigBadUrl", Config("data: {transparency-url: rekor.example}\n"),
     "f.yaml:4: data.transparency-url: not a http:// or https:// URL"},
    {"ConfigNoMatchIsABoolean", Config("data: {no-match-policy: false}\n"),
     "f.yaml:4: data.no-match-policy: expected a string, got a boolean; put it in quotes"},
    {"ConfigDataIsAList", Config("data: []\n"), "f.yaml:4: data: expected a mapping, got a list"},
    {"ConfigBinaryData", Config("binaryData: {}\n"), "f.yaml:4: binaryData: not supported yet"},
    {"ConfigUnknownField", Config("spec: {}\n"), "f.yaml:4: spec: unknown field"},
    {"ConfigTwice", Config("---\n") + Config(""),
     "f.yaml:7: metadata: a second ConfigMap for policies; the other is at f.yaml:3"},
};

std::string RowName(const ::testing::TestParamInfo<Row>& param) {
  return param.param.name;
}

INSTANTIATE_TEST_SUITE_P(Right, PolicySourcesRowTest, ::testing::ValuesIn(kRight), RowName);
INSTANTIATE_TEST_SUITE_P(Documents, PolicySourcesRowTest, ::testing::ValuesIn(kWrongDocuments),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Images, PolicySourcesRowTest, ::testing::ValuesIn(kWrongImages), RowName);
INSTANTIATE_TEST_SUITE_P(Authorities, PolicySourcesRowTest, ::testing::ValuesIn(kWrongAuthorities),
                         RowName);
INSTANTIATE_TEST_SUITE_P(Configs, PolicySourcesRowTest, ::testing::ValuesIn(kWrongConfigs),
                         RowName);

TEST(PolicySourcesTest, CompilesWhatTheDocumentsSay) {
  const std::vector<SourceText> sources = {
      {"a.yaml", WithKeys(WithSpec("  mode: warn\n  authorities:\n  - key: {data: $KEY, "
                                   "hashAlgorithm: SHA384}\n  - {name: no, static: {action: fail, "
                                   "message: m}}\n"))},
      {"b.yaml", Config("data: {no-match-policy: warn, transparency-url: 'https://r.example'}\n")}};
  Problems problems;
  const auto compiled = CompileSources(sources, problems);
  ASSERT_TRUE(compiled.has_value());
  EXPECT_EQ(compiled->policies, 1U);
  EXPECT_EQ(compiled->no_match, policy::NoMatch::kWarn);
  const auto snapshot = policy::PolicySnapshot::Parse(compiled->text, 1).value();
  EXPECT_EQ(snapshot->no_match(), policy::NoMatch::kWarn);
  EXPECT_EQ(snapshot->transparency_url(), "https://r.example");
  const policy::Policy& policy = snapshot->policies().at(0);
  EXPECT_EQ(policy.name, "p");
  EXPECT_EQ(policy.mode, policy::Mode::kWarn);
  EXPECT_EQ(policy.globs.at(0).text(), "**");
  EXPECT_EQ(policy.authorities.at(0).name, "authority-0");
  EXPECT_EQ(std::get<policy::KeyRule>(policy.authorities.at(0).rule).hash,
            verifier::HashAlgorithm::kSha384);
  EXPECT_EQ(policy.authorities.at(1).name, "no");
  EXPECT_EQ(std::get<policy::StaticRule>(policy.authorities.at(1).rule).message, "m");
}

TEST(PolicySourcesTest, DeniesUnlessToldOtherwise) {
  const std::vector<SourceText> sources = {{"a.yaml", WithAuthority("static: {action: pass}")}};
  Problems problems;
  EXPECT_EQ(CompileSources(sources, problems).value().no_match, policy::NoMatch::kDeny);
}

TEST(PolicySourcesTest, TakesAnUnknownNoMatchForDenyAndWarns) {
  const std::vector<SourceText> sources = {{"c.yaml", Config("data: {no-match-policy: permit}\n")}};
  Problems problems;
  EXPECT_EQ(CompileSources(sources, problems).value().no_match, policy::NoMatch::kDeny);
  EXPECT_THAT(Texts(problems.warnings()),
              ElementsAre("c.yaml:4: data.no-match-policy: unknown value \"permit\" is taken for "
                          "deny; expected deny, warn or allow"));
}

TEST(PolicySourcesTest, WarnsOfGlobsThatFitNoImage) {
  const struct {
    std::string glob;
    std::string better;
  } rows[] = {
      {"ghcr.io/foo/bar", "ghcr.io/foo/bar@*"},
      {"ghcr.io/foo/bar:*", "ghcr.io/foo/bar@*"},
      {"ghcr.io/foo/bar:v1*", "ghcr.io/foo/bar@*"},
      {"nginx", "docker.io/library/nginx@*"},
      {"nginx:1.27", "docker.io/library/nginx@*"},
      {"ghcr.io/foo/bar*", ""},
      {"ghcr.io/foo/*:*", ""},
      {"ghcr.io/foo/bar@sha256:0*", ""},
      {"localhost:5000**", ""},
      {"localhost:5000/*", ""},
      {"*", ""},
      {"**", ""},
  };
  for (const auto& row : rows) {
    const std::vector<SourceText> sources = {{"g.yaml", Images("[{glob: '" + row.glob + "'}]")}};
    Problems problems;
    EXPECT_TRUE(CompileSources(sources, problems).has_value()) << row.glob;
    if (row.better.empty()) {
      EXPECT_TRUE(problems.warnings().empty()) << row.glob;
    } else {
      ASSERT_EQ(problems.warnings().size(), 1U) << row.glob;
      EXPECT_THAT(problems.warnings()[0].message,
                  HasSubstr("did you mean \"" + row.better + "\"?"));
    }
  }
}

TEST(PolicySourcesTest, RefusesOneNameInTwoFiles) {
  const std::string policy = WithAuthority("static: {action: pass}");
  const std::vector<SourceText> sources = {{"a.yaml", policy}, {"b.yaml", "\n" + policy}};
  Problems problems;
  EXPECT_FALSE(CompileSources(sources, problems).has_value());
  EXPECT_THAT(Texts(problems.errors()),
              ElementsAre("b.yaml:4: metadata: two policies have the name p; the other is at "
                          "a.yaml:3"));
}

TEST(PolicySourcesTest, CollectsTheErrorsOfAllFiles) {
  const std::vector<SourceText> sources = {{"a.yaml", "x: [\n"},
                                           {"b.yaml", WithSpec("  mod: warn\n")},
                                           {"c.yaml", WithAuthority("static: {action: pass}")}};
  Problems problems;
  EXPECT_FALSE(CompileSources(sources, problems).has_value());
  EXPECT_THAT(
      Texts(problems.errors()),
      ElementsAre(HasSubstr("a.yaml:2: not YAML"), "b.yaml:4: spec.authorities: missing field",
                  "b.yaml:6: spec.mod: unknown field; did you mean mode?"));
}

TEST(PolicySourcesTest, KeepsFiftyErrorsAndCountsTheRest) {
  std::string document = WithAuthority("static: {action: pass}");
  for (std::size_t i = 0; i < Problems::kMaxKept; ++i) {
    document += "  field" + std::to_string(i) + ": x\n";
  }
  Problems at_the_bound;
  EXPECT_FALSE(CompileSources(std::vector<SourceText>{{"f.yaml", document}}, at_the_bound));
  EXPECT_EQ(at_the_bound.errors().size(), Problems::kMaxKept);
  EXPECT_EQ(at_the_bound.error_count(), Problems::kMaxKept);
  Problems beyond;
  EXPECT_FALSE(
      CompileSources(std::vector<SourceText>{{"f.yaml", document + "  more: x\n"}}, beyond));
  EXPECT_EQ(beyond.errors().size(), Problems::kMaxKept);
  EXPECT_EQ(beyond.error_count(), Problems::kMaxKept + 1);
}

std::string Repeated(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

TEST(PolicySourcesTest, BoundsItsLists) {
  const auto compiles = [](const std::string& document) {
    Problems problems;
    return CompileSources(std::vector<SourceText>{{"f.yaml", document}}, problems).has_value();
  };
  const auto globs = [](std::size_t n) { return Images(Repeated("\n  - {glob: '**'}", n)); };
  EXPECT_TRUE(compiles(globs(policy::kMaxGlobsPerPolicy)));
  EXPECT_FALSE(compiles(globs(policy::kMaxGlobsPerPolicy + 1)));
  const auto authorities = [](std::size_t n) {
    return WithSpec("  authorities:\n" + Repeated("  - {static: {action: pass}}\n", n));
  };
  EXPECT_TRUE(compiles(authorities(policy::kMaxAuthoritiesPerPolicy)));
  EXPECT_FALSE(compiles(authorities(policy::kMaxAuthoritiesPerPolicy + 1)));
  const auto policies = [](std::size_t n) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) {
      all += "---\n" + WithMetadata("metadata: {name: p" + std::to_string(i) + "}\n");
    }
    return all;
  };
  EXPECT_TRUE(compiles(policies(policy::kMaxPolicies)));
  EXPECT_FALSE(compiles(policies(policy::kMaxPolicies + 1)));
}

TEST(PolicySourcesTest, ReadsAFolderByTheNamesOfItsFiles) {
  const testing::TempFolder folder;
  for (const std::string name : {"b.yml", "a.yaml", "c.json", "README.md", "d.yaml.bak"}) {
    std::ofstream(folder / name) << name;
  }
  std::filesystem::create_directory(folder / "e.yaml");
  const auto sources = ReadPolicySources({folder.path()}).value();
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_EQ(sources[0].text, "a.yaml");
  EXPECT_EQ(sources[1].text, "b.yml");
  EXPECT_EQ(sources[2].text, "c.json");
  EXPECT_EQ(sources[0].file, folder / "a.yaml");
  EXPECT_EQ(ReadPolicySources({folder / "README.md"}).value().at(0).text, "README.md");
}

TEST(PolicySourcesTest, SaysWhichFileCannotBeRead) {
  const testing::TempFolder folder;
  EXPECT_THAT(ReadPolicySources({folder.path()}), FailsWith(Reason::kIoFailed));
  EXPECT_THAT(ReadPolicySources({folder / "none.yaml"}), FailsWith(Reason::kIoFailed));
  std::filesystem::create_symlink("nowhere", folder / "dangling.yaml");
  EXPECT_THAT(ReadPolicySources({folder.path()}), FailsWith(Reason::kIoFailed));
}

TEST(PolicySourcesTest, BoundsFilesAndTheirNumber) {
  const testing::TempFolder folder;
  std::ofstream(folder / "a.yaml") << std::string(kMaxYamlBytes, '#');
  EXPECT_EQ(ReadPolicySources({folder / "a.yaml"}).value().size(), 1U);
  std::ofstream(folder / "a.yaml", std::ios::app) << '#';
  EXPECT_THAT(ReadPolicySources({folder / "a.yaml"}), FailsWith(Reason::kTooLarge));
  std::ofstream(folder / "b.yaml") << "#";
  const std::vector<std::string> most(kMaxPolicyFiles, folder / "b.yaml");
  EXPECT_EQ(ReadPolicySources(most).value().size(), kMaxPolicyFiles);
  const std::vector<std::string> more(kMaxPolicyFiles + 1, folder / "b.yaml");
  EXPECT_THAT(ReadPolicySources(more), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::cli
