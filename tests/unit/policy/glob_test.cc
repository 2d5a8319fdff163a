#include "policy/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::policy {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

verifier::Digest SomeDigest() {
  return verifier::Digest::Of(base::AsBytes("an image"));
}

bool Matches(const std::string& glob, const std::string& image) {
  return Glob::Parse(glob).value().Matches(verifier::ImageRef::Parse(image).value(), SomeDigest());
}

struct Row {
  std::string glob;
  bool matches;
};

void ExpectRows(const std::string& image, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(Matches(row.glob, image), row.matches) << row.glob << " against " << image;
  }
}

TEST(GlobTest, MatchesImagesOfDockerHubUnderBothNames) {
  const std::vector<Row> rows = {
      {"index.docker.io/library/nginx*", true},
      {"index.docker.io/library/nginx@*", true},
      {"index.docker.io/library/*", true},
      {"index.docker.io/**", true},
      {"index.docker.io/*/*", true},
      {"*", true},
      {"*/*", true},
      {"**", true},
      {"*/**", true},
      // Upstream knows the one name only; here both select, on purpose.
      {"docker.io/library/nginx*", true},
      {"docker.io/library/*", true},
      {"docker.io/**", true},
      // The short name is no name.
      {"nginx*", false},
      {"library/nginx*", false},
      // The digest is part of what is matched, the tag is not.
      {"index.docker.io/library/nginx", false},
      {"docker.io/library/nginx", false},
      {"index.docker.io/library/nginx:*", false},
      {"docker.io/library/nginx:1.27*", false},
      {"registry.docker.io/**", false},
      {"index.docker.io/*", false},
  };
  ExpectRows("docker.io/library/nginx:1.27", rows);
  ExpectRows("index.docker.io/library/nginx", rows);
  ExpectRows("nginx", rows);
}

TEST(GlobTest, MatchesImagesOfOtherRegistries) {
  ExpectRows("ghcr.io/foo/bar:v1", {
                                       {"**", true},
                                       {"*/**", true},
                                       {"*", false},
                                       {"*/*", false},
                                       {"ghcr.io/foo/bar", false},
                                       {"ghcr.io/foo/bar:*", false},
                                       {"ghcr.io/foo/bar*", true},
                                       {"ghcr.io/foo/bar@*", true},
                                       {"ghcr.io/foo/*", true},
                                       {"ghcr.io/foo/**", true},
                                       {"ghcr.io/**", true},
                                       {"ghcr.io/*", false},
                                       {"ghcr.io/*/bar@sha256:*", true},
                                       {"ghcr.io/foo/bar@sha512:*", false},
                                       {"ghcr.io/Foo/**", false},
                                       {"GHCR.io/**", true},
                                       {"hcr.io/**", false},
                                       {"ghcr.io/foo/ba", false},
                                       {"ghcrXio/foo/*", false},
                                   });
}

// Whoever names an image chooses its spelling, so no spelling may step past a policy.
TEST(GlobTest, AnotherSpellingOfARegistryIsTheSameRegistry) {
  const std::pair<const char*, const char*> same[] = {
      {"registry.example/**", "registry.example:443/app:v1"},
      {"registry.example:443/**", "registry.example:443/app:v1"},
      {"Registry.Example/**", "registry.example/app:v1"},
      {"registry.example/**", "REGISTRY.example/app:v1"},
      {"docker.io/**", "docker.io:443/library/nginx:1"},
      {"docker.io/**", "index.docker.io:443/library/nginx:1"},
      {"docker.io/**", "registry-1.docker.io/library/nginx:1"},
      {"index.docker.io/**", "registry-1.docker.io:443/library/nginx:1"},
      {"registry-1.docker.io/**", "registry-1.docker.io/library/nginx:1"},
  };
  for (const auto& [glob, image] : same) {
    EXPECT_TRUE(Matches(glob, image)) << glob << " against " << image;
  }
  EXPECT_FALSE(Matches("registry.example/**", "registry.example:5000/app:v1"));
  EXPECT_FALSE(Matches("registry.example/**", "registry.example:1443/app:v1"));
  EXPECT_FALSE(Matches("registry.example/App@*", "registry.example/app:v1"));
}

