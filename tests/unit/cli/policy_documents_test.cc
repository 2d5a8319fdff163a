// What is right and what is wrong in a document, each with the whole text of the message.

#include "policy_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "cli/policy_sources.h"

namespace sigward::cli {
namespace {

using testing::Config;
using ::testing::ElementsAre;
using testing::Images;
using testing::kDigest;
using testing::kHead;
using testing::Node;
using testing::Texts;
using testing::WithAuthority;
using testing::WithKeys;
using testing::WithMetadata;
using testing::WithSpec;

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
    {"Source", WithAuthority("{key: {data: $KEY}, source: [{oci: registry.example/sigs}]}"), ""},
    {"SourceOfDockerHub", WithAuthority("{key: {data: $KEY}, source: [{oci: team/sigs}]}"), ""},
    {"SourceWithPrefix",
     WithAuthority("{key: {data: $KEY}, source: [{oci: 'localhost:5000/sigs', tagPrefix: rel-}]}"),
     ""},
    {"PrefixAlone", WithAuthority("{key: {data: $KEY}, source: [{tagPrefix: rel-}]}"), ""},
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
    {"Switches",
     WithMetadata("metadata: {name: p, annotations: {sigward.dev/accept-unprovable-rootfs: 'true', "
                  "sigward.dev/refuse-modified-rootfs: 'false'}}\n"),
     ""},
    {"SwitchesOfOthers",
     WithMetadata("metadata: {name: p, annotations: {sigward.devx/x: 1, example.dev/y: {}}}\n"),
     ""},
    {"NodePolicy", Node("spec: {floor: ['" + kDigest + "'], deny: [], stopRunning: true}\n"), ""},
    {"NodePolicyOfNothing", Node("spec: {}\n"), ""},
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
     "f.yaml:2: kind: unsupported kind Secret of v1; expected ClusterImagePolicy, "
     "TrustRoot, NodePolicy or "
     "ConfigMap"},
    {"TrustRootOfAnotherVersion", "---\napiVersion: policy.sigstore.dev/v1\nkind: TrustRoot\n",
     "f.yaml:3: kind: unsupported kind TrustRoot of policy.sigstore.dev/v1; expected "
     "ClusterImagePolicy, TrustRoot, NodePolicy or ConfigMap"},
    {"OtherGroup", "apiVersion: portieris.cloud.ibm.com/v1\nkind: ClusterImagePolicy\n",
     "f.yaml:1: apiVersion: ClusterImagePolicy of another group; only policy.sigstore.dev is "
     "supported"},
    {"OtherVersion", "apiVersion: policy.sigstore.dev/v1\nkind: ClusterImagePolicy\n",
     "f.yaml:1: apiVersion: unsupported version; expected policy.sigstore.dev/v1alpha1 or "
     "policy.sigstore.dev/v1beta1"},
    {"ConfigMapOfAnotherVersion", "apiVersion: v2\nkind: ConfigMap\n",
     "f.yaml:2: kind: unsupported kind ConfigMap of v2; expected ClusterImagePolicy, "
     "TrustRoot, NodePolicy "
     "or ConfigMap"},
    {"ListInAList", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List}\n",
     "f.yaml:4: items[0].kind: unsupported kind List of v1; expected ClusterImagePolicy, "
     "TrustRoot, NodePolicy or ConfigMap"},
    {"EmptyList", "apiVersion: v1\nkind: List\nitems: []\n", "f.yaml:3: items: the list is empty"},
    {"OtherKindInAList", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n",
     "f.yaml:4: items[0].kind: unsupported kind Pod of v1; expected ClusterImagePolicy, "
     "TrustRoot, NodePolicy or ConfigMap"},
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
     "f.yaml:7: spec.authorities[0]: expected exactly one of key, keyless, static; got neither"},
    {"AuthorityWithBoth", WithAuthority("{key: {data: $KEY}, static: {action: pass}}"),
     "f.yaml:7: spec.authorities[0]: expected exactly one of key, keyless, static; got key, "
     "static"},
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
    {"SourceIsEmpty", WithAuthority("{key: {data: $KEY}, source: []}"),
     "f.yaml:7: spec.authorities[0].source: the list is empty"},
    {"SourceIsAMapping", WithAuthority("{key: {data: $KEY}, source: {oci: r.example/sigs}}"),
     "f.yaml:7: spec.authorities[0].source: expected a list, got a mapping"},
    {"SourceOfAString", WithAuthority("{key: {data: $KEY}, source: [r.example/sigs]}"),
     "f.yaml:7: spec.authorities[0].source[0]: expected a mapping, got a string"},
    {"TwoSources",
     WithAuthority("{key: {data: $KEY}, source: [{oci: r.example/a}, {oci: r.example/b}]}"),
     "f.yaml:7: spec.authorities[0].source: only single source is supported"},
    {"SourceOfNothing", WithAuthority("{key: {data: $KEY}, source: [{}]}"),
     "f.yaml:7: spec.authorities[0].source[0].oci: missing field"},
    {"SourceRepositoryIsEmpty", WithAuthority("{key: {data: $KEY}, source: [{oci: ''}]}"),
     "f.yaml:7: spec.authorities[0].source[0].oci: empty"},
    {"SourceIsANumber", WithAuthority("{key: {data: $KEY}, source: [{oci: 5}]}"),
     "f.yaml:7: spec.authorities[0].source[0].oci: expected a string, got a number; put it in "
     "quotes"},
    {"SourceWithATag",
     WithAuthority("key: {data: $KEY}\n    source:\n    - oci: r.example/sigs:v1"),
     "f.yaml:9: spec.authorities[0].source[0].oci: \"r.example/sigs:v1\" is no repository: names "
     "more than a repository"},
    {"SourceIsNoRepository", WithAuthority("{key: {data: $KEY}, source: [{oci: r.example/Sigs}]}"),
     "f.yaml:7: spec.authorities[0].source[0].oci: \"r.example/Sigs\" is no repository: image "
     "reference r.example/Sigs has no proper repository"},
    {"SourceBadPrefix",
     WithAuthority("{key: {data: $KEY}, source: [{oci: r.example/sigs, tagPrefix: a/b}]}"),
     "f.yaml:7: spec.authorities[0].source[0].tagPrefix: \"a/b\" is wrong: cannot begin a tag "
     "(letters, digits, '_', and then '.' and '-' too)"},
    {"SourceLongPrefix",
     WithAuthority("{key: {data: $KEY}, source: [{tagPrefix: " + std::string(54, 'a') + "}]}"),
     "f.yaml:7: spec.authorities[0].source[0].tagPrefix: \"" + std::string(54, 'a') +
         "\" is wrong: longer than 53 bytes"},
    {"SourcePullSecrets",
     WithAuthority("{key: {data: $KEY}, source: [{oci: r.example/sigs, signaturePullSecrets: "
                   "[{name: s}]}]}"),
     "f.yaml:7: spec.authorities[0].source[0].signaturePullSecrets: not supported: a node reads "
     "registries with its own credentials, whatever a namespace holds"},
    {"SourceUnknownField",
     WithAuthority("{key: {data: $KEY}, source: [{oci: r.example/sigs, tagprefix: a}]}"),
     "f.yaml:7: spec.authorities[0].source[0].tagprefix: unknown field; did you mean tagPrefix?"},
    {"SourceOfAStatic", WithAuthority("{static: {action: pass}, source: [{oci: r.example/sigs}]}"),
     "f.yaml:7: spec.authorities[0].source: expected exactly one of static, source; got both"},
    {"Attestations", WithAuthority("{static: {action: pass}, attestations: []}"),
     "f.yaml:7: spec.authorities[0].attestations: not supported yet"},
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

