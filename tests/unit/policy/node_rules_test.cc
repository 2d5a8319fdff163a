#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/strict_json.h"
#include "policies_for_testing.h"
#include "policy/evaluate.h"
#include "policy/snapshot.h"
#include "result_matchers.h"

namespace sigward::policy {
namespace {

using base::Json;
using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using testing::PolicyOf;
using testing::Static;

verifier::Digest DigestOf(const std::string& bytes) {
  return verifier::Digest::Of(base::AsBytes(bytes));
}

Json Document() {
  Json document = Json::parse(Compile({PolicyOf("p", {Static(true)})}, NoMatch::kDeny, ""));
  document["floor"] = {DigestOf("pause").text()};
  document["deny"] = {DigestOf("evil").text(), "sha512:" + std::string(128, 'a')};
  document["stopRunning"] = true;
  document["policies"][0]["acceptUnprovableRootfs"] = true;
  document["policies"][0]["refuseModifiedRootfs"] = true;
  return document;
}

TEST(NodeRulesTest, ReadsEveryField) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  EXPECT_EQ(snapshot->node().floor.size(), 1U);
  EXPECT_TRUE(snapshot->node().floor.contains(DigestOf("pause")));
  EXPECT_EQ(snapshot->node().deny.size(), 2U);
  EXPECT_TRUE(snapshot->node().stop_running);
  EXPECT_TRUE(snapshot->policies()[0].accept_unprovable_rootfs);
  EXPECT_TRUE(snapshot->policies()[0].refuse_modified_rootfs);
}

TEST(NodeRulesTest, WhatIsNotThereIsOff) {
  const auto snapshot =
      PolicySnapshot::Parse(Compile({PolicyOf("p", {Static(true)})}, NoMatch::kDeny, ""), 1)
          .value();
  EXPECT_TRUE(snapshot->node().floor.empty());
  EXPECT_TRUE(snapshot->node().deny.empty());
  EXPECT_FALSE(snapshot->node().stop_running);
  EXPECT_FALSE(snapshot->policies()[0].accept_unprovable_rootfs);
  EXPECT_FALSE(snapshot->policies()[0].refuse_modified_rootfs);
  Json document = Document();
  document["stopRunning"] = false;
  document["floor"] = Json::array();
  document["policies"][0]["acceptUnprovableRootfs"] = false;
  const auto off = PolicySnapshot::Parse(document.dump(), 1).value();
  EXPECT_FALSE(off->node().stop_running);
  EXPECT_TRUE(off->node().floor.empty());
  EXPECT_FALSE(off->policies()[0].accept_unprovable_rootfs);
}

TEST(NodeRulesTest, ThereAndBackAgain) {
  const auto snapshot = PolicySnapshot::Parse(Document().dump(), 1).value();
  const std::string text =
      Compile(snapshot->policies(), snapshot->no_match(), "", snapshot->node());
  const auto again = PolicySnapshot::Parse(text, 2).value();
  EXPECT_EQ(Compile(again->policies(), again->no_match(), "", again->node()), text);
  EXPECT_EQ(again->node().floor, snapshot->node().floor);
  EXPECT_EQ(again->node().deny, snapshot->node().deny);
  EXPECT_TRUE(again->node().stop_running);
  EXPECT_TRUE(again->policies()[0].refuse_modified_rootfs);
}

TEST(NodeRulesTest, WhatIsOutOfShapeRefusesTheWhole) {
  const std::vector<std::pair<std::string, Json>> breakages = {
      {"/floor", "x"},
      {"/floor", {{"a", 1}}},
      {"/floor", nullptr},
      {"/floor/0", 1},
      {"/floor/0", "sha256:short"},
      {"/floor/0", "md5:" + std::string(32, 'a')},
      {"/deny/0", "SHA256:" + std::string(64, 'a')},
      {"/deny/0", nullptr},
      {"/stopRunning", "true"},
      {"/stopRunning", 1},
      {"/stopRunning", nullptr},
      {"/policies/0/acceptUnprovableRootfs", "true"},
      {"/policies/0/acceptUnprovableRootfs", nullptr},
      {"/policies/0/refuseModifiedRootfs", 0},
      {"/floors", Json::array()},
      {"/policies/0/stopRunning", true},
  };
  for (const auto& [where, value] : breakages) {
    Json document = Document();
    document[Json::json_pointer(where)] = value;
    EXPECT_THAT(PolicySnapshot::Parse(document.dump(), 1), FailsWith(Reason::kPolicyInvalid))
        << where << " " << value;
  }
}

TEST(NodeRulesTest, BoundsItsLists) {
  for (const char* list : {"floor", "deny"}) {
    Json document = Document();
    document[list] = Json::array();
    for (std::size_t i = 0; i < kMaxListedDigests; ++i) {
      document[list].push_back(DigestOf(std::to_string(i)).text());
    }
    EXPECT_THAT(PolicySnapshot::Parse(document.dump(), 1), IsOk());
    document[list].push_back(DigestOf("one more").text());
    EXPECT_THAT(PolicySnapshot::Parse(document.dump(), 1), FailsWith(Reason::kTooLarge));
  }
}

class ListsTest : public ::testing::Test {
 protected:
  static Decision Decide(const NodeRules& node, bool policy_passes,
                         NoMatch no_match = NoMatch::kDeny, bool selected = true) {
    const std::vector policies = {PolicyOf("p", {Static(policy_passes)})};
    const auto snapshot = PolicySnapshot::Parse(Compile(policies, no_match, "", node), 7).value();
    Workload workload{Origin::kRuntime,
                      verifier::ImageRef::Parse("registry.example/app").value(),
                      DigestOf("target"),
                      "",
                      {DigestOf("manifest"), DigestOf("config")}};
    const auto matching = snapshot->Select(workload.image, workload.digest);
    return Evaluate(*snapshot, selected ? matching : std::vector<const Policy*>(), workload, {});
  }
};

TEST_F(ListsTest, EveryDigestOfAnImageCounts) {
  for (const char* name : {"target", "manifest", "config"}) {
    const verifier::Digest digest = DigestOf(name);
    const Decision floor = Decide({.floor = {digest}, .deny = {}, .stop_running = false}, false);
    EXPECT_EQ(floor.verdict, Verdict::kAllow) << name;
    EXPECT_EQ(floor.basis, Basis::kFloor);
    EXPECT_FALSE(floor.error.has_value());
    EXPECT_EQ(floor.generation, 7U);
    const Decision denied = Decide({.floor = {}, .deny = {digest}, .stop_running = false}, true);
    EXPECT_EQ(denied.verdict, Verdict::kDeny) << name;
    EXPECT_EQ(denied.basis, Basis::kDenyList);
    ASSERT_TRUE(denied.error.has_value());
    EXPECT_EQ(denied.error->reason, Reason::kDenied);
  }
}

TEST_F(ListsTest, TheDenyListBeatsTheFloor) {
  const Decision decision = Decide(
      {.floor = {DigestOf("target")}, .deny = {DigestOf("config")}, .stop_running = false}, true);
  EXPECT_EQ(decision.verdict, Verdict::kDeny);
  EXPECT_EQ(decision.basis, Basis::kDenyList);
}

TEST_F(ListsTest, TheListsPlayNoPartForOtherImages) {
  const NodeRules node{
      .floor = {DigestOf("other")}, .deny = {DigestOf("another")}, .stop_running = false};
  EXPECT_EQ(Decide(node, true).verdict, Verdict::kAllow);
  const Decision refused = Decide(node, false);
  EXPECT_EQ(refused.verdict, Verdict::kDeny);
  EXPECT_EQ(refused.basis, Basis::kPolicies);
}

TEST_F(ListsTest, TheyHoldWhereNoPolicyMatches) {
  EXPECT_EQ(Decide({.floor = {}, .deny = {DigestOf("target")}, .stop_running = false}, true,
                   NoMatch::kAllow, false)
                .verdict,
            Verdict::kDeny);
  EXPECT_EQ(Decide({.floor = {DigestOf("target")}, .deny = {}, .stop_running = false}, true,
                   NoMatch::kDeny, false)
                .verdict,
            Verdict::kAllow);
}

TEST(OriginTest, OnlyWhatIsNoCreateMayUseTheNetwork) {
  for (const Origin origin : {Origin::kPull, Origin::kCommandLine, Origin::kPrefetch}) {
    EXPECT_TRUE(MayUseNetwork(origin)) << OriginWord(origin);
  }
  for (const Origin origin :
       {Origin::kRuntime, Origin::kNri, Origin::kRunning, static_cast<Origin>(0)}) {
    EXPECT_FALSE(MayUseNetwork(origin)) << OriginWord(origin);
  }
}

}  // namespace
}  // namespace sigward::policy
