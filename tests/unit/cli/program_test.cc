// The program as it is started: exit codes and what stands on which stream.

#include "program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/strict_json.h"
#include "policy/snapshot.h"
#include "rpc/gate_message.h"
#include "temp_folder.h"

namespace sigward::cli {
namespace {

using base::Json;
using base::Reason;
using testing::FakeGate;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;
using testing::Sigward;
using testing::Slurp;
using ::testing::StartsWith;

std::string Record(const std::string& decision) {
  return Json{{"image", "registry.example/app:v1"},
              {"decision", decision},
              {"warnings", Json::array()},
              {"policies", Json::array()}}
      .dump();
}

rpc::GateAnswer Allowing() {
  return {.verdict = 3, .reason = 0, .line = "allowed: it", .record = Record("allow")};
}

rpc::GateAnswer Refusing(Reason reason) {
  const bool unsure = base::CouldNotTell(reason);
  return {.verdict = unsure ? 2U : 1U,
          .reason = static_cast<std::uint32_t>(reason),
          .line = std::string(base::ReasonWord(reason)) + ": the line",
          .record = Record(unsure ? "undetermined" : "deny")};
}

TEST(ProgramTest, VerifyPrintsTheRecordAndATextForAPerson) {
  FakeGate gate(Allowing());
  const Outcome outcome = Sigward({"verify", "registry.example/app:v1"}, gate.path());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, Record("allow") + "\n");
  EXPECT_EQ(outcome.error, "Verification for registry.example/app:v1 --\nallowed: it\n");
  ASSERT_EQ(gate.questions().size(), 1U);
  EXPECT_EQ(gate.questions()[0].call, rpc::GateCall::kVerify);
  EXPECT_EQ(gate.questions()[0].reference, "registry.example/app:v1");
  EXPECT_EQ(gate.questions()[0].digest, "");
}

TEST(ProgramTest, VerifyAsJsonPrintsTheRecordAlone) {
  FakeGate gate(Refusing(Reason::kNoSignature));
  const Outcome outcome = Sigward({"verify", "-o", "json", "app"}, gate.path());
  EXPECT_EQ(outcome.exit_code, 10);
  EXPECT_EQ(outcome.out, Record("deny") + "\n");
  EXPECT_THAT(outcome.error, IsEmpty());
}

TEST(ProgramTest, VerifyEndsWithTheNumberOfTheReason) {
  const struct {
    Reason reason;
    int exit_code;
  } rows[] = {
      {Reason::kNoSignature, 10}, {Reason::kBadSignature, 12},     {Reason::kDigestMismatch, 12},
      {Reason::kStaticFail, 13},  {Reason::kNoMatchingPolicy, 13}, {Reason::kTimeout, 1},
      {Reason::kUnreachable, 1},  {Reason::kPolicyUnavailable, 1},
  };
  for (const auto& row : rows) {
    FakeGate gate(Refusing(row.reason));
    const Outcome outcome = Sigward({"verify", "app"}, gate.path());
    EXPECT_EQ(outcome.exit_code, row.exit_code) << base::ReasonWord(row.reason);
    EXPECT_THAT(outcome.error, HasSubstr(": the line\n"));
  }
}

TEST(ProgramTest, WhatCouldNotBeReadIsNoVerdictWhateverItsReason) {
  for (const Reason reason : {Reason::kMalformed, Reason::kTooLarge, Reason::kNoSignature}) {
    rpc::GateAnswer unsure = Refusing(reason);
    unsure.verdict = 2;
    unsure.record = Record("undetermined");
    FakeGate gate(unsure);
    EXPECT_EQ(Sigward({"verify", "app"}, gate.path()).exit_code, 1) << base::ReasonWord(reason);
  }
}

TEST(ProgramTest, VerifyBelievesNoAnswerThatContradictsItself) {
  rpc::GateAnswer allow_with_denying_record = Allowing();
  allow_with_denying_record.record = Record("deny");
  rpc::GateAnswer deny_with_allowing_record = Refusing(Reason::kNoSignature);
  deny_with_allowing_record.record = Record("allow");
  rpc::GateAnswer allow_without_record = Allowing();
  allow_without_record.record = "";
  rpc::GateAnswer allow_with_reason = Allowing();
  allow_with_reason.reason = 1;
  const rpc::GateAnswer nothing{};
  rpc::GateAnswer unknown_reason = Refusing(Reason::kNoSignature);
  unknown_reason.reason = 250;
  for (const rpc::GateAnswer& answer :
       {allow_with_denying_record, deny_with_allowing_record, allow_without_record,
        allow_with_reason, nothing, unknown_reason}) {
    FakeGate gate(answer);
    const Outcome outcome = Sigward({"verify", "app"}, gate.path());
    EXPECT_EQ(outcome.exit_code, 1) << answer.record;
    EXPECT_THAT(outcome.error, StartsWith("sigward: protocol: ")) << answer.record;
  }
}

TEST(ProgramTest, VerifyShowsAnErrorOfTheGate) {
  rpc::GateAnswer answer = Refusing(Reason::kOverloaded);
  answer.record = "";
  FakeGate gate(answer);
  EXPECT_EQ(Sigward({"verify", "app"}, gate.path()).error,
            "sigward: overloaded: overloaded: the line\n");
}

TEST(ProgramTest, SaysThatTheGateIsNotThere) {
  for (const char* verb : {"verify", "prefetch", "status", "audit"}) {
    std::vector<std::string> arguments = {verb};
    if (arguments[0] == "verify" || arguments[0] == "prefetch") {
      arguments.emplace_back("app");
    }
    const Outcome text = Sigward(arguments);
    EXPECT_EQ(text.exit_code, 1);
    EXPECT_THAT(text.out, IsEmpty());
    EXPECT_THAT(text.error, StartsWith("sigward: gate-unreachable: "));
    arguments.insert(arguments.end(), {"-o", "json"});
    const Outcome json = Sigward(arguments);
    EXPECT_EQ(json.exit_code, 1);
    EXPECT_THAT(json.error, IsEmpty());
    EXPECT_EQ(Json::parse(json.out)["error"]["reason"], "gate-unreachable");
  }
}

TEST(ProgramTest, StatusShowsTheDaemon) {
  const std::string record =
      Json{{"version", "0.1.0"},
           {"pid", 7},
           {"policy",
            {{"state", "active"}, {"generation", 1}, {"policies", 2}, {"source", "file:///p"}}},
           {"remembered", {{"signatures", 0}}},
           {"evidence", {{"images", 0}, {"bytes", 0}}},
           {"decisions", {{"allow", 0}, {"deny", 0}, {"undetermined", 0}}}}
          .dump();
  FakeGate gate({.verdict = 0, .reason = 0, .line = "", .record = record});
  const Outcome text = Sigward({"status"}, gate.path());
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, StartsWith("sigwardd 0.1.0, process 7\npolicy:      generation 1, 2 "));
  EXPECT_EQ(Sigward({"status", "-o", "json"}, gate.path()).out, record + "\n");
  EXPECT_EQ(gate.questions().at(0).call, rpc::GateCall::kStatus);
}