const std::string kSwitches = "metadata:\n  name: p\n  annotations:\n    ";

const std::vector<Row> kWrongSwitches = {
    {"UnknownSwitch", WithMetadata(kSwitches + "sigward.dev/accept-unprovable: 'true'\n"),
     "f.yaml:6: metadata.annotations.sigward.dev/accept-unprovable: unknown switch; expected "
     "sigward.dev/accept-unprovable-rootfs, sigward.dev/refuse-modified-rootfs or "
     "sigward.dev/identity-wildcards"},
    {"SwitchIsABoolean", WithMetadata(kSwitches + "sigward.dev/refuse-modified-rootfs: true\n"),
     "f.yaml:6: metadata.annotations.sigward.dev/refuse-modified-rootfs: expected a string, got a "
     "boolean; put it in quotes"},
    {"SwitchIsAnotherWord",
     WithMetadata(kSwitches + "sigward.dev/accept-unprovable-rootfs: 'yes'\n"),
     "f.yaml:6: metadata.annotations.sigward.dev/accept-unprovable-rootfs: expected \"true\" or "
     "\"false\""},
    {"AnnotationsAreAList", WithMetadata("metadata: {name: p, annotations: []}\n"),
     "f.yaml:3: metadata.annotations: expected a mapping, got a list"},
};

