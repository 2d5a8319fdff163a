#include "cli/identity_lint.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/identity_match.h"

namespace sigward::cli {
namespace {

using policy::IdentityKind;
using policy::IdentityText;

std::string_view Anybody(const char* pattern, IdentityField field = IdentityField::kSubject) {
  return FitsAnybody(IdentityText::Of(IdentityKind::kRegExp, pattern).value(), field);
}

std::string Concern(const char* text, IdentityField field = IdentityField::kSubject) {
  return WildcardsConcern(IdentityText::Of(IdentityKind::kWildcards, text).value(), field);
}

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
  EXPECT_EQ(SafeRegExp("*@example.com"), R"(^[^/@]*@example\.com$)");
  EXPECT_EQ(SafeRegExp("a/***/*/b*/**"), "^a/.*/[^/@]*/b[^/@]*/.*$");
  EXPECT_EQ(MeantWildcards("a/*"), "a/**");
  EXPECT_EQ(MeantWildcards("a/**"), "a/**");
  EXPECT_EQ(MeantWildcards("a*b"), "a*b");
}

TEST(IdentityLintTest, AStarInTheMiddleTakesNothingThatBringsTheEndAlong) {
  constexpr const char* kText = "https://github.com/*/release.yml@refs/heads/main";
  EXPECT_TRUE(SafeMatches(kText, "https://github.com/me/release.yml@refs/heads/main"));
  EXPECT_FALSE(SafeMatches(kText,
                           "https://github.com/evil/x/.github/workflows/a.yml@refs/heads/x/"
                           "release.yml@refs/heads/main"));
  EXPECT_FALSE(SafeMatches(kText, "https://github.com/a@b/release.yml@refs/heads/main"));
  constexpr const char* kParts = "https://github.com/me/*/.github/workflows/*@refs/heads/main";
  EXPECT_TRUE(
      SafeMatches(kParts, "https://github.com/me/app/.github/workflows/a.yml@refs/heads/main"));
  EXPECT_FALSE(SafeMatches(
      kParts, "https://github.com/me/app/.github/workflows/a.yml@refs/heads/x@refs/heads/main"));
}

TEST(IdentityLintTest, SeesWhatAnybodyHas) {
  for (const char* open :
       {".*", "^.*$", R"(^\S+$)", "^.{1,}$", R"(^[\s\S]*$)", "^(.*|foo)$", "^.*$|^foo$",
        "^https?://.+$", "^[^@]+@[^@]+$", R"(^.*@.*\.com$)", "^[a-z]+$", "(?i)^[A-Z]+$", "x*"}) {
    EXPECT_FALSE(Anybody(open).empty()) << open;
    EXPECT_FALSE(Anybody(open, IdentityField::kIssuer).empty()) << open;
    EXPECT_FALSE(Anybody(open, IdentityField::kClaim).empty()) << open;
  }
  for (const char* narrow :
       {"^$", "^a$", R"(^[^@]*@example\.com$)", "^https://github\\.com/me/.*$", "^[0-9a-f]{40}$",
        "^(push|release)$", "^refs/tags/.*$", "^[0-9]+$", "^/.*$"}) {
    EXPECT_EQ(Anybody(narrow), "") << narrow;
  }
  constexpr const char* kGitHub = R"(^https://github\.com/.*$)";
  EXPECT_FALSE(Anybody(kGitHub).empty());
  EXPECT_EQ(Anybody(kGitHub, IdentityField::kIssuer), "");
  EXPECT_EQ(Anybody("/heads/", IdentityField::kClaim), "");
}

TEST(IdentityLintTest, WarnsOfWildcardsForAnybody) {
  for (const char* open : {"*", "**", "*/**", "**@**", "https://**", "https://*/**", "http*://**",
                           "https://github.com/**", "https://github.com/*/**"}) {
    EXPECT_TRUE(Concern(open).starts_with("fits anybody's certificate, such as one that says \""))
        << open;
  }
  EXPECT_EQ(Concern("https://*", IdentityField::kIssuer),
            "fits anybody's certificate, such as one that says \"https://qxzvw.com\"");
  EXPECT_EQ(Concern("https://github.com/**", IdentityField::kClaim), "");
}

TEST(IdentityLintTest, WarnsOfWildcardsThatGoOnWithAName) {
  EXPECT_EQ(Concern("https://github.com/exam**"),
            "takes whatever begins with \"https://github.com/exam\", so a longer name that "
            "somebody else has too; write the whole name before the stars");
  for (const char* cut :
       {"https://github.com/exam*", "https://github.com/exam*/**", "https://github.com/exam-**",
        "https://github.com/exam_**", "https://ci.example**", "https://ci.**",
        "https://github.com*/me/**", "https://github.com/me/app**", "https://github.com/*/app**",
        "me@exam**", "exam**"}) {
    EXPECT_TRUE(Concern(cut).starts_with("takes whatever begins with")) << cut;
  }
  EXPECT_TRUE(
      Concern("exam**/app", IdentityField::kClaim).starts_with("takes whatever begins with"));
  for (const char* whole :
       {"https://github.com/me/**", "https://github.com/me/app-*/.github/workflows/a.yml@**",
        "https://github.com/me/app/.github/workflows/a.yml@refs/tags/v**",
        "https://ci-*.example.com/a", "https://ci.example:**", "repo:me/app:ref:refs/tags/v**",
        "bot-*@example.com", "*@example.com"}) {
    EXPECT_EQ(Concern(whole), "") << whole;
  }
  for (const char* claim : {"refs/tags/v**", "github-**", "push*"}) {
    EXPECT_EQ(Concern(claim, IdentityField::kClaim), "") << claim;
  }
}

TEST(IdentityLintTest, WarnsOfWildcardsThatTakeTheEndTwice) {
  constexpr std::string_view kSaid =
      "takes an @ where ** stands, so whoever names a branch after what follows can pass; write * "
      "for each part between slashes";
  EXPECT_EQ(Concern("https://github.com/me/**@refs/heads/main"), kSaid);
  EXPECT_EQ(Concern("**@example.com"), kSaid);
  EXPECT_EQ(Concern("https://github.com/me/*/.github/workflows/*@refs/heads/**"), "");
}

TEST(IdentityLintTest, WarnsOfWildcardsThatFitNoWorkflow) {
  EXPECT_EQ(Concern("https://github.com/docker-library/*"),
            "fits no workflow's certificate: * stops at the next /, and its subject has more of "
            "them; did you mean \"https://github.com/docker-library/**\"?");
  EXPECT_TRUE(Concern("https://gitlab.com/me/*/*").starts_with("fits no workflow's"));
  EXPECT_EQ(Concern("https://github.com/docker-library/*", IdentityField::kClaim), "");
  EXPECT_EQ(Concern("https://kubernetes.io/namespaces/a/serviceaccounts/*"), "");
  EXPECT_EQ(Concern("https://github.com/me/app/.github/workflows/a.yml@refs/heads/*"), "");
}

TEST(IdentityLintTest, SeesAnchors) {
  for (const char* anchored :
       {"^a$", "^a.*$", "^a.*", R"(\Aa\z)", "^(a|b)$", "^(?:a|b)$", "^a$|^b$", "(?i)^a$", "^[|]a$",
        "^[^|]a$", "^[]|]a$", R"(^a\|b$)", R"(^\Qa|b\E$)", R"(^a\\$)", "^(?P<n>a)$",
        "^[[:alpha:]|]$", "^[[:]a$"}) {
    EXPECT_TRUE(IsAnchored(anchored)) << anchored;
  }
  for (const char* open : {"a",           "^a",
                           "a$",          ".*a$",
                           "^a|b$",       "^a$|b",
                           "(?m)^a$",     R"(^a\$)",
                           R"(^a\.*)",    "(^a$)",
                           "(?s)^a$",     "^(?i:a)$",
                           "^(?-s).$",    R"(\^a$)",
                           R"(^\Qa)",     "",
                           "^",           R"(^*@example\.com$)",
                           "^?foo$",      "^+a$",
                           "^{0}a$",      "^{0,1}a$",
                           R"(\A*a$)",    "(?i)^*a$",
                           R"(^\Q\E*a$)", R"(^\Qhttps://x$)",
                           R"(^a|^\Qb$)", "^a[[:alpha:](]|b$"}) {
    EXPECT_FALSE(IsAnchored(open)) << open;
  }
}

}  // namespace
}  // namespace sigward::cli
