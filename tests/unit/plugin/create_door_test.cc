#include "plugin/create_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/strict_json.h"
#include "create_fixture.h"

namespace sigward {
namespace {

using base::Fail;
using base::Json;
using base::Reason;
using policy::Mode;
using policy::NodeRules;
using policy::NoMatch;
using policy::Verdict;
using testing::FakeNode;
using ::testing::HasSubstr;
using testing::Key;
using testing::kKeyA;
using testing::kKeyB;
using testing::PolicyOf;
using ::testing::StartsWith;
using testing::Static;

class CreateDoorTest : public testing::CreateFixture {
 protected:
  void ExpectRefused(const rpc::GateAnswer& answer, Verdict verdict, Reason reason) {
    EXPECT_FALSE(answer.allowed());
    EXPECT_EQ(VerdictOf(answer), verdict) << answer.line;
    EXPECT_EQ(ReasonOf(answer), reason) << answer.line;
    EXPECT_THAT(answer.line, StartsWith(std::string(base::ReasonWord(reason)) + ": "));
  }
  /// Container c1 of the image kApp, signed or not.
  containerd::ImageContent PutApp(bool is_signed, const std::string& snapshotter = "overlayfs") {
    const auto content = node_.PutImage(kApp, 1, 1);
    node_.PutContainer("c1", kApp, 1, snapshotter);
    if (is_signed) {
      Sign(content.target);
    }
    return content;
  }
};

TEST_F(CreateDoorTest, ASignedImageMayRunAndTheRecordSaysWhere) {
  PutApp(true);
  RequireSignatures();
  const auto answer = Create("c1");
  EXPECT_TRUE(answer.allowed()) << answer.line;
  const Json record = Json::parse(answer.record);
  EXPECT_EQ(record["origin"], "runtime");
  EXPECT_EQ(record["container"]["namespace"], FakeNode::kNs);
  EXPECT_EQ(record["container"]["id"], "c1");
  EXPECT_EQ(record["image"], kApp);
  EXPECT_FALSE(record.contains("notes"));
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(CreateDoorTest, AnUnsignedImageMayNot) {
  PutApp(false);
  RequireSignatures();
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kNoSignature);
}

TEST_F(CreateDoorTest, WithoutAPolicyNothingRuns) {
  PutApp(true);
  ExpectRefused(Create("c1"), Verdict::kUndetermined, Reason::kPolicyUnavailable);
}

TEST_F(CreateDoorTest, NoMatchDecidesWhereNoPolicyMatches) {
  PutApp(false);
  const std::vector other = {PolicyOf("p", {Key(kKeyA)}, Mode::kEnforce, "ghcr.io/**")};
  UsePolicies(other);
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kNoMatchingPolicy);
  UsePolicies(other, {}, NoMatch::kAllow);
  EXPECT_TRUE(Create("c1").allowed());
}

TEST_F(CreateDoorTest, NeedsExactlyTwoDescriptorsOfFiles) {
  PutApp(true);
  RequireSignatures();
  const auto ask = [&](std::vector<base::UniqueFd> descriptors) {
    return door_.AtRuntime(QuestionOf("c1"), std::move(descriptors));
  };
  std::vector<base::UniqueFd> one;
  one.push_back(File("config.json"));
  ExpectRefused(ask({}), Verdict::kUndetermined, Reason::kProtocol);
  ExpectRefused(ask(std::move(one)), Verdict::kUndetermined, Reason::kProtocol);
  auto three = Descriptors();
  three.push_back(File("mountinfo"));
  ExpectRefused(ask(std::move(three)), Verdict::kUndetermined, Reason::kProtocol);
  ExpectRefused(ask(ConfigAndASilentPipe()), Verdict::kUndetermined, Reason::kProtocol);
  auto closed = Descriptors();
  closed[0].Reset();
  ExpectRefused(ask(std::move(closed)), Verdict::kUndetermined, Reason::kProtocol);
}

TEST_F(CreateDoorTest, ABundleOfAnotherContainerdIsAnUnknownRuntime) {
  PutApp(true);
  RequireSignatures();
  auto question = QuestionOf("c1");
  question.bundle = "/run/other/io.containerd.runtime.v2.task/default/c1";
  ExpectRefused(door_.AtRuntime(question, Descriptors()), Verdict::kDeny, Reason::kRuntimeUnknown);
  question = QuestionOf("c1");
  question.runtime_root = "/run/containerd/runc/moby";
  ExpectRefused(door_.AtRuntime(question, Descriptors()), Verdict::kDeny, Reason::kRuntimeUnknown);
}

TEST_F(CreateDoorTest, AContainerOfNoImageIsRefused) {
  RequireSignatures({.floor = {testing::DigestNumber(10)}, .deny = {}, .stop_running = false});
  node_.containerd.PutContainer(FakeNode::kNs, {"c1", "", "", ""});
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kImageUnknown);
}