TEST(ProgramTest, PrefetchAsksByItsOwnNameAndEndsAsVerifyDoes) {
  {
    FakeGate gate(Allowing());
    const Outcome outcome = Sigward({"prefetch", "registry.example/app:v1"}, gate.path());
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, Record("allow") + "\n");
    ASSERT_EQ(gate.questions().size(), 1U);
    EXPECT_EQ(gate.questions()[0].call, rpc::GateCall::kPrefetch);
    EXPECT_EQ(gate.questions()[0].reference, "registry.example/app:v1");
  }
  for (const auto& [reason, exit_code] :
       {std::pair(Reason::kNoSignature, 10), std::pair(Reason::kDenied, 13),
        std::pair(Reason::kUnreachable, 1)}) {
    FakeGate gate(Refusing(reason));
    EXPECT_EQ(Sigward({"prefetch", "app"}, gate.path()).exit_code, exit_code)
        << base::ReasonWord(reason);
  }
}

TEST(ProgramTest, VerifiesSeveralImagesAndEndsAsTheWorst) {
  const struct {
    std::vector<rpc::GateAnswer> answers;
    int exit_code;
  } rows[] = {
      {{Allowing(), Allowing()}, 0},
      {{Allowing(), Refusing(Reason::kNoSignature)}, 10},
      {{Refusing(Reason::kNoSignature), Allowing()}, 10},
      {{Refusing(Reason::kBadSignature), Refusing(Reason::kNoSignature)}, 12},
      {{Refusing(Reason::kBadSignature), Refusing(Reason::kDenied)}, 13},
      {{Refusing(Reason::kUnreachable), Refusing(Reason::kDenied)}, 1},
      {{Allowing(), {}}, 1},
  };
  for (const auto& row : rows) {
    FakeGate gate(row.answers);
    const Outcome outcome = Sigward({"verify", "one", "two", "-o", "json"}, gate.path());
    EXPECT_EQ(outcome.exit_code, row.exit_code);
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 2) << outcome.out;
    ASSERT_EQ(gate.questions().size(), 2U);
    EXPECT_EQ(gate.questions()[1].reference, "two");
  }
}

