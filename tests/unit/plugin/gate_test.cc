#include "plugin/gate/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "gate_fixture.h"

namespace sigward::gate {
namespace {

using base::Fail;
using base::Reason;
using policy::Mode;
using policy::NoMatch;
using policy::Verdict;
using testing::Key;
using testing::kKeyA;
using testing::kKeyB;
using testing::PolicyOf;
using testing::SnapshotOf;
using testing::Static;
using verifier::ObjectKind;

class GateTest : public testing::GateFixture {
 protected:
  static Reason ReasonOf(const policy::Decision& decision) {
    return decision.error.has_value() ? decision.error->reason : Reason::kInternal;
  }
  void Sign() { fetcher_.image = {{ObjectKind::kLegacyManifest, "signed", ""}}; }
};

TEST_F(GateTest, WithoutAPolicyNothingIsAllowed) {
  const auto decision = Decide(nullptr);
  EXPECT_EQ(decision.verdict, Verdict::kUndetermined);
  EXPECT_EQ(ReasonOf(decision), Reason::kPolicyUnavailable);
}

TEST_F(GateTest, ASignedImageIsAllowedAndRemembered) {
  Sign();
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
  EXPECT_EQ(fetcher_.asked_image, 1);
  EXPECT_EQ(verifier_.asked, 1);
  EXPECT_EQ(gate_.remembered(), 1U);
}

TEST_F(GateTest, ARememberedSignatureCountsForItsOwnDigestAndKeyOnly) {
  Sign();
  ASSERT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  fetcher_.image.clear();
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}), 2).verdict, Verdict::kDeny);
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyB)})}, 2)).verdict, Verdict::kDeny);
}

TEST_F(GateTest, PoliciesAreEvaluatedAnewForEveryQuestion) {
  Sign();
  ASSERT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}, 1)).verdict, Verdict::kAllow);
  const auto decision =
      Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)}), PolicyOf("q", {Static(false)})}, 2));
  EXPECT_EQ(decision.verdict, Verdict::kDeny);
  EXPECT_EQ(ReasonOf(decision), Reason::kStaticFail);
}

TEST_F(GateTest, AnUnsignedImageIsRefused) {
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}));
  EXPECT_EQ(decision.verdict, Verdict::kDeny);
  EXPECT_EQ(ReasonOf(decision), Reason::kNoSignature);
  EXPECT_EQ(verifier_.asked, 0);
}

TEST_F(GateTest, ASignatureByAnotherKeyIsRefusedWithThatReason) {
  Sign();
  EXPECT_EQ(ReasonOf(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyB)})}))), Reason::kBadSignature);
  EXPECT_EQ(store_.usage().images, 0U);
}

TEST_F(GateTest, EveryPolicyMustBeSatisfiedAndOneAuthoritySatisfiesAPolicy) {
  Sign();
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyB, "b"), Key(kKeyA, "a")})}, 1)).verdict,
            Verdict::kAllow);
  EXPECT_EQ(
      Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)}), PolicyOf("q", {Key(kKeyB)})}, 2)).verdict,
      Verdict::kDeny);
}

TEST_F(GateTest, AStaticRefusalAsksNoRegistry) {
  EXPECT_EQ(
      ReasonOf(Decide(SnapshotOf({PolicyOf("p", {Static(false)}), PolicyOf("q", {Key(kKeyA)})}))),
      Reason::kStaticFail);
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(GateTest, NoPolicyForTheImageAsksNoRegistry) {
  const std::vector other = {PolicyOf("p", {Key(kKeyA)}, Mode::kEnforce, "ghcr.io/**")};
  EXPECT_EQ(ReasonOf(Decide(SnapshotOf(other))), Reason::kNoMatchingPolicy);
  EXPECT_EQ(Decide(SnapshotOf(other, 1, NoMatch::kAllow)).verdict, Verdict::kAllow);
  EXPECT_EQ(fetcher_.asked_image, 0);
}

TEST_F(GateTest, WhatCouldNotBeReadIsUndetermined) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  fetcher_.fails = Fail(Reason::kWorkerFailed, "gone");
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kUndetermined);
  fetcher_.fails.reset();
  fetcher_.unread = {{"registry.example", Fail(Reason::kUnauthorized, "401")}};
  const auto decision = Decide(snapshot);
  EXPECT_EQ(decision.verdict, Verdict::kUndetermined);
  EXPECT_EQ(ReasonOf(decision), Reason::kUnauthorized);
  fetcher_.unread.clear();
  Sign();
  verifier_.fails = Fail(Reason::kWorkerFailed, "died");
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kUndetermined);
}

TEST_F(GateTest, OneFullSuccessOutweighsAPlaceThatCouldNotBeRead) {
  Sign();
  fetcher_.unread = {{"referrers", Fail(Reason::kRegistryError, "500")}};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
}

TEST_F(GateTest, AWarnPolicyAllowsAndSaysSo) {
  const auto decision = Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)}, Mode::kWarn)}));
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_EQ(decision.warnings.size(), 1U);
  EXPECT_EQ(fetcher_.asked_image, 1);
}