TEST_F(CreateDoorTest, ContainerdsSilenceIsNoVerdict) {
  PutApp(true);
  RequireSignatures();
  node_.containerd.Break("FindContainer");
  ExpectRefused(Create("c1"), Verdict::kUndetermined, Reason::kContainerdUnreachable);
}

TEST_F(CreateDoorTest, DenyBeatsFloorBeatsPolicies) {
  const auto content = node_.PutImage(kApp, 1, 1, /*is_index=*/true);
  node_.PutContainer("c1", kApp, 1);
  for (const auto& digest : {content.target, content.manifest, content.config}) {
    UsePolicies({PolicyOf("never", {Static(false)})});
    ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kStaticFail);
    UsePolicies({PolicyOf("never", {Static(false)})},
                {.floor = {digest}, .deny = {}, .stop_running = false});
    EXPECT_TRUE(Create("c1").allowed()) << digest.text();
    UsePolicies({PolicyOf("always", {Static(true)})},
                {.floor = {digest}, .deny = {digest}, .stop_running = false});
    ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kDenied);
    UsePolicies({PolicyOf("lenient", {Static(true)}, Mode::kWarn)},
                {.floor = {}, .deny = {digest}, .stop_running = false}, NoMatch::kAllow);
    ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kDenied);
  }
}

TEST_F(CreateDoorTest, TheFloorNeedsNoEvidence) {
  const auto content = PutApp(false);
  RequireSignatures({.floor = {content.target}, .deny = {}, .stop_running = false});
  verifier_.fails = Fail(Reason::kWorkerFailed, "gone");
  const auto answer = Create("c1");
  EXPECT_TRUE(answer.allowed()) << answer.line;
  EXPECT_THAT(answer.line, HasSubstr("system floor"));
}

TEST_F(CreateDoorTest, AMovedNameThatIsRefusedIsAMismatchWithTheInnerReason) {
  const auto now = node_.PutImage(kApp, 2, 2);
  Sign(now.target);
  node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  node_.PutContainer("c1", kApp, 1);
  RequireSignatures();
  const auto answer = Create("c1");
  ExpectRefused(answer, Verdict::kDeny, Reason::kRootfsMismatch);
  EXPECT_THAT(answer.line, HasSubstr("no-signature: "));
  Sign(testing::DigestNumber(10));
  EXPECT_TRUE(Create("c1").allowed()) << "the mounted image is signed, under the claimed name";
}

TEST_F(CreateDoorTest, AMovedNameThatCannotBeCheckedIsNoVerdict) {
  node_.PutImage(kApp, 2, 2);
  node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  node_.PutContainer("c1", kApp, 1);
  node_evidence_.fails = Fail(Reason::kContainerdUnreachable, "gone");
  fetcher_.fails = Fail(Reason::kUnreachable, "gone");
  RequireSignatures();
  ExpectRefused(Create("c1"), Verdict::kUndetermined, Reason::kContainerdUnreachable);
}

TEST_F(CreateDoorTest, WhatCouldNotBeCheckedStaysSo) {
  PutApp(true);
  RequireSignatures();
  verifier_.fails = Fail(Reason::kWorkerFailed, "gone");
  ExpectRefused(Create("c1"), Verdict::kUndetermined, Reason::kWorkerFailed);
}