TEST(ProgramTest, AsksAboutNoImageWhenOneIsNoReference) {
  FakeGate gate(Allowing());
  EXPECT_EQ(Sigward({"verify", "one", "UPPER"}, gate.path()).exit_code, 2);
  EXPECT_THAT(gate.questions(), IsEmpty());
}

TEST(ProgramTest, APolicyThatIsBrokenIsWrongUseWithFileAndLine) {
  const testing::TempFolder folder;
  const std::string file = folder / "policy.yaml";
  std::ofstream(file) << "apiVersion: policy.sigstore.dev/v1beta1\nkind: Frob\n";
  const Outcome text = Sigward({"verify", "--policy", file, "app"});
  EXPECT_EQ(text.exit_code, 2);
  EXPECT_THAT(text.out, IsEmpty());
  EXPECT_THAT(text.error, StartsWith(file + ":2: kind: "));
  EXPECT_THAT(text.error, HasSubstr("sigward: 1 error in the policy, nothing was verified\n"));
  const Outcome json = Sigward({"verify", "--policy", file, "app", "-o", "json"});
  EXPECT_EQ(json.exit_code, 2);
  EXPECT_THAT(json.error, IsEmpty());
  EXPECT_EQ(Json::parse(json.out)["error"]["problems"][0]["line"], 2);
}

