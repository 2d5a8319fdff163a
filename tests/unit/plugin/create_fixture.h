#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "fake_node.h"
#include "gate_fixture.h"
#include "plugin/create_door.h"
#include "plugin/sync/active_policy.h"

namespace sigward::testing {

/// Everything behind both create doors, on a node of the test's making.
class CreateFixture : public GateFixture {
 protected:
  static constexpr const char* kApp = "registry.example/app:v1";

  CreateFixture() {
    config_.containerd_state = folder_.path();
    // Nothing is judged in the background but what a create waits for.
    node_.containerd.Break("Listen");
    preparation_.Start();
  }

  void SetUp() override {
    GateFixture::SetUp();
    for (const char* name : {"config.json", "mountinfo"}) {
      ASSERT_THAT(base::WriteNewFile(folder_ / name, "{}"), IsOk());
    }
  }

  void UsePolicies(const std::vector<policy::Policy>& policies, const policy::NodeRules& node = {},
                   policy::NoMatch no_match = policy::NoMatch::kDeny) {
    ASSERT_THAT(
        base::WriteNewFile(folder_ / "policy.json", policy::Compile(policies, no_match, "", node)),
        IsOk());
    ASSERT_THAT(policy_.Reload(), IsOk());
  }
  /// Every image has to be signed by key A.
  void RequireSignatures(const policy::NodeRules& node = {}) {
    UsePolicies({PolicyOf("signed", {Key(kKeyA)})}, node);
  }

  /// A signature by key A of DIGEST has been verified here before.
  void Sign(const verifier::Digest& digest) {
    ASSERT_THAT(
        store_.Keep(digest, EvidenceOf({{verifier::ObjectKind::kLegacyManifest, "signed", ""}}),
                    std::vector{verifier::Digest::Of(base::AsBytes("signed"))}),
        IsOk());
  }

  base::UniqueFd File(const std::string& name) {
    return base::UniqueFd(open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC));
  }
  std::vector<base::UniqueFd> Descriptors() {
    std::vector<base::UniqueFd> descriptors;
    descriptors.push_back(File("config.json"));
    descriptors.push_back(File("mountinfo"));
    return descriptors;
  }
  /// A pipe in the place of mountinfo, which keeps waiting whoever reads it.
  std::vector<base::UniqueFd> ConfigAndASilentPipe() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(pipe(ends.data()), 0);
    silent_end_ = base::UniqueFd(ends[1]);
    std::vector<base::UniqueFd> descriptors;
    descriptors.push_back(File("config.json"));
    descriptors.emplace_back(ends[0]);
    return descriptors;
  }
  rpc::GateQuestion QuestionOf(const std::string& id, const std::string& ns = FakeNode::kNs) const {
    rpc::GateQuestion question;
    question.call = rpc::GateCall::kCreate;
    question.bundle = std::filesystem::canonical(folder_.path()).string() +
                      "/io.containerd.runtime.v2.task/" + ns + "/" + id;
    question.runtime_root = "/run/containerd/runc/" + ns;
    question.container_id = id;
    return question;
  }
  rpc::GateAnswer Create(const std::string& id, const std::string& ns = FakeNode::kNs) {
    ::testing::internal::CaptureStderr();
    auto answer = door_.AtRuntime(QuestionOf(id, ns), Descriptors());
    ::testing::internal::GetCapturedStderr();
    return answer;
  }
  static base::Reason ReasonOf(const rpc::GateAnswer& answer) {
    return base::ReasonFromNumber(answer.reason).value_or(base::Reason::kInternal);
  }
  static policy::Verdict VerdictOf(const rpc::GateAnswer& answer) {
    return static_cast<policy::Verdict>(answer.verdict);
  }

  base::UniqueFd silent_end_;
  Config config_;
  FakeNode node_;
  journal::Journal journal_;
  sync::ActivePolicy policy_{folder_ / "policy.json", folder_ / "state.json"};
  containerd::Binding binding_{node_.containerd, node_.reader, node_.contents, folder_.path()};
  Preparation preparation_{node_.containerd, node_.contents, gate_, store_, policy_};
  CreateDoor door_{{config_, policy_, gate_, journal_, binding_, preparation_}};
};

}  // namespace sigward::testing
