#include "cli/identity_lint.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/identity_match.h"

namespace sigward::cli {
namespace {

using policy::IdentityKind;
using policy::IdentityText;

bool SafeMatches(std::string_view text, std::string_view value) {
  const auto parsed = IdentityText::Of(IdentityKind::kRegExp, SafeRegExp(text));
  return parsed.ok() && parsed->Matches(value);
}

TEST(IdentityLintTest, WritesWhatWasMeant) {
  EXPECT_EQ(SafeRegExp("https://github.com/docker-library/*"),
            R"(^https://github\.com/docker-library/.*$)");
  EXPECT_EQ(SafeRegExp("a**b"), "^a.*b$");
  EXPECT_EQ(SafeRegExp(R"(\.+?()|[]{}^$)"), R"(^\\\.\+\?\(\)\|\[\]\{\}\^\$$)");
  EXPECT_TRUE(SafeMatches("https://github.com/docker-library/*",
                          "https://github.com/docker-library/official/x@refs/heads/main"));
  EXPECT_FALSE(SafeMatches("https://github.com/docker-library/*",
                           "https://evil.example/?q=https://github.com/docker-library/x"));
  EXPECT_FALSE(
      SafeMatches("https://github.com/docker-library/*", "https://githubXcom/docker-library/x"));
  EXPECT_TRUE(SafeMatches(R"(a\.+?()|[]{}^$b)", R"(a\.+?()|[]{}^$b)"));
  EXPECT_TRUE(IsAnchored(SafeRegExp("*@example.com")));
}

TEST(IdentityLintTest, SeesAnchors) {
  for (const char* anchored :
       {"^a$", "^a.*$", "^a.*", R"(\Aa\z)", "^(a|b)$", "^(?:a|b)$", "^a$|^b$", "(?i)^a$", "^[|]a$",
        "^[^|]a$", "^[]|]a$", R"(^a\|b$)", R"(^\Qa|b\E$)", R"(^a\\$)", "^(?P<n>a)$"}) {
    EXPECT_TRUE(IsAnchored(anchored)) << anchored;
  }
  for (const char* open :
       {"a", "^a", "a$", ".*a$", "^a|b$", "^a$|b", "(?m)^a$", R"(^a\$)", R"(^a\.*)", "(^a$)",
        "(?s)^a$", "^(?i:a)$", "^(?-s).$", R"(\^a$)", R"(^\Qa)", "", "^"}) {
    EXPECT_FALSE(IsAnchored(open)) << open;
  }
}

}  // namespace
}  // namespace sigward::cli