TEST_F(CreateDoorTest, AnUnprovableRootNeedsTheSwitchInEveryPolicyThatMatches) {
  PutApp(true, "stargz");
  policy::Policy accepts = PolicyOf("accepts", {Key(kKeyA)});
  accepts.accept_unprovable_rootfs = true;
  const policy::Policy plain = PolicyOf("plain", {Key(kKeyA)});
  const policy::Policy elsewhere =
      PolicyOf("elsewhere", {Key(kKeyA)}, Mode::kEnforce, "ghcr.io/**");
  const policy::Policy warns = PolicyOf("warns", {Key(kKeyA)}, Mode::kWarn);
  struct Case {
    std::vector<policy::Policy> policies;
    bool allowed;
  };
  const std::vector<Case> cases = {{{plain}, false},          {{accepts}, true},
                                   {{accepts, plain}, false}, {{accepts, warns}, false},
                                   {{warns}, false},          {{accepts, elsewhere}, true}};
  for (const Case& one : cases) {
    UsePolicies(one.policies);
    const auto answer = Create("c1");
    EXPECT_EQ(answer.allowed(), one.allowed) << one.policies.back().name << answer.line;
    if (!one.allowed) {
      ExpectRefused(answer, Verdict::kDeny, Reason::kRootfsUnprovable);
    }
  }
  UsePolicies({elsewhere}, {}, NoMatch::kAllow);
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kRootfsUnprovable);
  UsePolicies({plain}, {.floor = {testing::DigestNumber(10)}, .deny = {}, .stop_running = false});
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kRootfsUnprovable);
}

TEST_F(CreateDoorTest, TheSwitchReplacesNoSignature) {
  PutApp(false, "stargz");
  policy::Policy accepts = PolicyOf("accepts", {Key(kKeyA)});
  accepts.accept_unprovable_rootfs = true;
  UsePolicies({accepts});
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kNoSignature);
}

TEST_F(CreateDoorTest, AStateBehindASymbolicLinkIsTheSameState) {
  PutApp(true);
  RequireSignatures();
  const std::string link = folder_ / "link";
  const std::string real = folder_ / "real";
  std::filesystem::create_directory(real);
  std::filesystem::create_directory_symlink(real, link);
  config_.containerd_state = link;
  auto question = QuestionOf("c1");
  ExpectRefused(door_.AtRuntime(question, Descriptors()), Verdict::kDeny, Reason::kRuntimeUnknown);
  // sigward-runtime sends its working folder with links resolved.
  question.bundle = std::filesystem::canonical(real).string() + "/io.containerd.runtime.v2.task/" +
                    FakeNode::kNs + "/c1";
  EXPECT_TRUE(door_.AtRuntime(question, Descriptors()).allowed());
}

TEST_F(CreateDoorTest, ModeWarnMakesNoWarningOfABindingThatFails) {
  PutApp(false);
  UsePolicies({PolicyOf("lenient", {Key(kKeyA)}, Mode::kWarn)});
  EXPECT_TRUE(Create("c1").allowed()) << "no signature is a warning";
  worker::ContainerFacts facts;
  facts.root_mismatch = "upperdir is /a, the snapshot's is /b";
  node_.reader.PutContainer({facts});
  ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kRootfsMismatch);
  node_.reader.PutContainer({worker::ContainerFacts{}});
  policy::Policy refuses = PolicyOf("lenient", {Key(kKeyA)}, Mode::kWarn);
  refuses.refuse_modified_rootfs = true;
  UsePolicies({refuses});
  node_.PutContainer("c2", kApp, 1);
  node_.containerd.PutMounts(FakeNode::kNs, "overlayfs", "c2",
                             {{"overlay", "overlay", {"upperdir=/nowhere"}}});
  ExpectRefused(Create("c2"), Verdict::kDeny, Reason::kRootfsModified);
  node_.containerd.PutContainer(FakeNode::kNs, {"c3", "", "", ""});
  ExpectRefused(Create("c3"), Verdict::kDeny, Reason::kImageUnknown);
}

