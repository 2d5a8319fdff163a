#include "policy/identity_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "policy/wildcards.h"
#include "result_matchers.h"

namespace sigward::policy {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

IdentityText Text(IdentityKind kind, std::string text) {
  return IdentityText::Of(kind, std::move(text)).value();
}
bool Exact(std::string text, std::string_view value) {
  return Text(IdentityKind::kExact, std::move(text)).Matches(value);
}
bool RegExp(std::string text, std::string_view value) {
  return Text(IdentityKind::kRegExp, std::move(text)).Matches(value);
}
bool Glob(std::string text, std::string_view value) {
  return Text(IdentityKind::kWildcards, std::move(text)).Matches(value);
}

constexpr const char* kOfficial =
    "https://github.com/docker-library/official/.github/workflows/build.yml@refs/heads/main";

TEST(IdentityMatchTest, ExactIsByteForByte) {
  EXPECT_TRUE(Exact("a@example.com", "a@example.com"));
  EXPECT_FALSE(Exact("a@example.com", "A@example.com"));
  EXPECT_FALSE(Exact("a@example.com", "a@example.com "));
  EXPECT_FALSE(Exact("a@example.com", "aa@example.com"));
  EXPECT_FALSE(Exact("a@example.com", std::string("a@example.com\0", 14)));
  // As upstream: a star is a star.
  EXPECT_FALSE(Exact("https://github.com/docker-library/*", kOfficial));
  EXPECT_TRUE(Exact("https://github.com/docker-library/*", "https://github.com/docker-library/*"));
}

TEST(IdentityMatchTest, RegularExpressionsMatchAnywhereUnlessAnchored) {
  EXPECT_TRUE(RegExp("docker-library", kOfficial));
  EXPECT_TRUE(RegExp("^https://github\\.com/docker-library/.*$", kOfficial));
  EXPECT_FALSE(RegExp("^docker-library", kOfficial));
  EXPECT_FALSE(RegExp("docker-library$", kOfficial));
  EXPECT_TRUE(RegExp("(?i)^HTTPS://github\\.com/", kOfficial));
  // What people write and do not mean, seen to match as upstream.
  for (const char* evil : {"https://github.com/docker-library-evil/x",
                           "https://evil.example/?q=https://github.com/docker-library",
                           "https://githubXcom/docker-library"}) {
    EXPECT_TRUE(RegExp("https://github.com/docker-library/*", evil)) << evil;
    EXPECT_FALSE(RegExp("^https://github\\.com/docker-library/.*$", evil)) << evil;
  }
}

TEST(IdentityMatchTest, AnchorsMeanTheTextAndNotItsLines) {
  EXPECT_FALSE(RegExp("^a$", "b\na"));
  EXPECT_FALSE(RegExp("^a$", "a\nb"));
  EXPECT_FALSE(RegExp("^a$", "a\n"));
  EXPECT_FALSE(RegExp("^a.*$", "a\nb")) << "a dot is no newline, as in Go";
  EXPECT_TRUE(RegExp("(?m)^a$", "b\na"));
}

TEST(IdentityMatchTest, WildcardsAreAnchoredAndStopAtSlashes) {
  EXPECT_FALSE(Glob("https://github.com/docker-library/*", kOfficial));
  EXPECT_TRUE(Glob("https://github.com/docker-library/**", kOfficial));
  EXPECT_TRUE(Glob("https://github.com/*/official/.github/workflows/*@refs/heads/main", kOfficial));
  EXPECT_FALSE(
      Glob("https://github.com/docker-library/**", "https://github.com/docker-library-evil/x"));
  EXPECT_FALSE(Glob("https://github.com/docker-library/**",
                    "https://evil.example/?q=https://github.com/docker-library/x"));
  EXPECT_FALSE(Glob("**@example.com", "a@example.com.evil"));
  EXPECT_TRUE(Glob("*@example.com", "a@example.com"));
  EXPECT_FALSE(Glob("*@example.com", "a/b@example.com"));
  EXPECT_TRUE(Glob("a#b", "a#b"));
  EXPECT_FALSE(Glob("a#b", "a/x/b")) << "nothing but stars is a wildcard";
  EXPECT_FALSE(Glob("a.c", "abc"));
  EXPECT_FALSE(Glob("a", "ab"));
  EXPECT_TRUE(Glob("a**", std::string("a\x01\n/b", 5)));
}

using Claims = std::map<std::string, std::string, std::less<>>;

base::Status Check(const Identity& identity, const std::string& issuer, const std::string& subject,
                   const Claims& claims = {}) {
  verifier::CertificateIdentity certificate;
  certificate.issuer = issuer;
  certificate.subject = subject;
  certificate.claims = claims;
  return CheckIdentity({&identity, 1}, certificate);
}

TEST(IdentityMatchTest, WhatACertificateDoesNotSayMatchesNothing) {
  EXPECT_FALSE(RegExp(".*", ""));
  EXPECT_FALSE(RegExp("^$", ""));
  EXPECT_FALSE(Glob("**", ""));
  const Identity anyone{Text(IdentityKind::kRegExp, ".*"), Text(IdentityKind::kRegExp, ".*")};
  EXPECT_THAT(Check(anyone, "issuer", "subject"), IsOk());
  EXPECT_THAT(Check(anyone, "", "subject"), FailsWith(Reason::kIdentityMismatch));
  EXPECT_THAT(Check(anyone, "issuer", ""), FailsWith(Reason::kIdentityMismatch));
}

TEST(IdentityMatchTest, BothHaveToMatch) {
  const Identity identity{Text(IdentityKind::kExact, "i"), Text(IdentityKind::kExact, "s")};
  EXPECT_THAT(Check(identity, "i", "s"), IsOk());
  EXPECT_THAT(Check(identity, "s", "i"), FailsWith(Reason::kIdentityMismatch));
  EXPECT_THAT(Check(identity, "i", "x"), FailsWith(Reason::kIdentityMismatch));
  EXPECT_THAT(Check(identity, "x", "s"), FailsWith(Reason::kIdentityMismatch));
}

TEST(IdentityMatchTest, EachClaimHasToMatch) {
  Identity identity{Text(IdentityKind::kExact, "i"), Text(IdentityKind::kExact, "s")};
  identity.claims.emplace("buildTrigger", Text(IdentityKind::kExact, "push"));
  identity.claims.emplace("sourceRepositoryRef", Text(IdentityKind::kRegExp, "^refs/tags/.*$"));
  const Claims right = {{"buildTrigger", "push"},
                        {"sourceRepositoryRef", "refs/tags/v1"},
                        {"runnerEnvironment", "x"}};
  EXPECT_THAT(Check(identity, "i", "s", right), IsOk());
  EXPECT_THAT(Check(identity, "x", "s", right), FailsWith(Reason::kIdentityMismatch));
  EXPECT_THAT(Check(identity, "i", "x", right), FailsWith(Reason::kIdentityMismatch));
  for (const char* name : {"buildTrigger", "sourceRepositoryRef"}) {
    for (const char* other : {"", "pull_request", "refs/heads/main"}) {
      Claims wrong = right;
      wrong[name] = other;
      EXPECT_THAT(Check(identity, "i", "s", wrong), FailsWith(Reason::kIdentityMismatch)) << other;
    }
    Claims silent = right;
    silent.erase(name);
    const auto checked = Check(identity, "i", "s", silent);
    EXPECT_THAT(checked, FailsWith(Reason::kIdentityMismatch));
    EXPECT_THAT(checked.error().detail,
                ::testing::StartsWith(std::string(name) + " is not said, the policy wants "));
  }
}

TEST(IdentityMatchTest, OneIdentityHasToFitAsAWhole) {
  const auto identity = [](const char* subject, const char* trigger) {
    Identity made{Text(IdentityKind::kExact, "i"), Text(IdentityKind::kExact, subject)};
    made.claims.emplace("buildTrigger", Text(IdentityKind::kExact, trigger));
    return made;
  };
  const std::vector<Identity> identities = {identity("a", "push"), identity("b", "schedule"),
                                            identity("c", "push")};
  const auto check = [&](const std::string& subject, const std::string& trigger) {
    verifier::CertificateIdentity certificate;
    certificate.issuer = "i";
    certificate.subject = subject;
    certificate.claims = {{"buildTrigger", trigger}};
    return CheckIdentity(identities, certificate);
  };
  EXPECT_THAT(check("a", "push"), IsOk());
  EXPECT_THAT(check("b", "schedule"), IsOk());
  EXPECT_THAT(check("x", "push").error().detail, ::testing::HasSubstr("whom the policy does not"));
  // The nearest one says what is in the way, wherever it stands in the list.
  EXPECT_THAT(
      check("b", "push").error().detail,
      ::testing::StartsWith(
          "buildTrigger is \"push\", the policy wants \"schedule\"; the certificate is for b "));
  EXPECT_THAT(CheckIdentity({}, {}), FailsWith(Reason::kInternal));
}

TEST(IdentityMatchTest, ExpressionsCostWhatTheyAreLong) {
  EXPECT_EQ(Text(IdentityKind::kExact, "^a{1,100}$").cost(), 0U);
  EXPECT_EQ(Text(IdentityKind::kWildcards, "a**").cost(), 0U);
  const std::size_t one = Text(IdentityKind::kRegExp, "^.{1,100}$").cost();
  EXPECT_GT(one, 100U);
  EXPECT_GT(Text(IdentityKind::kRegExp, "^.{1,200}$").cost(), one * 3 / 2);
  Identity identity{Text(IdentityKind::kRegExp, "^.{1,100}$"),
                    Text(IdentityKind::kRegExp, "^.{1,100}$")};
  identity.claims.emplace("buildTrigger", Text(IdentityKind::kRegExp, "^.{1,100}$"));
  EXPECT_EQ(identity.cost(), 3 * one);
}

TEST(IdentityMatchTest, TextsAreChecked) {
  for (const auto kind : {IdentityKind::kExact, IdentityKind::kRegExp, IdentityKind::kWildcards}) {
    const std::size_t max =
        kind == IdentityKind::kWildcards ? kMaxWildcardLength : kMaxIdentityText;
    EXPECT_THAT(IdentityText::Of(kind, ""), FailsWith(Reason::kPolicyInvalid));
    EXPECT_THAT(IdentityText::Of(kind, std::string(max, 'x')), IsOk());
    EXPECT_THAT(IdentityText::Of(kind, std::string(max + 1, 'x')), FailsWith(Reason::kTooLarge));
    EXPECT_THAT(IdentityText::Of(kind, "a\nb"), FailsWith(Reason::kPolicyInvalid));
    EXPECT_THAT(IdentityText::Of(kind, std::string("a\0b", 3)), FailsWith(Reason::kPolicyInvalid));
    EXPECT_THAT(IdentityText::Of(kind, "a\xff"), FailsWith(Reason::kPolicyInvalid));
  }
  for (const char* bad : {"****", "(", "[", "a{2,1}", "a{1001}", "(?=a)", "\\1", "(?P<n>a"}) {
    EXPECT_THAT(IdentityText::Of(IdentityKind::kRegExp, bad), FailsWith(Reason::kPolicyInvalid))
        << bad;
  }
}

TEST(IdentityMatchTest, MemoryIsBounded) {
  EXPECT_THAT(IdentityText::Of(IdentityKind::kRegExp, "x{1000}"), IsOk());
  EXPECT_THAT(IdentityText::Of(IdentityKind::kRegExp, "\\pL{8}"), IsOk());
  // RE2's own default would take this one.
  EXPECT_THAT(IdentityText::Of(IdentityKind::kRegExp, "\\pL{20}"),
              FailsWith(Reason::kPolicyInvalid));
  EXPECT_THAT(IdentityText::Of(IdentityKind::kRegExp, "((x{100}){100}){100}"),
              FailsWith(Reason::kPolicyInvalid));
}

TEST(IdentityMatchTest, TimeIsLinear) {
  const auto start = std::chrono::steady_clock::now();
  const std::string value(100'000, 'a');
  EXPECT_FALSE(RegExp("^(a+)+$", value + "b"));
  EXPECT_FALSE(RegExp("(a*)*(a*)*(a*)*b$", value));
  EXPECT_FALSE(RegExp("(x+x+)+y", std::string(100'000, 'x')));
  std::string stars;
  while (stars.size() + 3 < kMaxWildcardLength) {
    stars += "*a";
  }
  EXPECT_FALSE(Glob(stars + "b", value));
  // Backtracking would take longer than the universe has been there.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace sigward::policy
