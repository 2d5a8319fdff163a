// What the gate decides without the network: creates, and what runs already.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "gate_fixture.h"

namespace sigward::gate {
namespace {

using base::Fail;
using base::Reason;
using policy::Origin;
using policy::Verdict;
using testing::DigestNumber;
using testing::EvidenceOf;
using testing::IsOk;
using testing::Key;
using testing::kKeyA;
using testing::kKeyB;
using testing::PolicyOf;
using testing::SnapshotOf;
using verifier::ObjectKind;

class GateCreateTest : public testing::GateFixture,
                       public ::testing::WithParamInterface<policy::Origin> {
 protected:
  policy::Decision DecideHere(const char* key = kKeyA) {
    auto workload = WorkloadOf("registry.example/app:v1");
    workload.origin = GetParam();
    return gate_.Decide(SnapshotOf({PolicyOf("p", {Key(key)})}), workload,
                        base::Deadline::After(std::chrono::seconds(5)));
  }
  static Reason ReasonOf(const policy::Decision& decision) {
    return decision.error.has_value() ? decision.error->reason : Reason::kInternal;
  }
  void Keep() {
    ASSERT_THAT(store_.Keep(DigestNumber(1), EvidenceOf({signed_}),
                            std::vector{verifier::Digest::Of(base::AsBytes("signed"))}),
                IsOk());
  }
  const testing::ObjectForTesting signed_{ObjectKind::kLegacyManifest, "signed", ""};
};

TEST_P(GateCreateTest, TheRegistryHasNoPart) {
  fetcher_.image = {signed_};
  const auto decision = DecideHere();
  EXPECT_EQ(decision.verdict, Verdict::kDeny);
  EXPECT_EQ(ReasonOf(decision), Reason::kNoSignature);
  EXPECT_EQ(fetcher_.asked_image, 0);
  EXPECT_EQ(fetcher_.asked_member, 0);
}

TEST_P(GateCreateTest, RememberedSignaturesAreEnough) {
  fetcher_.image = {signed_};
  ASSERT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  std::filesystem::remove_all(folder_ / "evidence");
  EXPECT_EQ(DecideHere().verdict, Verdict::kAllow);
  EXPECT_EQ(verifier_.asked, 1);
}

TEST_P(GateCreateTest, KeptEvidenceIsVerifiedAgain) {
  Keep();
  EXPECT_EQ(DecideHere().verdict, Verdict::kAllow);
  EXPECT_EQ(verifier_.asked, 1);
  EXPECT_EQ(ReasonOf(DecideHere(kKeyB)), Reason::kBadSignature)
      << "what is wrong with kept evidence is the answer";
}

TEST_P(GateCreateTest, KeptEvidenceThatCannotBeReadIsNoVerdict) {
  Keep();
  const std::string index =
      folder_ / ("evidence/sha256/" + std::string(DigestNumber(1).hex()) + "/index.json");
  ASSERT_THAT(base::WriteNewFile(index, "{"), IsOk());
  EXPECT_EQ(DecideHere().verdict, Verdict::kUndetermined);
  node_evidence_.objects = {signed_};
  EXPECT_EQ(DecideHere().verdict, Verdict::kAllow) << "it lies elsewhere on the node too";
}

TEST_P(GateCreateTest, EvidenceElsewhereOnTheNodeIsUsedAndKept) {
  node_evidence_.objects = {signed_};
  EXPECT_EQ(DecideHere().verdict, Verdict::kAllow);
  EXPECT_EQ(store_.usage().images, 1U);
  EXPECT_EQ(DecideHere(kKeyB).verdict, Verdict::kDeny);
}

TEST_P(GateCreateTest, APlaceOnTheNodeThatCannotBeReadIsNoVerdict) {
  node_evidence_.fails = Fail(Reason::kContainerdUnreachable, "gone");
  const auto decision = DecideHere();
  EXPECT_EQ(decision.verdict, Verdict::kUndetermined);
  EXPECT_EQ(ReasonOf(decision), Reason::kContainerdUnreachable);
}

TEST_P(GateCreateTest, AVerifierThatFailsIsNoVerdict) {
  Keep();
  verifier_.fails = Fail(Reason::kWorkerFailed, "died");
  EXPECT_EQ(DecideHere().verdict, Verdict::kUndetermined);
}

INSTANTIATE_TEST_SUITE_P(All, GateCreateTest,
                         ::testing::Values(Origin::kRuntime, Origin::kNri, Origin::kRunning),
                         [](const ::testing::TestParamInfo<Origin>& param) {
                           return std::string(policy::OriginWord(param.param));
                         });

class GateNodeEvidenceTest : public testing::GateFixture {};

TEST_F(GateNodeEvidenceTest, APullFindsItBeforeItAsksTheRegistry) {
  node_evidence_.objects = {{ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(GateNodeEvidenceTest, APullAsksTheRegistryWhenThePlaceCannotBeRead) {
  node_evidence_.fails = Fail(Reason::kContainerdUnreachable, "gone");
  fetcher_.image = {{ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  fetcher_.image.clear();
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}), 2);
  EXPECT_EQ(decision.verdict, Verdict::kDeny) << "the registry has said that there is none";
}

TEST_F(GateNodeEvidenceTest, TheNextPlaceIsAskedUntilOneSatisfies) {
  node_evidence_.fails = Fail(Reason::kContainerdUnreachable, "gone");
  second_.objects = {{ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  EXPECT_EQ(fetcher_.asked_image, 0);
  node_evidence_.fails.reset();
  node_evidence_.objects = second_.objects;
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}), 2).verdict, Verdict::kAllow);
  EXPECT_EQ(second_.asked, 1);
}

TEST_F(GateNodeEvidenceTest, PartsOfAPlaceThatCouldNotBeReadAreTold) {
  node_evidence_.unread = {{"layout /air", Fail(Reason::kIoFailed, "/air is not owned by root")}};
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}));
  EXPECT_EQ(decision.verdict, Verdict::kUndetermined);
  ASSERT_TRUE(decision.error.has_value());
  EXPECT_EQ(decision.error->reason, Reason::kIoFailed);
  fetcher_.image = {{ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}), 2).verdict, Verdict::kAllow);
}

TEST_F(GateNodeEvidenceTest, APrefetchMayUseTheNetwork) {
  fetcher_.image = {{ObjectKind::kLegacyManifest, "signed", ""}};
  auto workload = WorkloadOf("registry.example/app:v1");
  workload.origin = Origin::kPrefetch;
  EXPECT_EQ(gate_
                .Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}), workload,
                        base::Deadline::After(std::chrono::seconds(5)))
                .verdict,
            Verdict::kAllow);
  EXPECT_EQ(store_.usage().images, 1U);
}

}  // namespace
}  // namespace sigward::gate
