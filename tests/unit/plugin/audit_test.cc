#include "plugin/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/strict_json.h"
#include "create_fixture.h"

namespace sigward {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using testing::DigestNumber;
using ::testing::ElementsAre;
using testing::FakeNode;
using ::testing::IsEmpty;

class AuditTest : public testing::CreateFixture {
 protected:
  Json Ask(const std::string& page = "") {
    rpc::GateQuestion question;
    question.call = rpc::GateCall::kAudit;
    question.reference = page;
    ::testing::internal::CaptureStderr();
    answer_ = audit_.Answer(question);
    ::testing::internal::GetCapturedStderr();
    return Json::parse(answer_.record);
  }
  /// The decision about each container.
  static std::map<std::string, std::string> DecisionsOf(const Json& record) {
    std::map<std::string, std::string> decisions;
    for (const Json& one : record["containers"]) {
      decisions[one["container"]["id"]] = one["decision"];
    }
    return decisions;
  }
  void Run(const std::string& id, const std::string& image, int chain,
           const std::string& ns = FakeNode::kNs) {
    node_.PutContainer(id, image, chain, "overlayfs", ns);
    node_.containerd.PutTask(ns, id);
  }
  /// Three containers that run: "good" is signed, "bad" is not, "unread" cannot be told.
  void RunThree() {
    Sign(node_.PutImage("registry.example/good:v1", 1, 1).target);
    node_.PutImage("registry.example/bad:v1", 2, 2, /*is_index=*/false, "k8s.io");
    node_.PutImage("registry.example/unread:v1", 3, 3);
    Run("good", "registry.example/good:v1", 1);
    Run("bad", "registry.example/bad:v1", 2, "k8s.io");
    Run("unread", "registry.example/unread:v1", 3);
    node_.containerd.Break("FindContainer unread");
  }

  rpc::GateAnswer answer_;
  Audit audit_{node_.containerd, door_, journal_, policy_};
};

TEST_F(AuditTest, TellsOfEveryContainerAndStopsNoneWithoutTheSwitch) {
  RunThree();
  RequireSignatures();
  const Json record = Ask();
  const std::map<std::string, std::string> expected = {
      {"good", "allow"}, {"bad", "deny"}, {"unread", "undetermined"}};
  EXPECT_EQ(DecisionsOf(record), expected);
  EXPECT_FALSE(record.contains("next"));
  EXPECT_EQ(record["containers"][0]["origin"], "running");
  EXPECT_FALSE(answer_.allowed());
  EXPECT_THAT(node_.containerd.killed(), IsEmpty());
}

TEST_F(AuditTest, StopsOnlyWhatIsRefused) {
  RunThree();
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  const Json record = Ask();
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("k8s.io/bad"));
  for (const Json& one : record["containers"]) {
    EXPECT_EQ(one.contains("notes"), one["container"]["id"] == "bad");
  }
}

TEST_F(AuditTest, StopsNothingWithoutAPolicy) {
  RunThree();
  for (const auto& [id, decision] : DecisionsOf(Ask())) {
    EXPECT_EQ(decision, "undetermined") << id;
  }
  EXPECT_THAT(node_.containerd.killed(), IsEmpty());
}

TEST_F(AuditTest, WhatCouldNotBeToldIsNeverStopped) {
  node_.PutImage("registry.example/app:v1", 1, 1);
  Run("c1", "registry.example/app:v1", 1);
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  for (const char* call : {"FindContainer", "StatSnapshot", "FindImage"}) {
    node_.containerd.Break(call);
    EXPECT_EQ(DecisionsOf(Ask())["c1"], "undetermined") << call;
    node_.containerd.Break(call, std::nullopt);
  }
  // The record names no snapshotter, and the one that has the files does not answer.
  node_.containerd.PutContainer(FakeNode::kNs, {"c1", "registry.example/app:v1", "", "c1"});
  node_.containerd.Break("StatSnapshot overlayfs");
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "undetermined");
  node_.containerd.Break("StatSnapshot overlayfs", std::nullopt);
  // Evidence that cannot be read.
  node_evidence_.fails = Fail(Reason::kContainerdUnreachable, "gone");
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "undetermined");
  // The same under a name that means another image by now.
  node_.PutImage("registry.example/app:v1", 2, 2);
  node_.PutImage("moby-dangling@" + DigestNumber(10).text(), 1, 1);
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "undetermined");
  EXPECT_THAT(node_.containerd.killed(), IsEmpty());
  node_evidence_.fails.reset();
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "deny");
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("default/c1"));
}

