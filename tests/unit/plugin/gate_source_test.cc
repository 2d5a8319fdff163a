// Authorities whose signatures lie in other repositories than the image.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "gate_fixture.h"
#include "plugin/gate/gate.h"

namespace sigward::gate {
namespace {

using base::Fail;
using base::Reason;
using policy::Mode;
using policy::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Key;
using testing::KeyIn;
using testing::kKeyA;
using testing::kKeyB;
using testing::PolicyOf;
using testing::SnapshotOf;
using verifier::ObjectKind;

constexpr const char* kSigs = "registry.example/sigs";
constexpr const char* kOther = "other.example/sigs";

class GateSourceTest : public testing::GateFixture {
 protected:
  static std::vector<testing::ObjectForTesting> SignedBy(const char* key) {
    return {{ObjectKind::kLegacyManifest, key, ""}};
  }
  void SignIn(const std::string& repository, const char* key) {
    fetcher_.elsewhere[repository].objects = SignedBy(key);
  }
  void Break(const std::string& repository) {
    fetcher_.elsewhere[repository].unread = Fail(Reason::kUnreachable, "gone");
  }
  static void ExpectRefused(const policy::Decision& decision, Verdict verdict, Reason reason) {
    EXPECT_EQ(decision.verdict, verdict);
    ASSERT_TRUE(decision.error.has_value());
    EXPECT_EQ(decision.error->reason, reason) << decision.error->detail;
  }
};

TEST_F(GateSourceTest, TheSourceIsAskedAndNotTheImagesOwnRepository) {
  SignIn(kSigs, kKeyA);
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA, "a", "rel-")})}));
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_THAT(fetcher_.asked_elsewhere, ElementsAre("registry.example/sigs rel-"));
  EXPECT_EQ(fetcher_.asked_image, 1);
  EXPECT_EQ(decision.policies.at(0).authorities.at(0).source.name(), kSigs);
  EXPECT_EQ(store_.usage().images, 1U);
}

TEST_F(GateSourceTest, APrefixInTheImagesOwnRepositoryIsAPlaceOfItsOwn) {
  fetcher_.image = SignedBy(kKeyB);
  const auto decision =
      Decide(SnapshotOf({PolicyOf("p", {KeyIn("", kKeyA, "a", "rel-"), Key(kKeyB, "b")})}));
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_EQ(fetcher_.asked_image, 1) << "the first place had it already";
  fetcher_.image.clear();
  Decide(SnapshotOf({PolicyOf("p", {KeyIn("", kKeyA, "a", "rel-"), Key(kKeyB, "b")})}, 2), 2);
  EXPECT_EQ(fetcher_.asked_image, 3);
}

TEST_F(GateSourceTest, EachPlaceIsAskedOnceAndOnlyUntilAllIsSatisfied) {
  SignIn(kSigs, kKeyA);
  const std::vector policies = {
      PolicyOf("p", {KeyIn(kSigs, kKeyA, "a"), KeyIn(kOther, kKeyB, "b")}),
      PolicyOf("q", {KeyIn(kSigs, kKeyA, "a")})};
  EXPECT_EQ(Decide(SnapshotOf(policies)).verdict, Verdict::kAllow);
  EXPECT_THAT(fetcher_.asked_elsewhere, ElementsAre("registry.example/sigs "));
}

TEST_F(GateSourceTest, PlacesOfAPolicyThatIsSatisfiedAreNotAskedForAnother) {
  SignIn(kSigs, kKeyA);
  fetcher_.image = {};
  const std::vector policies = {
      PolicyOf("p", {KeyIn(kSigs, kKeyA, "a"), KeyIn(kOther, kKeyB, "b")}),
      PolicyOf("q", {Key(kKeyB, "b")})};
  ExpectRefused(Decide(SnapshotOf(policies)), Verdict::kDeny, Reason::kNoSignature);
  EXPECT_THAT(fetcher_.asked_elsewhere, ElementsAre("registry.example/sigs "));
  EXPECT_EQ(fetcher_.asked_image, 2);
}