TEST(GlobTest, RefusesAScheme) {
  EXPECT_THAT(Glob::Parse("https://registry.example/**"), FailsWith(Reason::kPolicyInvalid));
}

TEST(GlobTest, KeepsTheSpecialFormsForDockerHub) {
  ExpectRows("docker.io/myorg/app", {{"*", false}, {"*/*", true}, {"docker.io/*", false}});
  ExpectRows("quay.io/app", {{"*", false}, {"*/*", false}, {"*/**", true}});
}

TEST(GlobTest, StopsOneStarAtASlashAndTwoNowhere) {
  ExpectRows("registry.example:5000/a/b/c", {
                                                {"registry.example:5000/a/*", false},
                                                {"registry.example:5000/a/**", true},
                                                {"registry.example:5000/*/*/*", true},
                                                {"registry.example:5000/*/*", false},
                                                {"registry.example:5000/**/c@*", true},
                                                {"registry.example:5000/a/***", true},
                                                {"*:5000/**", true},
                                                {"**/b/**", true},
                                                {"**/b/*", true},
                                                {"**/b/*/**", false},
                                                {"**/b*c**", false},
                                                {"**/b**c**", true},
                                                {"registry.example:*/**", true},
                                                {"registry.example/**", false},
                                            });
}

TEST(GlobTest, MatchesTheWholeDigestAndNothingBesideIt) {
  const std::string pinned = "registry.example/app@" + SomeDigest().text();
  EXPECT_TRUE(Matches(pinned, "registry.example/app"));
  EXPECT_FALSE(Matches(pinned + "0", "registry.example/app"));
  EXPECT_FALSE(Matches(pinned.substr(0, pinned.size() - 1), "registry.example/app"));
}

TEST(GlobTest, PutsAHostThatContainsANameBesideIt) {
  EXPECT_FALSE(Matches("registry.example/org/*", "attacker.test/registry.example/org/evil"));
  EXPECT_TRUE(Matches("registry.example/app*", "registry.example/app-evil"));
}

TEST(GlobTest, TakesEveryCharacterOfTheSetAndNoOther) {
  const std::string set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:/*.@";
  for (int code = 0; code < 256; ++code) {
    const std::string text = std::string("a") + static_cast<char>(code);
    if (set.find(static_cast<char>(code)) != std::string::npos) {
      EXPECT_THAT(Glob::Parse(text), IsOk()) << code;
    } else {
      EXPECT_THAT(Glob::Parse(text), FailsWith(Reason::kPolicyInvalid)) << code;
    }
  }
}

TEST(GlobTest, BoundsItsLength) {
  EXPECT_THAT(Glob::Parse(""), FailsWith(Reason::kPolicyInvalid));
  EXPECT_THAT(Glob::Parse(std::string(kMaxGlobLength, 'a')), IsOk());
  EXPECT_THAT(Glob::Parse(std::string(kMaxGlobLength + 1, 'a')), FailsWith(Reason::kPolicyInvalid));
  EXPECT_TRUE(Matches(std::string(kMaxGlobLength, '*'), "registry.example/app"));
}

TEST(GlobTest, KeepsItsTextAsWritten) {
  EXPECT_EQ(Glob::Parse("*").value().text(), "*");
  EXPECT_EQ(Glob::Parse("a/***").value().text(), "a/***");
}

TEST(GlobTest, AnswersSoonWhateverTheGlob) {
  const std::string image = "registry.example/" + std::string(200, 'a');
  std::vector<std::string> hostile;
  for (const std::string piece : {"*a", "**a", "*a**a", "**a*a", "**"}) {
    std::string glob;
    while (glob.size() + piece.size() < kMaxGlobLength) {
      glob += piece;
    }
    hostile.push_back(glob + "/");
  }
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& glob : hostile) {
    EXPECT_FALSE(Matches(glob, image)) << glob;
  }
  // A matcher that tries ways one after the other would need longer than the universe is old.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace sigward::policy