TEST_F(AuditTest, WhatIsThrownCouldNotBeTold) {
  RunThree();
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  node_.containerd.Throw("FindContainer good");
  std::map<std::string, std::string> expected = {
      {"good", "undetermined"}, {"bad", "deny"}, {"unread", "undetermined"}};
  EXPECT_EQ(DecisionsOf(Ask()), expected);
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("k8s.io/bad"));
  expected["good"] = "allow";
  EXPECT_EQ(DecisionsOf(Ask()), expected);
}

TEST_F(AuditTest, AContainerThatCannotBeStoppedIsSaid) {
  RunThree();
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  node_.containerd.Break("Kill bad");
  const Json audit = Ask();
  for (const Json& one : audit["containers"]) {
    if (one["container"]["id"] == "bad") {
      EXPECT_EQ(one["notes"][0], "could not be stopped: gone");
    }
  }
}

TEST_F(AuditTest, TheFloorRunsOn) {
  const auto content = node_.PutImage("registry.example/app:v1", 1, 1);
  Run("c1", "registry.example/app:v1", 1);
  RequireSignatures({.floor = {content.target}, .deny = {}, .stop_running = true});
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "allow");
  RequireSignatures({.floor = {content.target}, .deny = {content.target}, .stop_running = true});
  EXPECT_EQ(DecisionsOf(Ask())["c1"], "deny");
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("default/c1"));
}

TEST_F(AuditTest, WhatDoesNotFitOnePageComesOnTheNext) {
  constexpr int kRunning = 250;
  for (int i = 0; i < kRunning; ++i) {
    node_.containerd.PutTask(FakeNode::kNs, "c" + std::to_string(i));
  }
  RequireSignatures();
  std::map<std::string, std::string> all;
  std::string page;
  int pages = 0;
  while (true) {
    const Json record = Ask(page);
    EXPECT_LT(answer_.record.size(), kMaxPageBytes + 100);
    EXPECT_EQ(answer_.line, std::to_string(kRunning) + " containers run");
    const std::size_t before = all.size();
    all.merge(DecisionsOf(record));
    ASSERT_EQ(all.size(), before + record["containers"].size()) << "none twice";
    ++pages;
    if (!record.contains("next")) {
      break;
    }
    ASSERT_FALSE(record["containers"].empty());
    page = std::to_string(record["next"].get<int>());
    EXPECT_EQ(page, std::to_string(all.size()));
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kRunning));
  EXPECT_GT(pages, 1);
  const auto judged = journal_.counts();
  EXPECT_EQ(judged.deny, static_cast<std::uint64_t>(kRunning)) << "further pages judge nothing";
  EXPECT_TRUE(Ask("100000")["containers"].empty());
  for (const char* start : {"-1", "x", "1x"}) {
    EXPECT_EQ(Ask(start)["containers"][0]["container"]["id"], "c0") << start;
  }
}

TEST_F(AuditTest, AContainerdThatDoesNotAnswerIsTold) {
  for (const char* call : {"Namespaces", "Tasks"}) {
    RunThree();
    node_.containerd.Break(call);
    Ask();
    EXPECT_EQ(VerdictOf(answer_), policy::Verdict::kUndetermined);
    EXPECT_EQ(ReasonOf(answer_), Reason::kContainerdUnreachable);
    node_.containerd.Break(call, std::nullopt);
  }
}

TEST_F(AuditTest, LooksInTheBackgroundWhenRequested) {
  RunThree();
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  audit_.Start();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_THAT(node_.containerd.killed(), IsEmpty());
  audit_.Request();
  for (int i = 0; i < 500 && node_.containerd.killed().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("k8s.io/bad"));
}

TEST_F(AuditTest, WhatIsThrownInTheBackgroundIsTriedAgain) {
  RunThree();
  RequireSignatures({.floor = {}, .deny = {}, .stop_running = true});
  node_.containerd.Throw("Namespaces");
  ::testing::internal::CaptureStderr();
  audit_.Start();
  audit_.Request();
  for (int i = 0; i < 2000 && node_.containerd.killed().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(node_.containerd.killed(), ElementsAre("k8s.io/bad"));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::HasSubstr("audit-incomplete"));
}

}  // namespace
}  // namespace sigward
