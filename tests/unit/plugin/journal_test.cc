#include "plugin/journal/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/strict_json.h"
#include "result_matchers.h"
#include "rpc/frame.h"

namespace sigward::journal {
namespace {

using base::Json;
using base::Reason;
using policy::Verdict;

class JournalTest : public ::testing::Test {
 protected:
  Told Record(const policy::Decision& decision, const std::string& line = "a line") {
    ::testing::internal::CaptureStderr();
    Told told = journal_.Record({policy::Origin::kPull, "registry.example/app:v1", "sha256:aa"},
                                decision, line, std::chrono::microseconds(1500));
    logged_ = ::testing::internal::GetCapturedStderr();
    return told;
  }
  static Json Parsed(const std::string& text) {
    auto parsed = base::ParseStrictJson(text, 1U << 20);
    EXPECT_THAT(parsed, testing::IsOk()) << text;
    return parsed.ok() ? *parsed : Json();
  }
  Journal journal_;
  std::string logged_;
};

TEST_F(JournalTest, OneLineAndOneRecordTellTheSame) {
  policy::Decision decision;
  decision.error = base::Fail(Reason::kNoSignature, "none");
  decision.generation = 7;
  const Told told = Record(decision);
  EXPECT_EQ(told.line, "a line");
  EXPECT_EQ(std::ranges::count(logged_, '\n'), 1);
  const Json record = Parsed(told.record);
  const Json line = Parsed(logged_);
  EXPECT_EQ(line["event"], "decision");
  EXPECT_EQ(line["level"], "warning");
  for (const char* name :
       {"id", "origin", "image", "digest", "decision", "reason", "message", "generation"}) {
    EXPECT_EQ(record[name], line[name]) << name;
  }
  EXPECT_EQ(record["decision"], "deny");
  EXPECT_EQ(record["reason"], "no-signature");
  EXPECT_EQ(record["elapsedMs"], 1.5);
}

TEST_F(JournalTest, WhatIsToldWithoutALogIsTheSame) {
  policy::Decision decision;
  decision.error = base::Fail(Reason::kNoSignature, "none");
  Json recorded = Parsed(Record(decision).record);
  ::testing::internal::CaptureStderr();
  const Told told = Tell({policy::Origin::kPull, "registry.example/app:v1", "sha256:aa"}, decision,
                         "a line", std::chrono::microseconds(1500));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(told.line, "a line");
  Json record = Parsed(told.record);
  for (const char* own : {"id", "time"}) {
    EXPECT_EQ(record.erase(own), 1U) << own;
    EXPECT_EQ(recorded.erase(own), 1U) << own;
  }
  EXPECT_EQ(record, recorded);
}

TEST_F(JournalTest, TellsWhereSignaturesWereLookedFor) {
  policy::Decision decision;
  policy::PolicyOutcome outcome;
  outcome.name = "p";
  for (const auto& [repository, prefix] :
       {std::pair("", ""), std::pair("r.example/sigs", ""), std::pair("r.example/sigs", "rel-"),
        std::pair("", "rel-")}) {
    policy::AuthorityOutcome authority;
    authority.name = "a";
    authority.source = policy::SignatureSource::Of(repository, prefix).value();
    outcome.authorities.push_back(authority);
  }
  decision.policies.push_back(outcome);
  const Json authorities = Parsed(Record(decision).record)["policies"][0]["authorities"];
  EXPECT_FALSE(authorities[0].contains("source"));
  EXPECT_EQ(authorities[1]["source"], Json({{"repository", "r.example/sigs"}}));
  EXPECT_EQ(authorities[2]["source"],
            Json({{"repository", "r.example/sigs"}, {"tagPrefix", "rel-"}}));
  EXPECT_EQ(authorities[3]["source"], Json({{"tagPrefix", "rel-"}}));
}

TEST_F(JournalTest, EveryDecisionHasAnIdOfItsOwnAndIsCounted) {
  std::set<std::string> ids;
  for (const Verdict verdict :
       {Verdict::kAllow, Verdict::kDeny, Verdict::kDeny, Verdict::kUndetermined}) {
    policy::Decision decision;
    decision.verdict = verdict;
    ids.insert(Parsed(Record(decision).record)["id"]);
  }
  EXPECT_EQ(ids.size(), 4U);
  EXPECT_EQ(journal_.counts().allow, 1U);
  EXPECT_EQ(journal_.counts().deny, 2U);
  EXPECT_EQ(journal_.counts().undetermined, 1U);
}

TEST_F(JournalTest, ARecordFitsAFrameWhateverPoliciesAndDetailsSay) {
  policy::Decision decision;
  for (int i = 0; i < 200; ++i) {
    policy::PolicyOutcome outcome;
    outcome.name = std::string(policy::kMaxNameLength, 'p');
    outcome.error = base::Fail(Reason::kMalformed, std::string(5000, '"'));
    for (int j = 0; j < 64; ++j) {
      outcome.authorities.push_back(
          {std::string(policy::kMaxNameLength, '\\'), Verdict::kDeny, outcome.error});
    }
    decision.policies.push_back(outcome);
    decision.warnings.emplace_back(5000, '\\');
  }
  const Told told = Record(decision, std::string(1024, '"'));
  EXPECT_LT(told.record.size() + told.line.size(), rpc::kMaxFrameBytes);
  EXPECT_EQ(Parsed(told.record)["policiesLeftOut"], 200 - kMaxPoliciesInRecord);
}

}  // namespace
}  // namespace sigward::journal