const std::vector<Row> kWrongNodePolicies = {
    {"NodePolicyOfAnotherVersion", "apiVersion: policy.sigward.dev/v1\nkind: NodePolicy\n",
     "f.yaml:2: kind: unsupported kind NodePolicy of policy.sigward.dev/v1; expected "
     "ClusterImagePolicy, TrustRoot, NodePolicy or ConfigMap"},
    {"NodePolicyWithoutName",
     "apiVersion: policy.sigward.dev/v1alpha1\nkind: NodePolicy\nspec: {}\n",
     "f.yaml:1: metadata: missing field"},
    {"NodePolicyWithoutSpec", Node(""), "f.yaml:1: spec: missing field"},
    {"NodePolicyUnknownField", Node("spec: {stopRuning: true}\n"),
     "f.yaml:4: spec.stopRuning: unknown field; did you mean stopRunning?"},
    {"NodePolicyFieldBesideSpec", Node("spec: {}\ndeny: []\n"), "f.yaml:5: deny: unknown field"},
    {"FloorIsNoDigest", Node("spec:\n  floor:\n  - nginx\n"),
     "f.yaml:5: spec.floor: digest nginx is not ALGORITHM:HEX (line 6)"},
    {"FloorIsAShortDigest", Node("spec:\n  floor:\n  - sha256:00\n"),
     "f.yaml:5: spec.floor: digest sha256:00 is not lower-case hex of its algorithm's length "
     "(line 6)"},
    {"DenyOfAnImage", Node("spec: {deny: ['registry.example/app@sha256:00']}\n"),
     "f.yaml:4: spec.deny: digest registry.example/app@sha256:00 is not ALGORITHM:HEX (line 4)"},
    {"DenyIsAString", Node("spec: {deny: '" + kDigest + "'}\n"),
     "f.yaml:4: spec.deny: expected a list, got a string"},
    {"DenyOfANumber", Node("spec: {deny: [7]}\n"),
     "f.yaml:4: spec.deny: expected strings, got a number"},
    {"StopRunningIsAString", Node("spec: {stopRunning: 'true'}\n"),
     "f.yaml:4: spec.stopRunning: expected true or false, got a string"},
    {"StopRunningIsYes", Node("spec: {stopRunning: yes}\n"),
     "f.yaml:4: spec.stopRunning: expected true or false, got a string"},
    {"TwoNodePolicies", Node("spec: {}\n---\n") + Node("spec: {}\n"),
     "f.yaml:8: metadata: a second NodePolicy; there is one for a node"},
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
INSTANTIATE_TEST_SUITE_P(Switches, PolicySourcesRowTest, ::testing::ValuesIn(kWrongSwitches),
                         RowName);
INSTANTIATE_TEST_SUITE_P(NodePolicies, PolicySourcesRowTest,
                         ::testing::ValuesIn(kWrongNodePolicies), RowName);
INSTANTIATE_TEST_SUITE_P(Configs, PolicySourcesRowTest, ::testing::ValuesIn(kWrongConfigs),
                         RowName);

}  // namespace
}  // namespace sigward::cli
