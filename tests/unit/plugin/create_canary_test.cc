#include "plugin/create_canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/strict_json.h"
#include "create_fixture.h"
#include "policy/canary.h"

namespace sigward {
namespace {

using base::Json;
using base::Reason;
using ::testing::HasSubstr;
using testing::PolicyOf;
using ::testing::StartsWith;
using testing::Static;

/// The runtime door of a node whose containerd knows no container and whose policy refuses all.
class CreateCanaryTest : public testing::CreateFixture {
 protected:
  void SetUp() override {
    CreateFixture::SetUp();
    UsePolicies({PolicyOf("never", {Static(false)})});
  }
  /// The create of a bundle with this config.json.
  rpc::GateAnswer CreateOf(std::string_view config,
                           const std::string& ns = std::string(policy::kCanaryNamespace)) {
    PutConfig(config);
    return Create("c1", ns);
  }
  void PutConfig(std::string_view config) {
    std::ofstream(folder_ / "config.json", std::ios::trunc) << config;
  }
  rpc::GateAnswer Ask(const rpc::GateQuestion& question, std::vector<base::UniqueFd> descriptors) {
    ::testing::internal::CaptureStderr();
    auto answer = door_.AtRuntime(question, std::move(descriptors));
    ::testing::internal::GetCapturedStderr();
    return answer;
  }
  void ExpectRefused(const rpc::GateAnswer& answer, Reason reason) {
    EXPECT_FALSE(answer.allowed());
    EXPECT_EQ(ReasonOf(answer), reason) << answer.line;
  }
};

TEST_F(CreateCanaryTest, PassesWhateverThePoliciesSay) {
  const auto answer = CreateOf(policy::kCanaryConfigThatPasses);
  EXPECT_TRUE(answer.allowed()) << answer.line;
  EXPECT_THAT(answer.line, StartsWith("allowed: canary.sigward.invalid/canary@sha256:"));
  const Json record = Json::parse(answer.record);
  EXPECT_EQ(record["origin"], "runtime");
  EXPECT_EQ(record["decision"], "allow");
  EXPECT_EQ(record["container"]["namespace"], policy::kCanaryNamespace);
  EXPECT_EQ(record["container"]["id"], "c1");
  const std::string digest = verifier::Digest::Of(base::AsBytes(policy::kCanaryThatPasses)).text();
  EXPECT_EQ(record["image"], std::string(policy::kCanaryName) + "@" + digest);
  EXPECT_EQ(record["digest"], digest);
  EXPECT_EQ(journal_.counts().allow, 1U);
}

TEST_F(CreateCanaryTest, NeedsNeitherContainerdNorEvidence) {
  for (const char* call : {"FindContainer", "FindImage", "Images"}) {
    node_.containerd.Break(call);
  }
  RequireSignatures();
  EXPECT_TRUE(CreateOf(policy::kCanaryConfigThatPasses).allowed());
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(CreateCanaryTest, OneOtherByteIsJudgedAsAnyContainer) {
  const std::string passes(policy::kCanaryConfigThatPasses);
  std::vector<std::string> others = {"", passes + "\n", " " + passes, passes + passes};
  others.push_back(passes + std::string(1, '\0'));
  others.push_back(passes.substr(0, passes.size() - 1));
  others.push_back(passes.substr(0, passes.size() - 1) + R"(,"process":{"args":["/evil"]}})");
  // The same to a parser.
  others.emplace_back(R"({"root":{"path":"rootfs","readonly":true},"ociVersion":"1.0.2"})");
  for (std::size_t i = 0; i < passes.size(); ++i) {
    others.push_back(passes);
    others.back()[i] = static_cast<char>(others.back()[i] ^ 1);
  }
  for (const std::string& config : others) {
    const auto answer = CreateOf(config);
    ExpectRefused(answer, Reason::kImageUnknown);
    EXPECT_EQ(Json::parse(answer.record)["image"], "") << config;
  }
}

TEST_F(CreateCanaryTest, AnotherNamespaceIsJudgedAsAny) {
  for (const char* ns : {"default", "k8s.io", "moby", "sigward", "sigward-canary2", "sigward-canar",
                         "Sigward-canary", "2sigward-canary"}) {
    ExpectRefused(CreateOf(policy::kCanaryConfigThatPasses, ns), Reason::kImageUnknown);
  }
}

TEST_F(CreateCanaryTest, AContainerThatContainerdHasThereIsJudgedAsAny) {
  const std::string ns(policy::kCanaryNamespace);
  node_.PutImage(kApp, 1, 1, false, ns);
  node_.PutContainer("c1", kApp, 1, "overlayfs", ns);
  ExpectRefused(CreateOf("{}"), Reason::kStaticFail);
}

TEST_F(CreateCanaryTest, TheQuestionHasToBeWellFormed) {
  PutConfig(policy::kCanaryConfigThatPasses);
  const std::string ns(policy::kCanaryNamespace);
  auto question = QuestionOf("c1", ns);
  ASSERT_TRUE(Ask(question, Descriptors()).allowed());

  question.runtime_root = "/run/containerd/runc/default";
  ExpectRefused(Ask(question, Descriptors()), Reason::kRuntimeUnknown);
  question = QuestionOf("c1", ns);
  question.container_id = "c2";
  ExpectRefused(Ask(question, Descriptors()), Reason::kRuntimeUnknown);
  question = QuestionOf("c1", ns);
  question.bundle = "/run/other/io.containerd.runtime.v2.task/" + ns + "/c1";
  ExpectRefused(Ask(question, Descriptors()), Reason::kRuntimeUnknown);

  question = QuestionOf("c1", ns);
  std::vector<base::UniqueFd> one;
  one.push_back(File("config.json"));
  ExpectRefused(Ask(question, std::move(one)), Reason::kProtocol);
  ExpectRefused(Ask(question, ConfigAndASilentPipe()), Reason::kProtocol);
  // config.json is the first of the two.
  std::vector<base::UniqueFd> swapped;
  swapped.push_back(File("mountinfo"));
  swapped.push_back(File("config.json"));
  ExpectRefused(Ask(question, std::move(swapped)), Reason::kImageUnknown);
}

TEST_F(CreateCanaryTest, ADenyListThatNamesItsDigestRefusesIt) {
  const auto digest = verifier::Digest::Of(base::AsBytes(policy::kCanaryThatPasses));
  UsePolicies({PolicyOf("always", {Static(true)})},
              {.floor = {}, .deny = {digest}, .stop_running = false});
  const auto answer = CreateOf(policy::kCanaryConfigThatPasses);
  ExpectRefused(answer, Reason::kDenied);
  EXPECT_THAT(answer.line, HasSubstr(digest.text()));
}

class CreateCanaryWithoutPolicyTest : public testing::CreateFixture {};

TEST_F(CreateCanaryWithoutPolicyTest, WithoutAPolicyNothingPasses) {
  std::ofstream(folder_ / "config.json", std::ios::trunc) << policy::kCanaryConfigThatPasses;
  const auto answer = Create("c1", std::string(policy::kCanaryNamespace));
  EXPECT_FALSE(answer.allowed());
  EXPECT_EQ(ReasonOf(answer), Reason::kPolicyUnavailable) << answer.line;
}

}  // namespace
}  // namespace sigward