TEST_F(GateTest, APlatformManifestIsLookedForOnlyWhereTheDigestMayNameAnIndex) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  fetcher_.member = {{ObjectKind::kLegacyManifest, "signed", ""}};
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kDeny);
  EXPECT_EQ(fetcher_.asked_member, 0);
  for (const char* type : {"application/vnd.oci.image.index.v1+json", ""}) {
    media_type_ = type;
    EXPECT_EQ(Decide(snapshot, type[0] == '\0' ? 2 : 3).verdict, Verdict::kAllow);
  }
  EXPECT_EQ(fetcher_.asked_member, 2);
}

TEST_F(GateTest, KeptEvidenceAnswersWithoutTheRegistryAndIsVerifiedAgain) {
  Sign();
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  ASSERT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
  ASSERT_EQ(store_.usage().images, 1U);
  fetcher_.fails = Fail(Reason::kUnreachable, "gone");
  Gate restarted(fetcher_, verifier_, &store_, {"linux", "amd64", ""}, clock_);
  const auto deadline = base::Deadline::After(std::chrono::seconds(5));
  EXPECT_EQ(restarted.Decide(snapshot, WorkloadOf("registry.example/app:v1"), deadline).verdict,
            Verdict::kAllow);
  EXPECT_EQ(verifier_.asked, 2);
  EXPECT_EQ(fetcher_.asked_image, 1);
}

TEST_F(GateTest, AGateWithoutAStoreDecidesTheSameAndKeepsNothing) {
  Gate bare(fetcher_, verifier_, /*store=*/nullptr, {"linux", "amd64", ""}, clock_);
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  const auto decide = [&](policy::Origin origin, int digest) {
    policy::Workload workload = WorkloadOf("registry.example/app:v1", digest);
    workload.origin = origin;
    return bare.Decide(snapshot, workload, base::Deadline::After(std::chrono::seconds(5)));
  };
  EXPECT_EQ(decide(policy::Origin::kPull, 1).error->reason, Reason::kNoSignature);
  Sign();
  EXPECT_EQ(decide(policy::Origin::kPull, 2).verdict, Verdict::kAllow);
  EXPECT_EQ(store_.usage().images, 0U);
  EXPECT_EQ(decide(policy::Origin::kRuntime, 3).error->reason, Reason::kNoSignature);
}

TEST_F(GateTest, EvidenceThatNoLongerSatisfiesIsFetchedAnew) {
  Sign();
  ASSERT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}, 1)).verdict, Verdict::kAllow);
  verifier_.signers = {kKeyB};
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyB)})}, 2)).verdict, Verdict::kAllow);
}

TEST_F(GateTest, AStoreThatCannotBeWrittenChangesNoVerdict) {
  Sign();
  // A file stands where the folder of fresh entries has to be.
  std::filesystem::remove_all(folder_ / "evidence/new");
  ASSERT_THAT(base::WriteNewFile(folder_ / "evidence/new", "x"), testing::IsOk());
  EXPECT_EQ(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})})).verdict, Verdict::kAllow);
  EXPECT_EQ(store_.usage().images, 0U);
}

TEST_F(GateTest, AbsenceIsRememberedForAMomentOnly) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  ASSERT_EQ(Decide(snapshot).verdict, Verdict::kDeny);
  Sign();
  clock_.Advance(kAbsenceRemembered - std::chrono::milliseconds(1));
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kDeny);
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
}

TEST_F(GateTest, AFailureToReadIsNotRemembered) {
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  fetcher_.fails = Fail(Reason::kUnreachable, "gone");
  ASSERT_EQ(Decide(snapshot).verdict, Verdict::kUndetermined);
  fetcher_.fails.reset();
  Sign();
  EXPECT_EQ(Decide(snapshot).verdict, Verdict::kAllow);
}

TEST_F(GateTest, WhoWaitedForAnotherDoesNotInheritItsTimeOut) {
  Sign();
  std::promise<void> asked;
  std::promise<void> go;
  std::atomic<int> count = 0;
  fetcher_.on_ask = [&]() -> std::optional<base::Error> {
    if (count++ > 0) {
      return std::nullopt;
    }
    asked.set_value();
    go.get_future().wait();
    return Fail(Reason::kTimeout, "the registry hung");
  };
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  auto leader = std::async(std::launch::async, [&] { return Decide(snapshot).verdict; });
  asked.get_future().wait();
  auto follower = std::async(std::launch::async, [&] { return Decide(snapshot).verdict; });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  go.set_value();
  EXPECT_EQ(leader.get(), Verdict::kUndetermined);
  EXPECT_EQ(follower.get(), Verdict::kAllow);
}

TEST_F(GateTest, AnOutageOutweighsBadBytesElsewhere) {
  fetcher_.unread = {{"referrers", Fail(Reason::kMalformed, "not JSON")},
                     {"signature tag", Fail(Reason::kRegistryError, "500")}};
  EXPECT_EQ(ReasonOf(Decide(SnapshotOf({PolicyOf("p", {Key(kKeyA)})}))), Reason::kRegistryError);
}

TEST_F(GateTest, ManyQuestionsAtOnceFetchOnce) {
  Sign();
  const auto snapshot = SnapshotOf({PolicyOf("p", {Key(kKeyA)})});
  std::vector<std::future<Verdict>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(std::async(std::launch::async, [&] { return Decide(snapshot).verdict; }));
  }
  for (auto& one : all) {
    EXPECT_EQ(one.get(), Verdict::kAllow);
  }
  EXPECT_LE(fetcher_.asked_image, 2)
      << "one flight, or a second one started as the first had landed";
}

}  // namespace
}  // namespace sigward::gate
