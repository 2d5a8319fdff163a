#include "plugin/gate_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/strict_json.h"
#include "fake_node.h"
#include "gate_fixture.h"
#include "plugin/answering_threads.h"
#include "rpc/frame.h"
#include "rpc/gate_client.h"

namespace sigward {
namespace {

using base::Json;
using base::Reason;
using policy::Verdict;
using rpc::GateCall;
using testing::IsOk;

const std::string kDigest = testing::DigestNumber(1).text();

class GateServerTest : public testing::GateFixture {
 protected:
  void SetUp() override {
    GateFixture::SetUp();
    const std::string compiled = policy::Compile(
        {testing::PolicyOf("signed", {testing::Key(testing::kKeyA)})}, policy::NoMatch::kDeny, "");
    ASSERT_THAT(base::WriteNewFile(folder_ / "policy.json", compiled), IsOk());
    ASSERT_THAT(policy_.Start(), IsOk());
  }
  rpc::GateAnswer Ask(GateCall call, const std::string& reference, const std::string& digest = "") {
    ::testing::internal::CaptureStderr();
    auto answer = server_.Answer({call, reference, digest, media_type_});
    ::testing::internal::GetCapturedStderr();
    return answer;
  }
  static Reason ReasonOf(const rpc::GateAnswer& answer) {
    return base::ReasonFromNumber(answer.reason).value_or(Reason::kInternal);
  }

