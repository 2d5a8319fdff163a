// Where the log entries of signatures may be looked up: what the gate says of it when it fetches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gate_fixture.h"
#include "plugin/gate/gate.h"

namespace sigward::gate {
namespace {

using base::Reason;
using policy::LogPlace;
using policy::Verdict;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Key;
using testing::KeyIn;
using testing::kKeyA;
using testing::kKeyB;
using testing::PolicyOf;
using verifier::ObjectKind;

constexpr const char* kLog = "https://log.example";
constexpr const char* kOther = "https://other.example";
constexpr const char* kSigs = "registry.example/sigs";

policy::Authority Logged(policy::Authority authority, std::string url = "") {
  authority.log = {.trust_root = "mine", .url = std::move(url)};
  return authority;
}

class GateLogsTest : public testing::GateFixture {
 protected:
  static std::shared_ptr<const policy::PolicySnapshot> Snapshot(
      const std::vector<policy::Policy>& policies, const std::string& url = "") {
    std::ifstream file(SIGWARD_SOURCE_DIR "/policy/sigstore/trusted_root.json");
    policy::TrustRoots roots;
    roots.emplace(
        "mine",
        policy::NamedTrustRoot::Of(std::string(std::istreambuf_iterator<char>(file), {})).value());
    return policy::PolicySnapshot::Parse(
               policy::Compile(policies, policy::NoMatch::kDeny, url, {}, roots), 1)
        .value();
  }
  std::vector<std::vector<LogPlace>> Asked(const std::vector<policy::Policy>& policies,
                                           const std::string& url = "") {
    Decide(Snapshot(policies, url));
    return fetcher_.asked_logs;
  }
};

TEST_F(GateLogsTest, TheFetcherIsToldWhereToLookEntriesUp) {
  EXPECT_THAT(Asked({PolicyOf("p", {Logged(Key(kKeyA, "a"), kLog), Logged(Key(kKeyB, "b"))})}),
              ElementsAre(ElementsAre(LogPlace{kLog, kKeyA})));
}

TEST_F(GateLogsTest, TheDefaultIsForWhoSaysNoPlace) {
  EXPECT_THAT(
      Asked({PolicyOf("p", {Logged(Key(kKeyA, "a"), kLog), Logged(Key(kKeyB, "b"))})}, kOther),
      ElementsAre(ElementsAre(LogPlace{kLog, kKeyA}, LogPlace{kOther, kKeyB})));
}

TEST_F(GateLogsTest, NothingIsLookedUpWhereNoLogIsDemanded) {
  EXPECT_THAT(Asked({PolicyOf("p", {Key(kKeyA)})}, kOther), ElementsAre(IsEmpty()));
}

TEST_F(GateLogsTest, EachSourceHasItsOwn) {
  EXPECT_THAT(
      Asked({PolicyOf("p",
                      {Logged(Key(kKeyA, "a"), kLog), Logged(KeyIn(kSigs, kKeyB, "b"), kOther)})}),
      ElementsAre(ElementsAre(LogPlace{kLog, kKeyA}), ElementsAre(LogPlace{kOther, kKeyB})));
}

TEST_F(GateLogsTest, NothingIsLookedUpForAPolicyThatIsSatisfied) {
  node_evidence_.objects = {{ObjectKind::kLegacyManifest, kKeyA, ""}};
  EXPECT_THAT(Asked({PolicyOf("p", {Logged(Key(kKeyA, "a"), kLog)}),
                     PolicyOf("q", {Logged(Key(kKeyB, "b"), kOther)})}),
              ElementsAre(ElementsAre(LogPlace{kOther, kKeyB})));
}

TEST_F(GateLogsTest, TheMembersSignaturesAreLookedUpToo) {
  media_type_ = "application/vnd.oci.image.index.v1+json";
  EXPECT_THAT(Asked({PolicyOf("p", {Logged(Key(kKeyA), kLog)})}),
              ElementsAre(ElementsAre(LogPlace{kLog, kKeyA}), ElementsAre(LogPlace{kLog, kKeyA})));
}

TEST_F(GateLogsTest, ACreateAsksNoLog) {
  const auto snapshot = Snapshot({PolicyOf("p", {Logged(Key(kKeyA), kLog)})}, kOther);
  for (const auto origin :
       {policy::Origin::kRuntime, policy::Origin::kNri, policy::Origin::kRunning}) {
    policy::Workload workload = WorkloadOf("registry.example/app:v1");
    workload.origin = origin;
    EXPECT_EQ(
        gate_.Decide(snapshot, workload, base::Deadline::After(std::chrono::seconds(5))).verdict,
        Verdict::kDeny);
  }
  EXPECT_THAT(fetcher_.asked_logs, IsEmpty());
}

TEST_F(GateLogsTest, LogsBeyondTheBoundAreToldOf) {
  const auto policies = [](std::size_t count) {
    std::vector<policy::Authority> authorities;
    for (std::size_t i = 0; i < count; ++i) {
      authorities.push_back(Logged(Key(kKeyA, "a" + std::to_string(i)), kLog + std::to_string(i)));
    }
    return std::vector{PolicyOf("p", std::move(authorities))};
  };
  EXPECT_EQ(Decide(Snapshot(policies(policy::kMaxLogPlaces))).verdict, Verdict::kDeny);
  EXPECT_EQ(fetcher_.asked_logs.at(0).size(), policy::kMaxLogPlaces);
  const auto decision = Decide(Snapshot(policies(policy::kMaxLogPlaces + 1)), 2);
  EXPECT_EQ(fetcher_.asked_logs.at(1).size(), policy::kMaxLogPlaces);
  EXPECT_EQ(decision.verdict, Verdict::kUndetermined);
  ASSERT_TRUE(decision.error.has_value());
  EXPECT_EQ(decision.error->reason, Reason::kTooLarge);
}

}  // namespace
}  // namespace sigward::gate
