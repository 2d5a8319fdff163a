#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/strict_json.h"
#include "create_fixture.h"

namespace sigward {
namespace {

using base::Json;
using base::Reason;
using testing::FakeNode;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Key;
using testing::kKeyA;
using testing::PolicyOf;
using ::testing::StartsWith;
using testing::Static;

/// Container c1 of a signed image, whose own layer is a folder of the test's.
class RootfsModifiedTest : public testing::CreateFixture {
 protected:
  void SetUp() override {
    CreateFixture::SetUp();
    Sign(node_.PutImage(kApp, 1, 1).target);
    node_.PutContainer("c1", kApp, 1);
    GiveC1ALayer("upper");
  }
  void GiveC1ALayer(const std::string& name, const std::string& ns = FakeNode::kNs) {
    std::filesystem::create_directory(folder_ / name);
    node_.containerd.PutMounts(ns, "overlayfs", "c1",
                               {{"overlay", "overlay", {"upperdir=" + (folder_ / name)}}});
  }
  void PutAFileInto(const std::string& layer) {
    ASSERT_THAT(base::WriteNewFile(folder_ / (layer + "/evil"), "x"), IsOk());
  }
  static policy::Policy Refusing(const policy::Authority& authority = Key(kKeyA)) {
    policy::Policy refuses = PolicyOf("refuses", {authority});
    refuses.refuse_modified_rootfs = true;
    return refuses;
  }
  static void ExpectModified(const rpc::GateAnswer& answer) {
    EXPECT_EQ(VerdictOf(answer), policy::Verdict::kDeny) << answer.line;
    EXPECT_EQ(ReasonOf(answer), Reason::kRootfsModified) << answer.line;
    EXPECT_THAT(answer.line, StartsWith("rootfs-modified: "));
    const Json record = Json::parse(answer.record);
    ASSERT_EQ(record["notes"].size(), 1U);
    EXPECT_THAT(record["notes"][0].get<std::string>(), StartsWith("rootfs-modified"));
  }
};

TEST_F(RootfsModifiedTest, FilesBeforeTheFirstStartAreNotedOrRefused) {
  PutAFileInto("upper");
  UsePolicies({Refusing(), PolicyOf("plain", {Key(kKeyA)})});
  const auto refused = Create("c1");
  ExpectModified(refused);
  EXPECT_THAT(refused.line, HasSubstr("policy refuses"));
  ExpectModified(Create("c1"));

  RequireSignatures();
  const auto noted = Create("c1");
  EXPECT_TRUE(noted.allowed());
  EXPECT_EQ(Json::parse(noted.record)["notes"].size(), 1U);
}

TEST_F(RootfsModifiedTest, WhatALaxPolicyLetPassIsStillThereForAStrictOne) {
  PutAFileInto("upper");
  RequireSignatures();
  ASSERT_TRUE(Create("c1").allowed());
  UsePolicies({Refusing()});
  ExpectModified(Create("c1"));
}

TEST_F(RootfsModifiedTest, FilesThatAContainerWroteWhileItRanAreItsOwn) {
  UsePolicies({Refusing()});
  ASSERT_TRUE(Create("c1").allowed());
  PutAFileInto("upper");
  const auto again = Create("c1");
  EXPECT_TRUE(again.allowed()) << again.line;
  EXPECT_FALSE(Json::parse(again.record).contains("notes"));
}

TEST_F(RootfsModifiedTest, AnIdThatIsUsedAgainStartsForTheFirstTimeAgain) {
  UsePolicies({Refusing()});
  ASSERT_TRUE(Create("c1").allowed());
  // The container is removed, and another one gets its id and a layer of its own.
  GiveC1ALayer("next");
  PutAFileInto("next");
  ExpectModified(Create("c1"));
}

TEST_F(RootfsModifiedTest, ARefusedCreateIsNoFirstStart) {
  UsePolicies({Refusing(Static(false))});
  EXPECT_EQ(ReasonOf(Create("c1")), Reason::kStaticFail);
  PutAFileInto("upper");
  UsePolicies({Refusing()});
  ExpectModified(Create("c1"));
}

TEST_F(RootfsModifiedTest, TheNriDoorsAnswerDoesNotStandForAFirstStart) {
  node_.PutImage(kApp, 1, 1, false, "k8s.io");
  node_.PutContainer("c1", kApp, 1, "overlayfs", "k8s.io");
  GiveC1ALayer("upper", "k8s.io");
  UsePolicies({Refusing(Static(true))});
  nri::Container container;
  container.id = "c1";
  ASSERT_TRUE(door_.AtNri(container, testing::Soon()).allowed);
  PutAFileInto("upper");
  ExpectModified(Create("c1", "k8s.io"));
}

}  // namespace
}  // namespace sigward