  Config config_;
  sync::ActivePolicy policy_{folder_ / "policy.json", folder_ / "state.json"};
  journal::Journal journal_;
  testing::FakeNode node_;
  containerd::Binding binding_{node_.containerd, node_.reader, node_.contents, "/run/containerd"};
  Preparation preparation_{node_.containerd, node_.contents, gate_, store_, policy_};
  CreateDoor create_{{config_, policy_, gate_, journal_, binding_, preparation_}};
  Audit audit_{node_.containerd, create_, journal_, policy_};
  nri::NriDoor nri_{{.socket = "", .index = "10"}, {}};
  GateServer server_{
      {config_, policy_, gate_, store_, journal_, fetcher_, create_, audit_, preparation_, nri_}};
};

TEST_F(GateServerTest, AnswersAPullWithLineAndRecord) {
  const auto answer = Ask(GateCall::kPull, "registry.example/app:v1", kDigest);
  EXPECT_FALSE(answer.allowed());
  EXPECT_EQ(ReasonOf(answer), Reason::kNoSignature);
  EXPECT_EQ(answer.line, "no-signature: no signature found for registry.example/app@" + kDigest +
                             " (policy signed)");
  const Json record = Json::parse(answer.record);
  EXPECT_EQ(record["decision"], "deny");
  EXPECT_EQ(record["origin"], "pull");
  EXPECT_EQ(record["digest"], kDigest);
}

TEST_F(GateServerTest, AllowsWhatIsSigned) {
  fetcher_.image = {{verifier::ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_TRUE(Ask(GateCall::kPull, "registry.example/app:v1", kDigest).allowed());
}

TEST_F(GateServerTest, ACommandLineQuestionWithoutADigestIsResolved) {
  fetcher_.image = {{verifier::ObjectKind::kLegacyManifest, "signed", ""}};
  const auto answer = Ask(GateCall::kVerify, "registry.example/app");
  EXPECT_TRUE(answer.allowed());
  EXPECT_EQ(Json::parse(answer.record)["digest"], kDigest);
  EXPECT_EQ(Json::parse(answer.record)["image"], "registry.example/app:latest");
}

TEST_F(GateServerTest, APullWithoutADigestIsRefused) {
  EXPECT_FALSE(Ask(GateCall::kPull, "registry.example/app:v1").allowed());
}

TEST_F(GateServerTest, WhatCannotBeUnderstoodIsRefusedWithAReason) {
  EXPECT_EQ(ReasonOf(Ask(GateCall::kPull, "registry.example/App:v1", kDigest)),
            Reason::kInvalidReference);
  EXPECT_EQ(ReasonOf(Ask(GateCall::kPull, "", kDigest)), Reason::kInvalidReference);
  EXPECT_EQ(ReasonOf(Ask(GateCall::kPull, "registry.example/app:v1", "sha256:short")),
            Reason::kMalformed);
  EXPECT_EQ(
      ReasonOf(Ask(GateCall::kPull, "registry.example/app:v1", "md5:" + std::string(32, 'a'))),
      Reason::kUnsupportedAlgorithm);
  EXPECT_EQ(ReasonOf(Ask(GateCall::kPull, "registry.example/app@" + testing::DigestNumber(2).text(),
                         kDigest)),
            Reason::kDescriptorMismatch);
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(GateServerTest, ForeignTextStaysOnOneLine) {
  const auto answer = Ask(GateCall::kPull, "a\nallowed: b", kDigest);
  EXPECT_EQ(answer.line.find('\n'), std::string::npos);
  EXPECT_TRUE(answer.line.starts_with("invalid-reference: ")) << answer.line;
}

TEST_F(GateServerTest, StatusTellsWhatIsActive) {
  const auto answer = Ask(GateCall::kStatus, "");
  EXPECT_FALSE(answer.allowed());
  const Json record = Json::parse(answer.record);
  EXPECT_EQ(record["policy"]["state"], "active");
  EXPECT_EQ(record["policy"]["generation"], 1);
  EXPECT_EQ(record["policy"]["policies"], 1);
  EXPECT_FALSE(record["policy"].contains("error"));
}

TEST_F(GateServerTest, StatusTellsOfTheDoorsAndOfContainerd) {
  const Json record = Json::parse(Ask(GateCall::kStatus, "").record);
  EXPECT_EQ(record["containerd"]["listening"], false);
  EXPECT_EQ(record["preparation"]["waiting"], 0);
  EXPECT_EQ(record["preparation"]["prepared"], 0);
  EXPECT_EQ(record["nri"]["registered"], false);
  EXPECT_EQ(record["nri"]["gaps"], 0);
  EXPECT_EQ(record["nri"]["questions"], 0);
  EXPECT_FALSE(record["nri"].contains("runtime"));
}

TEST_F(GateServerTest, ACreateWithoutItsDescriptorsIsRefused) {
  rpc::GateQuestion question;
  question.call = GateCall::kCreate;
  question.bundle = "/run/containerd/io.containerd.runtime.v2.task/default/c1";
  question.runtime_root = "/run/containerd/runc/default";
  question.container_id = "c1";
  const auto answer = server_.Answer(question);
  EXPECT_FALSE(answer.allowed());
  EXPECT_EQ(ReasonOf(answer), Reason::kProtocol);
  EXPECT_EQ(Json::parse(answer.record)["origin"], "runtime");
  question.bundle = "";
  EXPECT_EQ(ReasonOf(server_.Answer(question)), Reason::kRuntimeUnknown);
}

TEST_F(GateServerTest, APrefetchFindsAndKeepsEvidence) {
  fetcher_.image = {{verifier::ObjectKind::kLegacyManifest, "signed", ""}};
  const auto answer = Ask(GateCall::kPrefetch, "registry.example/app");
  EXPECT_TRUE(answer.allowed());
  EXPECT_EQ(Json::parse(answer.record)["origin"], "prefetch");
  EXPECT_EQ(store_.usage().images, 1U);
  fetcher_.image.clear();
  EXPECT_FALSE(
      Ask(GateCall::kPrefetch, "registry.example/app", testing::DigestNumber(2).text()).allowed());
}

TEST_F(GateServerTest, AnAuditTellsOfWhatRuns) {
  node_.PutImage("registry.example/app:v1", 1, 1);
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  const Json none = Json::parse(Ask(GateCall::kAudit, "").record);
  EXPECT_TRUE(none["containers"].empty());
  EXPECT_FALSE(none.contains("next"));
}

TEST_F(GateServerTest, ServesManyCallersOverTheSocketAndSurvivesGarbage) {
  const std::string path = folder_ / "gate.sock";
  auto listener = rpc::Listen(path);
  ASSERT_THAT(listener, IsOk());
  constexpr int kCallers = 40;
  AnsweringThreads threads([&](const base::UniqueFd& one) { server_.Serve(one); },
                           kMaxQuestionsAtOnce);
  ASSERT_THAT(threads.Start(listener->get()), IsOk());
  const auto deadline = base::Deadline::After(std::chrono::seconds(10));
  std::vector<std::thread> callers;
  std::atomic<int> refused = 0;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      auto garbage = rpc::Connect(path, deadline);
      ASSERT_THAT(garbage, IsOk());
      EXPECT_THAT(rpc::Send(garbage->get(), "\xff\xff", {}, deadline), IsOk());
      const auto answer = rpc::AskGate(
          path, {GateCall::kPull, "registry.example/app:v1", kDigest, media_type_}, deadline);
      ASSERT_THAT(answer, IsOk());
      refused += answer->allowed() ? 0 : 1;
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
  threads.Drain(deadline);
  EXPECT_EQ(refused, kCallers);
}

}  // namespace
}  // namespace sigward
