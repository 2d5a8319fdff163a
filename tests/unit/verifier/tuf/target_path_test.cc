#include "verifier/tuf/target_path.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::verifier::tuf {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

TEST(TargetPathTest, LiesBelowTheTargets) {
  for (const char* path : {"a", "a/b/c.json", "..a", "a/...", "é", "a b", "%2e%2e"}) {
    EXPECT_THAT(CheckTargetPath(path), IsOk()) << path;
  }
  for (const char* path : {"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/./b",
                           "a/../../b", "a\\..\\b", "a\nb", "\x7f", "\xff"}) {
    EXPECT_THAT(CheckTargetPath(path), FailsWith(Reason::kMalformed)) << path;
  }
  EXPECT_THAT(CheckTargetPath(std::string_view("a\0b", 3)), FailsWith(Reason::kMalformed));
  EXPECT_THAT(CheckTargetPath(std::string(kMaxPathBytes, 'a')), IsOk());
  EXPECT_THAT(CheckTargetPath(std::string(kMaxPathBytes + 1, 'a')), FailsWith(Reason::kTooLarge));
}

TEST(TargetPathTest, PatternsAreThoseOfTheSpecification) {
  const auto matches = [](const char* pattern, const char* path) {
    Delegation delegation;
    delegation.path_patterns = {"never/this", pattern};
    return IsDelegatedTo(delegation, path);
  };
  EXPECT_TRUE(matches("targets/*.tgz", "targets/foo.tgz"));
  EXPECT_FALSE(matches("targets/*.tgz", "targets/foo.txt"));
  EXPECT_TRUE(matches("foo-version-?.tgz", "foo-version-2.tgz"));
  EXPECT_FALSE(matches("foo-version-?.tgz", "foo-version-alpha.tgz"));
  EXPECT_TRUE(matches("*.tgz", "foo.tgz"));
  EXPECT_FALSE(matches("*.tgz", "targets/foo.tgz"));
  EXPECT_TRUE(matches("foo.tgz", "foo.tgz"));
  EXPECT_FALSE(matches("foo.tgz", "foo.tgzz"));
  EXPECT_TRUE(matches("*/*", "a/b"));
  EXPECT_FALSE(matches("*/*", "a/b/c"));
  EXPECT_FALSE(matches("*/*", "a"));
  EXPECT_FALSE(matches("a?b", "a/b"));
  EXPECT_TRUE(matches("*a*b*", "xxaayybb"));
  EXPECT_FALSE(matches("*a*b", "xxaayy"));
  EXPECT_FALSE(matches("[ab]", "a"));
  EXPECT_TRUE(matches("*", "anything"));
}

TEST(TargetPathTest, ManyStarsTakeNoTime) {
  Delegation delegation;
  std::string pattern;
  for (int i = 0; i < 500; ++i) {
    pattern += "a*";
  }
  delegation.path_patterns = {pattern + "b"};
  EXPECT_FALSE(IsDelegatedTo(delegation, std::string(kMaxPathBytes, 'a')));
}

TEST(TargetPathTest, PrefixesAreOfThePathsHash) {
  // sha256("a") = ca978112…
  Delegation delegation;
  delegation.path_hash_prefixes = {"00", "ca9"};
  EXPECT_TRUE(IsDelegatedTo(delegation, "a"));
  EXPECT_FALSE(IsDelegatedTo(delegation, "b"));
  delegation.path_hash_prefixes = {"CA9"};
  EXPECT_FALSE(IsDelegatedTo(delegation, "a"));
}

TEST(TargetPathTest, ARolesFileIsOneElement) {
  EXPECT_EQ(RoleFileName("registry.npmjs.org"), "registry.npmjs.org.json");
  EXPECT_EQ(RoleFileName("../a b/ä"), "..%2Fa%20b%2F%C3%A4.json");
}

}  // namespace
}  // namespace sigward::verifier::tuf