TEST_F(GateSourceTest, ASignatureCountsWhereverItWasFound) {
  SignIn(kSigs, kKeyB);
  const std::vector policies = {
      PolicyOf("p", {KeyIn(kSigs, kKeyA, "a"), KeyIn(kOther, kKeyB, "b")})};
  EXPECT_EQ(Decide(SnapshotOf(policies)).verdict, Verdict::kAllow);
  EXPECT_THAT(fetcher_.asked_elsewhere, ElementsAre("registry.example/sigs "));
}

TEST_F(GateSourceTest, TwoAuthoritiesWithTwoSources) {
  const auto snapshot =
      SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA, "a"), KeyIn(kOther, kKeyB, "b")})});
  SignIn(kOther, kKeyB);
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
  EXPECT_THAT(fetcher_.asked_elsewhere,
              ElementsAre("registry.example/sigs ", "other.example/sigs "));
}

TEST_F(GateSourceTest, ASourceThatIsDownIsNoVerdict) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA)})});
  Break(kSigs);
  // A tenant may push what it likes beside its image.
  fetcher_.image = SignedBy(kKeyB);
  ExpectRefused(Decide(snapshot), Verdict::kUndetermined, Reason::kUnreachable);
  fetcher_.elsewhere[kSigs] = {};
  ExpectRefused(Decide(snapshot), Verdict::kDeny, Reason::kNoSignature);
}

TEST_F(GateSourceTest, ASourceThatIsDownSaysNothingOfAuthoritiesThatLookElsewhere) {
  Break(kSigs);
  fetcher_.image = SignedBy(kKeyB);
  const auto decision = Decide(SnapshotOf(
      {PolicyOf("p", {Key(kKeyA, "a")}), PolicyOf("q", {KeyIn(kSigs, kKeyA, "a")}, Mode::kWarn)}));
  ExpectRefused(decision, Verdict::kDeny, Reason::kBadSignature);
  ASSERT_EQ(decision.warnings.size(), 1U);
  EXPECT_THAT(decision.warnings[0], HasSubstr("registry-unreachable"));
}

TEST_F(GateSourceTest, WhatLiesElsewhereIsNoFailureOfThisAuthority) {
  SignIn(kOther, kKeyB);
  const auto decision = Decide(SnapshotOf(
      {PolicyOf("p", {KeyIn(kSigs, kKeyA, "a")}), PolicyOf("q", {KeyIn(kOther, kKeyB, "b")})}));
  ExpectRefused(decision, Verdict::kDeny, Reason::kNoSignature);
  EXPECT_EQ(decision.policies.at(1).verdict, Verdict::kAllow);
}

TEST_F(GateSourceTest, AWarnPolicyWithASourceAllowsAndSaysSo) {
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA)}, Mode::kWarn)}));
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_EQ(decision.warnings.size(), 1U);
  EXPECT_THAT(fetcher_.asked_elsewhere, ElementsAre("registry.example/sigs "));
}

TEST_F(GateSourceTest, OnePlaceLeavesTimeToTheNext) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA, "a"), Key(kKeyB, "b")})});
  Decide(snapshot);
  EXPECT_LE(fetcher_.time_elsewhere, std::chrono::milliseconds(2500)) << "half of 5 s";
  EXPECT_GT(fetcher_.time_elsewhere, std::chrono::milliseconds(0));
}

TEST_F(GateSourceTest, MembersOfAnIndexAreLookedForInTheSourceToo) {
  media_type_ = "application/vnd.oci.image.index.v1+json";
  Decide(SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA)})}));
  EXPECT_THAT(fetcher_.asked_elsewhere,
              ElementsAre("registry.example/sigs ", "registry.example/sigs "));
  EXPECT_EQ(fetcher_.asked_image, 1);
  EXPECT_EQ(fetcher_.asked_member, 1);
}

TEST_F(GateSourceTest, ThePlacesOnTheNodeAreAskedForTheSources) {
  node_evidence_.objects = SignedBy(kKeyA);
  const auto decision = Decide(
      SnapshotOf({PolicyOf("p", {KeyIn(kSigs, kKeyA, "a", "rel-")}), PolicyOf("q", {Key(kKeyA)})}));
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_THAT(
      node_evidence_.asked_for,
      ElementsAre(policy::SignatureSource::Of(kSigs, "rel-").value(), policy::SignatureSource()));
  EXPECT_THAT(fetcher_.asked_elsewhere, IsEmpty());
}

}  // namespace
}  // namespace sigward::gate