TEST(ProgramTest, TellsWrongUseFromEverythingElse) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"frob"},
           {"verify"},
           {"verify", "--policy"},
           {"verify", "--policy", "/nowhere", "a"},
           {"verify", "--hosts-dir", "/", "a"},
           {"verify", "--config", "/etc/passwd", "a"},
           {"verify", "--policy", "/", "--config", "/etc/passwd", "--hosts-dir", "/", "a"},
           {"verify", "--platform", "linux/amd64", "a"},
           {"verify", "--timeout", "5", "a"},
           {"verify", "--policy", "/", "--timeout", "0", "a"},
           {"verify", "--policy", "/", "--timeout", "301", "a"},
           {"verify", "--policy", "/", "--platform", "x", "a"},
           {"verify", "--policy", "/", "--hosts-dir", "/x", "a"},
           {"prefetch", "--policy", "/", "a"},
           {"verify", "UPPER"},
           {"verify", "app", "-o", "yaml"},
           {"status", "x"},
           {"audit", "x"},
           {"prefetch"},
           {"prefetch", "UPPER"},
           {"policy"},
           {"policy", "compile"},
           {"policy", "compile", "."},
           {"policy", "compile", "--output", "x"},
           {"--nonsense"}}) {
    const Outcome outcome = Sigward(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_FALSE(outcome.error.empty());
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_THAT(Sigward({"version", "-o", "ya\nml"}).error,
              ::testing::StartsWith("--format: expected json or text; got \"ya?ml\""));
  const Outcome json = Sigward({"verify", "-o", "json"});
  EXPECT_EQ(json.exit_code, 2);
  EXPECT_EQ(Json::parse(json.out)["error"]["reason"], "usage");
}

TEST(ProgramTest, PrintsItsVersionAndHelp) {
  const std::string version = Sigward({"--version"}).out;
  EXPECT_THAT(version, StartsWith("sigward 0."));
  EXPECT_EQ(Sigward({"version"}).out, version);
  EXPECT_EQ("sigward " +
                Json::parse(Sigward({"version", "-o", "json"}).out)["version"].get<std::string>() +
                "\n",
            version);
  const Outcome help = Sigward({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("verify"));
}

class CompileProgramTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  std::string Good() const {
    return "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\n"
           "metadata: {name: p}\nspec:\n  images: [{glob: '**'}]\n"
           "  authorities: [{static: {action: pass}}]\n";
  }
  std::string output() const { return folder_ / "policy.out"; }

  testing::TempFolder folder_;
};

TEST_F(CompileProgramTest, WritesWhatTheDaemonReads) {
  Write("a.yaml", Good());
  const Outcome outcome = Sigward({"policy", "compile", folder_.path(), "--output", output()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.error,
            "compiled 1 policy from 1 file; an image that no policy matches: deny\n");
  const auto snapshot = policy::PolicySnapshot::Parse(Slurp(output()), 1);
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ((*snapshot)->policies().size(), 1U);
  struct stat status {};
  ASSERT_EQ(stat(output().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST_F(CompileProgramTest, WritesToStandardOutput) {
  Write("a.yaml", Good());
  for (const char* format : {"text", "json"}) {
    const Outcome outcome =
        Sigward({"policy", "compile", folder_ / "a.yaml", "--output", "-", "-o", format});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_TRUE(policy::PolicySnapshot::Parse(outcome.out, 1).ok());
  }
}

TEST_F(CompileProgramTest, LeavesTheOldFileWhenAnythingIsWrong) {
  Write("a.yaml", Good());
  Write("policy.out", "old");
  Write("b.yaml", "kind: [\n");
  const Outcome outcome = Sigward({"policy", "compile", folder_.path(), "--output", output()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.error, (folder_ / "b.yaml") +
                               ":2: not YAML: end of sequence flow not found\n"
                               "sigward: 1 error in the policy, nothing was written\n");
  EXPECT_EQ(Slurp(output()), "old");
}

TEST_F(CompileProgramTest, GivesErrorsAndWarningsAsJson) {
  Write("a.yaml", Good() + "  mode: x\n");
  const std::vector<std::string> arguments = {"policy", "compile", folder_.path(), "--output",
                                              output(), "-o",      "json"};
  const Outcome wrong = Sigward(arguments);
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.error, IsEmpty());
  const Json error = Json::parse(wrong.out)["error"];
  EXPECT_EQ(error["reason"], "policy-invalid");
  EXPECT_EQ(error["problems"][0]["line"], 7);
  EXPECT_EQ(error["problems"][0]["field"], "spec.mode");

  Write("a.yaml", Good() +
                      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                      "policy-controller-config}\ndata: {no-match-policy: x}\n");
  const Outcome warned = Sigward(arguments);
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_THAT(warned.error, IsEmpty());
  const Json summary = Json::parse(warned.out);
  EXPECT_EQ(summary["policies"], 1);
  EXPECT_EQ(summary["noMatch"], "deny");
  EXPECT_EQ(summary["warnings"].size(), 1U);
}

TEST_F(CompileProgramTest, SaysThatAFolderIsEmptyOrAFileCannotBeWritten) {
  EXPECT_THAT(Sigward({"policy", "compile", folder_.path(), "--output", output()}).error,
              HasSubstr("io-failed"));
  Write("a.yaml", Good());
  const Outcome outcome =
      Sigward({"policy", "compile", folder_.path(), "--output", folder_ / "none/policy.json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error, StartsWith("sigward: io-failed: "));
}

}  // namespace
}  // namespace sigward::cli
