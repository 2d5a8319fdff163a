#include "cli/gate_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "result_matchers.h"

namespace sigward::cli {
namespace {

using base::Json;
using base::Reason;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

Json Decision() {
  return {{"id", "0123456789abcdef"},
          {"time", "2026-01-02T03:04:05Z"},
          {"origin", "command-line"},
          {"image", "registry.example/app:v1"},
          {"decision", "deny"},
          {"reason", "no-signature"},
          {"message", "no-signature: …"},
          {"warnings", {"a warning"}},
          {"generation", 3},
          {"policies",
           {{{"name", "require-signed"},
             {"mode", "enforce"},
             {"decision", "deny"},
             {"reason", "no-signature"},
             {"detail", "no signature found"},
             {"authorities",
              {{{"name", "release"},
                {"decision", "deny"},
                {"reason", "bad-signature"},
                {"detail", "another key"}}}}},
            {{"name", "audit"},
             {"mode", "warn"},
             {"decision", "allow"},
             {"authorities", {{{"name", "authority-0"}, {"decision", "allow"}}}}}}},
          {"elapsedMs", 1.5}};
}

Json Status() {
  return {{"version", "0.1.0"},
          {"pid", 77},
          {"policy",
           {{"state", "active"}, {"generation", 3}, {"policies", 1}, {"source", "file:///p.json"}}},
          {"remembered", {{"signatures", 4}}},
          {"evidence", {{"images", 2}, {"bytes", 1572864}}},
          {"decisions", {{"allow", 10}, {"deny", 5}, {"undetermined", 1}}}};
}

TEST(GateRecordTest, ShowsADecision) {
  const DecisionRecord record = DecisionRecord::Parse(Decision().dump()).value();
  EXPECT_EQ(DecisionText(record, "no-signature: the line"),
            "Verification for registry.example/app:v1 --\n"
            "  policy require-signed: not satisfied, no-signature: no signature found\n"
            "    - release: bad-signature: another key\n"
            "  policy audit (mode warn): satisfied by authority-0\n"
            "  warning: a warning\n"
            "no-signature: the line\n");
}

TEST(GateRecordTest, ShowsWhereSignaturesAreLookedFor) {
  Json decision = Decision();
  decision["policies"][0]["authorities"][0]["source"] = {{"repository", "registry.example/sigs"},
                                                         {"tagPrefix", "rel-"}};
  decision["policies"][1]["authorities"][0]["source"] = {{"repository", "other.example/sigs"}};
  const std::string text = DecisionText(DecisionRecord::Parse(decision.dump()).value(), "line");
  EXPECT_THAT(text, HasSubstr("    - release in registry.example/sigs with tags rel-…: bad-sig"));
  EXPECT_THAT(text, HasSubstr("satisfied by authority-0 in other.example/sigs\n"));
  decision["policies"][0]["authorities"][0]["source"] = {{"tagPrefix", "rel-"}};
  EXPECT_THAT(DecisionText(DecisionRecord::Parse(decision.dump()).value(), "line"),
              HasSubstr("    - release with tags rel-…: "));
  decision["policies"][0]["authorities"][0]["source"] = {{"repository", 1}};
  EXPECT_THAT(DecisionRecord::Parse(decision.dump()), FailsWith(Reason::kProtocol));
}

TEST(GateRecordTest, ShowsAStatus) {
  EXPECT_EQ(StatusText(StatusRecord::Parse(Status().dump()).value()),
            "sigwardd 0.1.0, process 77\n"
            "policy:      generation 3, 1 policy from file:///p.json\n"
            "remembered:  4 verified signatures\n"
            "evidence:    2 images, 1.5 MiB\n"
            "decisions:   10 allowed, 5 refused, 1 could not tell\n");
}

TEST(GateRecordTest, ShowsTheCreateGateOfADaemonThatHasOne) {
  const Json quiet = {{"registered", false}, {"gaps", 0}, {"questions", 0}};
  const Json lost = {{"registered", false},
                     {"gaps", 2},
                     {"questions", 9},
                     {"runtime", "containerd v2.1.9"},
                     {"error", "protocol: closed"}};
  const Json registered = {
      {"registered", true}, {"gaps", 1}, {"questions", 9}, {"runtime", "containerd v2.1.9"}};
  const struct {
    Json nri;
    bool listening;
    std::string text;
  } rows[] = {
      {quiet, true,
       "containerd:  listening for its images\nprepared:    1 image, 3 waiting\n"
       "nri:         not registered\n"},
      {lost, false,
       "containerd:  not listening for its images\nprepared:    1 image, 3 waiting\n"
       "nri:         not registered, lost 2 times\n             protocol: closed\n"},
      {registered, true,
       "containerd:  listening for its images\nprepared:    1 image, 3 waiting\n"
       "nri:         registered with containerd v2.1.9, lost 1 time\n"},
  };
  for (const auto& row : rows) {
    Json status = Status();
    status["containerd"] = {{"listening", row.listening}};
    status["preparation"] = {{"waiting", 3}, {"prepared", 1}};
    status["nri"] = row.nri;
    EXPECT_THAT(StatusText(StatusRecord::Parse(status.dump()).value()),
                HasSubstr("1.5 MiB\n" + row.text + "decisions: "));
  }
}

TEST(GateRecordTest, RefusesACreateGateThatIsNotWhatItSays) {
  Json status = Status();
  status["containerd"] = {{"listening", true}};
  status["preparation"] = {{"waiting", 3}, {"prepared", 1}};
  status["nri"] = {{"registered", false}, {"gaps", 0}, {"questions", 0}};
  ASSERT_THAT(StatusRecord::Parse(status.dump()), IsOk());
  for (const auto& [section, field] :
       {std::pair("containerd", "listening"), std::pair("preparation", "waiting"),
        std::pair("preparation", "prepared"), std::pair("nri", "registered"),
        std::pair("nri", "gaps"), std::pair("nri", "runtime"), std::pair("nri", "error")}) {
    Json wrong = status;
    wrong[section][field] = nullptr;
    EXPECT_THAT(StatusRecord::Parse(wrong.dump()), FailsWith(Reason::kProtocol)) << field;
    wrong[section] = "x";
    EXPECT_THAT(StatusRecord::Parse(wrong.dump()), FailsWith(Reason::kProtocol)) << section;
  }
}

TEST(GateRecordTest, SaysWhenThereIsNoPolicyAndWhy) {
  Json status = Status();
  status["policy"]["state"] = "none";
  status["policy"]["error"] = "no such file";
  const std::string text = StatusText(StatusRecord::Parse(status.dump()).value());
  EXPECT_THAT(text,
              HasSubstr("policy:      none, every image is refused; source file:///p.json\n"));
  EXPECT_THAT(text, HasSubstr("last loading failed: no such file\n"));
}

TEST(GateRecordTest, PassesOverFieldsOfANewerDaemon) {
  Json decision = Decision();
  decision["later"] = 1;
  EXPECT_THAT(DecisionRecord::Parse(decision.dump()), IsOk());
}

TEST(GateRecordTest, RefusesARecordWithoutAFieldItNeeds) {
  for (const std::string field : {"image", "decision", "warnings", "policies"}) {
    Json decision = Decision();
    decision.erase(field);
    EXPECT_THAT(DecisionRecord::Parse(decision.dump()), FailsWith(Reason::kProtocol)) << field;
    decision[field] = 7;
    EXPECT_THAT(DecisionRecord::Parse(decision.dump()), FailsWith(Reason::kProtocol)) << field;
  }
  for (const std::string field :
       {"version", "pid", "policy", "remembered", "evidence", "decisions"}) {
    Json status = Status();
    status.erase(field);
    EXPECT_THAT(StatusRecord::Parse(status.dump()), FailsWith(Reason::kProtocol)) << field;
  }
  EXPECT_THAT(DecisionRecord::Parse(""), FailsWith(Reason::kProtocol));
  EXPECT_THAT(StatusRecord::Parse("[]"), FailsWith(Reason::kProtocol));
}

TEST(GateRecordTest, BoundsARecord) {
  const std::string text = Decision().dump();
  EXPECT_THAT(DecisionRecord::Parse(text + std::string(kMaxRecordBytes - text.size(), ' ')),
              IsOk());
  EXPECT_THAT(DecisionRecord::Parse(text + std::string(kMaxRecordBytes - text.size() + 1, ' ')),
              FailsWith(Reason::kProtocol));
}

TEST(GateRecordTest, LetsNoForeignTextForgeALine) {
  Json decision = Decision();
  decision["image"] = "a\nallowed: b";
  decision["policies"][0]["detail"] = "x\x1b[2J";
  const std::string text = DecisionText(DecisionRecord::Parse(decision.dump()).value(), "l\nm");
  EXPECT_THAT(text, Not(HasSubstr("\nallowed: b")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("l?m\n"));
}

TEST(GateRecordTest, EveryReasonHasAnExitCodeAndNoneIsSuccess) {
  const std::set<Reason> none_valid = {Reason::kBadSignature,     Reason::kDigestMismatch,
                                       Reason::kMalformed,        Reason::kDuplicateKey,
                                       Reason::kTooLarge,         Reason::kUnsupportedAlgorithm,
                                       Reason::kWrongType,        Reason::kUnsupportedFormat,
                                       Reason::kWeakKey,          Reason::kUntrustedCertificate,
                                       Reason::kExpired,          Reason::kSctInvalid,
                                       Reason::kNotLogged,        Reason::kLogMismatch,
                                       Reason::kTimestampInvalid, Reason::kNoTrustedTime,
                                       Reason::kIdentityMismatch};
  const std::set<Reason> refused_by_policy = {
      Reason::kStaticFail,      Reason::kNoMatchingPolicy, Reason::kDenied,
      Reason::kRootfsMismatch,  Reason::kRootfsUnprovable, Reason::kRootfsModified,
      Reason::kImageUnknown,    Reason::kRuntimeUnknown,   Reason::kCheckpointUnverified,
      Reason::kInvalidArguments};
  for (std::uint32_t number = 0; number < 256; ++number) {
    const auto reason = base::ReasonFromNumber(number);
    if (!reason.has_value()) {
      continue;
    }
    const ExitCode expected = *reason == Reason::kNoSignature       ? ExitCode::kNoSignature
                              : none_valid.contains(*reason)        ? ExitCode::kNoneValid
                              : refused_by_policy.contains(*reason) ? ExitCode::kRefusedByPolicy
                                                                    : ExitCode::kFailed;
    EXPECT_EQ(ExitCodeFor(*reason), expected) << base::ReasonWord(*reason);
    if (base::CouldNotTell(*reason)) {
      EXPECT_EQ(ExitCodeFor(*reason), ExitCode::kFailed) << base::ReasonWord(*reason);
    }
  }
}

}  // namespace
}  // namespace sigward::cli
