#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "policy/evaluate.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Reason;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kMaxLine = 1024;

Workload Asked(const std::string& image = "registry.example/app:v1") {
  return {.origin = Origin::kPull,
          .image = verifier::ImageRef::Parse(image).value(),
          .digest = verifier::Digest::Of(base::AsBytes("the image"))};
}

const std::string& Pinned() {
  static const std::string text = "registry.example/app@" + Asked().digest.text();
  return text;
}

PolicyOutcome Outcome(const std::string& name, Verdict verdict, Mode mode = Mode::kEnforce) {
  PolicyOutcome outcome;
  outcome.name = name;
  outcome.mode = mode;
  outcome.verdict = verdict;
  return outcome;
}

Decision Refused(Verdict verdict, base::Error error, std::vector<PolicyOutcome> policies) {
  Decision decision;
  decision.verdict = verdict;
  decision.error = std::move(error);
  decision.policies = std::move(policies);
  return decision;
}

Decision Allowed(std::vector<PolicyOutcome> policies) {
  Decision decision = Refused(Verdict::kAllow, Fail(Reason::kInternal, ""), std::move(policies));
  decision.error = std::nullopt;
  return decision;
}

TEST(DecisionLineTest, WhatCouldNotBeReadIsNotCalledInvalid) {
  const std::string line =
      DecisionLine(Refused(Verdict::kUndetermined, Fail(Reason::kMalformed, "a web page"),
                           {Outcome("p", Verdict::kUndetermined)}),
                   Asked());
  EXPECT_EQ(line, "malformed: could not check " + Pinned() + ": a web page (policy p)");
}

TEST(DecisionLineTest, PutsTheReasonFirst) {
  const std::vector<PolicyOutcome> policy = {Outcome("require-signed", Verdict::kDeny)};
  const struct {
    base::Error error;
    std::string line;
  } rows[] = {
      {Fail(Reason::kNoSignature, "no signature found"),
       "no-signature: no signature found for " + Pinned() + " (policy require-signed)"},
      {Fail(Reason::kBadSignature, "made with another key"),
       "bad-signature: no valid signature for " + Pinned() +
           ": made with another key (policy require-signed)"},
      {Fail(Reason::kStaticFail, "use the mirror"),
       "static-fail: use the mirror: " + Pinned() + " (policy require-signed)"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(DecisionLine(Refused(Verdict::kDeny, row.error, policy), Asked()), row.line);
  }
}

TEST(DecisionLineTest, SaysWhenItCouldNotTell) {
  EXPECT_EQ(DecisionLine(Refused(Verdict::kUndetermined, Fail(Reason::kUnreachable, "refused"),
                                 {Outcome("p", Verdict::kUndetermined)}),
                         Asked()),
            "registry-unreachable: could not check " + Pinned() + ": refused (policy p)");
}

TEST(DecisionLineTest, SpeaksOfNoPolicyWhereNoneTookPart) {
  EXPECT_EQ(
      DecisionLine(Refused(Verdict::kDeny, Fail(Reason::kNoMatchingPolicy, "x"), {}), Asked()),
      "no-matching-policy: no policy matches " + Pinned());
  EXPECT_EQ(
      DecisionLine(Refused(Verdict::kDeny, Fail(Reason::kDescriptorMismatch, "sizes differ"), {}),
                   Asked()),
      "descriptor-mismatch: " + Pinned() + " is refused: sizes differ");
}

TEST(DecisionLineTest, NamesThePolicyThatGaveTheReasonAndCountsTheOthers) {
  const Decision decision = Refused(
      Verdict::kDeny, Fail(Reason::kStaticFail, "no"),
      {Outcome("a-unsure", Verdict::kUndetermined), Outcome("b-good", Verdict::kAllow),
       Outcome("c-warned", Verdict::kDeny, Mode::kWarn), Outcome("d-refusing", Verdict::kDeny)});
  EXPECT_THAT(DecisionLine(decision, Asked()), EndsWith(" (policy d-refusing, +1 more)"));
}

TEST(DecisionLineTest, ListsThePoliciesThatAllowed) {
  EXPECT_EQ(DecisionLine(Allowed({Outcome("a", Verdict::kAllow), Outcome("b", Verdict::kAllow)}),
                         Asked()),
            "allowed: " + Pinned() + " (policies a, b)");
  EXPECT_EQ(DecisionLine(Allowed({Outcome("a", Verdict::kAllow)}), Asked()),
            "allowed: " + Pinned() + " (policy a)");
  std::vector<PolicyOutcome> many;
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    many.push_back(Outcome(name, Verdict::kAllow));
  }
  EXPECT_THAT(DecisionLine(Allowed(many), Asked()), EndsWith(" (policies a, b, c, +2 more)"));
  EXPECT_EQ(DecisionLine(Allowed({}), Asked()), "allowed: " + Pinned() + " (no policy matches)");
}

TEST(DecisionLineTest, AppendsWarnings) {
  Decision decision = Allowed({Outcome("a", Verdict::kAllow)});
  decision.warnings = {"one thing", "another thing"};
  EXPECT_EQ(DecisionLine(decision, Asked()),
            "allowed: " + Pinned() + " (policy a); warning: one thing; warning: another thing");
}

TEST(DecisionLineTest, ReadsAsARefusalUntilSomethingWasDecided) {
  EXPECT_THAT(DecisionLine(Decision(), Asked()), StartsWith("internal: "));
  Decision broken;
  broken.error = std::nullopt;
  EXPECT_THAT(DecisionLine(broken, Asked()), StartsWith("internal: "));
}

TEST(DecisionLineTest, StaysOneBoundedLineAndKeepsDigestAndPolicy) {
  const std::string path = std::string(200, 'h') + ".example/" + std::string(200, 'p');
  Decision decision =
      Refused(Verdict::kDeny, Fail(Reason::kStaticFail, "line\n\x1b[2J" + std::string(5000, 'x')),
              {Outcome(std::string(kMaxNameLength, 'n'), Verdict::kDeny)});
  decision.warnings = {std::string(5000, 'w')};
  const Workload asked = Asked(path);
  const std::string line = DecisionLine(decision, asked);
  EXPECT_LE(line.size(), kMaxLine);
  EXPECT_EQ(base::OneLine(line, kMaxLine), line);
  EXPECT_THAT(line, HasSubstr("@" + asked.digest.text()));
  EXPECT_THAT(line, HasSubstr("(policy " + std::string(kMaxNameLength, 'n') + ")"));
}

}  // namespace
}  // namespace sigward::policy
