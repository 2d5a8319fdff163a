#include "cli/policy_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/yaml/yaml_reader.h"
#include "policy_documents.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::cli {
namespace {

using base::Reason;
using testing::Config;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Images;
using ::testing::IsEmpty;
using testing::kDigest;
using testing::Node;
using testing::Texts;
using testing::WithAuthority;
using testing::WithKeys;
using testing::WithMetadata;
using testing::WithSpec;

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

TEST(PolicySourcesTest, CompilesTheNodesRulesAndThePoliciesSwitches) {
  const auto accepting = WithMetadata(
      "metadata: {name: a, annotations: {sigward.dev/accept-unprovable-rootfs: "
      "'true'}}\n");
  const auto refusing = WithMetadata(
      "metadata: {name: b, annotations: {sigward.dev/refuse-modified-rootfs: 'true', "
      "sigward.dev/accept-unprovable-rootfs: 'false'}}\n");
  const std::string other = "sha512:" + std::string(128, 'a');
  const std::vector<SourceText> sources = {
      {"a.yaml", accepting + "---\n" + refusing},
      {"node.yaml", Node("spec:\n  floor: ['" + kDigest + "', '" + kDigest + "']\n  deny:\n  - " +
                         other + "\n  stopRunning: true\n")}};
  Problems problems;
  const auto compiled = CompileSources(sources, problems);
  ASSERT_TRUE(compiled.has_value()) << ::testing::PrintToString(Texts(problems.errors()));
  const auto snapshot = policy::PolicySnapshot::Parse(compiled->text, 1).value();
  EXPECT_THAT(snapshot->node().floor, ElementsAre(verifier::Digest::Parse(kDigest).value()));
  EXPECT_THAT(snapshot->node().deny, ElementsAre(verifier::Digest::Parse(other).value()));
  EXPECT_TRUE(snapshot->node().stop_running);
  EXPECT_TRUE(snapshot->policies().at(0).accept_unprovable_rootfs);
  EXPECT_FALSE(snapshot->policies().at(0).refuse_modified_rootfs);
  EXPECT_FALSE(snapshot->policies().at(1).accept_unprovable_rootfs);
  EXPECT_TRUE(snapshot->policies().at(1).refuse_modified_rootfs);
}

TEST(PolicySourcesTest, WeakensAndStopsNothingUnlessToldTo) {
  const std::vector<SourceText> sources = {{"a.yaml", WithAuthority("static: {action: pass}")},
                                           {"node.yaml", Node("spec: {}\n")}};
  Problems problems;
  const auto snapshot =
      policy::PolicySnapshot::Parse(CompileSources(sources, problems).value().text, 1).value();
  EXPECT_THAT(snapshot->node().floor, IsEmpty());
  EXPECT_THAT(snapshot->node().deny, IsEmpty());
  EXPECT_FALSE(snapshot->node().stop_running);
  EXPECT_FALSE(snapshot->policies().at(0).accept_unprovable_rootfs);
  EXPECT_FALSE(snapshot->policies().at(0).refuse_modified_rootfs);
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
  const auto digests = [](std::size_t n) {
    std::string all = Node("spec:\n  floor:\n");
    for (std::size_t i = 0; i < n; ++i) {
      const std::string digits = std::to_string(i);
      all += "  - sha256:" + std::string(64 - digits.size(), '0') + digits + "\n";
    }
    return all;
  };
  EXPECT_TRUE(compiles(digests(policy::kMaxListedDigests)));
  EXPECT_FALSE(compiles(digests(policy::kMaxListedDigests + 1)));
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