TEST_F(CreateDoorTest, OfSeveralImagesTheRefusalTells) {
  const auto good = node_.PutImage("good.example/app:v1", 1, 1);
  node_.PutImage("bad.example/app:v1", 2, 1);
  node_.PutImage("worse.example/app:v1", 5, 1);
  Sign(good.target);
  RequireSignatures();
  // No claim: every name has to pass; the first that does not tells.
  node_.PutContainer("c1", "", 1);
  const auto answer = Create("c1");
  ExpectRefused(answer, Verdict::kDeny, Reason::kNoSignature);
  EXPECT_THAT(answer.line, HasSubstr("bad.example/app"));
  EXPECT_EQ(Json::parse(answer.record)["image"], "bad.example/app:v1");
  // An image that could not be checked does not outweigh it, in either order.
  for (const char* name : {"a.example/app:v1", "z.example/app:v1"}) {
    const auto broken = node_.PutImage(name, name[0] == 'a' ? 3 : 4, 1);
    Sign(broken.target);
    ASSERT_THAT(
        base::WriteNewFile(
            folder_ / ("evidence/sha256/" + std::string(broken.target.hex()) + "/index.json"), "{"),
        testing::IsOk());
    ExpectRefused(Create("c1"), Verdict::kDeny, Reason::kNoSignature);
  }
  node_.containerd.RemoveImage(FakeNode::kNs, "bad.example/app:v1");
  node_.containerd.RemoveImage(FakeNode::kNs, "worse.example/app:v1");
  EXPECT_EQ(VerdictOf(Create("c1")), Verdict::kUndetermined);
}

TEST_F(CreateDoorTest, AnImageVolumeHasToPassToo) {
  PutApp(true);
  const auto volume = node_.PutImage("registry.example/data:v1", 2, 2);
  const std::string key = folder_.path() + "/io.containerd.grpc.v1.cri/image-volumes/pod/" +
                          std::string(volume.manifest.hex());
  node_.containerd.PutSnapshot(FakeNode::kNs, "overlayfs", key, volume.chain_id.text());
  worker::ContainerFacts facts;
  facts.image_mounts = {{key, key}};
  node_.reader.PutContainer({facts});
  RequireSignatures();
  const auto answer = Create("c1");
  ExpectRefused(answer, Verdict::kDeny, Reason::kNoSignature);
  EXPECT_THAT(answer.line, HasSubstr("registry.example/data"));
  Sign(volume.target);
  EXPECT_TRUE(Create("c1").allowed());
}

TEST_F(CreateDoorTest, NamesTheContainerAndThePodWhereTheFilesSayWho) {
  worker::ContainerFacts facts;
  facts.annotations = {{std::string(containerd::kContainerNameAnnotation), "web"},
                       {std::string(containerd::kPodNameAnnotation), "shop-1"},
                       {std::string(containerd::kPodNamespaceAnnotation), "prod"}};
  node_.reader.PutContainer({facts});
  PutApp(true);
  RequireSignatures();
  const Json record = Json::parse(Create("c1").record);
  EXPECT_EQ(record["container"]["name"], "web");
  EXPECT_EQ(record["container"]["pod"], "shop-1");
  EXPECT_EQ(record["container"]["podNamespace"], "prod");
}

TEST_F(CreateDoorTest, TheNriDoorJudgesByTheAnnotationsAndNamesThePod) {
  const auto content = node_.PutImage(kApp, 1, 1, false, "k8s.io");
  node_.PutContainer("c1", kApp, 1, "overlayfs", "k8s.io");
  RequireSignatures();
  nri::Container container;
  container.id = "c1";
  container.name = "web";
  container.pod_name = "shop-1";
  container.pod_namespace = "prod";
  container.annotations = {{std::string(containerd::kImageNameAnnotation), kApp}};
  const auto refused = door_.AtNri(container, testing::Soon());
  EXPECT_FALSE(refused.allowed);
  EXPECT_THAT(refused.line, StartsWith("no-signature: "));
  Sign(content.target);
  EXPECT_TRUE(door_.AtNri(container, testing::Soon()).allowed);
  container.id = "c2";
  const auto unknown = door_.AtNri(container, testing::Soon());
  EXPECT_FALSE(unknown.allowed);
  EXPECT_THAT(unknown.line, StartsWith("image-unknown: container web of pod prod/shop-1"));
}

}  // namespace
}  // namespace sigward
