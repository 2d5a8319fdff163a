#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "open_descriptors.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "signed_image.h"
#include "verifyd_process.h"
#include "worker/client/evidence_objects.h"
#include "worker/client/verifyd_client.h"
#include "worker/sandbox/sandbox.h"
#include "worker/verify/child.h"
#include "worker/verify/parent.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using base::UniqueFd;
using std::chrono::milliseconds;
using testing::AuthorityFor;
using testing::FailsWith;
using testing::IsOk;
using testing::TestImage;
using testing::TestKey;

/// Much longer than anything here may take, so that a test does not fail because the machine is
/// busy.
Deadline Soon() {
  return Deadline::After(milliseconds(60'000));
}

const TestKey& Signer() {
  return TestKey::Shared(verifier::KeyType::kEcdsaP256);
}

class VerifydTest : public ::testing::Test {
 protected:
  base::Result<VerifydAnswer> Ask(const EvidenceSet& evidence,
                                  const std::vector<policy::Authority>& rules) {
    return VerifydClient(verifyd_.path())
        .Verify(TestImage(), testing::LinuxAmd64(), evidence, testing::Asking(rules), Soon());
  }
  bool Works() {
    const auto answer = Ask(signed_, {AuthorityFor(Signer())});
    return answer.ok() && answer->proofs().size() == 1;
  }
  UniqueFd Connect() { return rpc::Connect(verifyd_.path(), Soon()).value(); }
  /// Sends BYTES with DESCRIPTORS and returns the answer, whatever it is.
  rpc::VerifyAnswer AskRaw(const std::string& bytes, const std::vector<int>& descriptors) {
    const UniqueFd connection = Connect();
    EXPECT_THAT(rpc::Send(connection.get(), bytes, descriptors, Soon()), IsOk());
    const auto frame = rpc::Receive(connection.get(), Soon());
    EXPECT_THAT(frame, IsOk());
    rpc::VerifyAnswer answer;
    EXPECT_TRUE(frame.ok() && answer.ParseFromString(frame->bytes));
    return answer;
  }
  std::string Question() {
    return testing::QuestionAbout(signed_, {AuthorityFor(Signer())}).SerializeAsString();
  }

  testing::VerifydProcess verifyd_;
  EvidenceSet signed_ = testing::SignedBy(Signer());
};

std::uint32_t Number(Reason reason) {
  return static_cast<std::uint32_t>(reason);
}

TEST_F(VerifydTest, ProvesARealSignature) {
  const auto answer = Ask(signed_, {AuthorityFor(Signer()), AuthorityFor(TestKey::Stranger())});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->proofs().size(), 1U);
  EXPECT_EQ(answer->proofs().front().image(), TestImage());
  EXPECT_EQ(answer->proofs().front().authority(), AuthorityFor(Signer()).id);
  ASSERT_EQ(answer->failures().size(), 1U);
  EXPECT_EQ(answer->failures().begin()->second.reason, Reason::kBadSignature);
}

TEST_F(VerifydTest, ProvesASignatureOfEachKindOfKey) {
  for (const auto type :
       {verifier::KeyType::kEcdsaP256, verifier::KeyType::kEcdsaP384, verifier::KeyType::kEcdsaP521,
        verifier::KeyType::kRsa, verifier::KeyType::kEd25519}) {
    testing::ImageEvidence evidence;
    testing::AddGoodLegacy(evidence, TestImage(), TestKey::Shared(type));
    const auto answer = Ask(testing::SetOf(evidence), {AuthorityFor(TestKey::Shared(type))});
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->proofs().size(), 1U);
  }
}

TEST_F(VerifydTest, ProvesNothingForAnotherKey) {
  const auto answer = Ask(signed_, {AuthorityFor(TestKey::Stranger())});
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->proofs().empty());
  EXPECT_EQ(answer->failures().begin()->second.reason, Reason::kBadSignature);
}

TEST_F(VerifydTest, ProvesNothingWithoutEvidence) {
  const auto answer = Ask(testing::SetOf(testing::ImageEvidence()), {AuthorityFor(Signer())});
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->proofs().empty());
  EXPECT_EQ(answer->failures().begin()->second.reason, Reason::kNoSignature);
}

TEST_F(VerifydTest, TakesAQuestionThatIsLongerThanAFrame) {
  testing::ImageEvidence evidence;
  testing::AddGoodLegacy(evidence, TestImage(), Signer());
  while (evidence.evidence().size() < verifier::kMaxEvidenceObjects) {
    evidence.AddBlob("blob " + std::to_string(evidence.evidence().size()));
  }
  std::vector<policy::Authority> rules =
      testing::StrangeAuthorities(kMaxAuthoritiesPerQuestion - 1);
  rules.push_back(AuthorityFor(Signer()));
  EvidenceSet set = testing::SetOf(evidence);
  for (EvidenceEntry& entry : set.entries) {
    entry.media_type = std::string(kMaxMediaType, 'm');
  }
  ASSERT_GT(testing::QuestionAbout(set, rules).ByteSizeLong(), rpc::kMaxFrameBytes);
  const auto answer = Ask(set, rules);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->proofs().size(), 1U);
  EXPECT_EQ(answer->failures().size(), kMaxAuthoritiesPerQuestion - 1);
}

TEST_F(VerifydTest, RefusesEvidenceThatCouldStillChange) {
  const UniqueFd open_memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const base::ByteView bytes = signed_.memory.bytes();
  ASSERT_EQ(write(open_memory.get(), bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
  const rpc::VerifyAnswer answer = AskRaw(Question(), {open_memory.get()});
  EXPECT_EQ(answer.reason(), Number(Reason::kProtocol));
  EXPECT_EQ(answer.authorities_size(), 0);
  EXPECT_FALSE(answer.nonce().empty());
  EXPECT_TRUE(Works());
}

TEST_F(VerifydTest, TakesEvidenceUpToItsBoundAndNoMore) {
  const auto sealed = [](std::size_t size) {
    const std::string bytes(size, 'x');
    return base::SealBytes(base::AsBytes(bytes)).value();
  };
  rpc::VerifyQuestion question = testing::QuestionAbout(signed_, {AuthorityFor(Signer())});
  question.clear_objects();
  const UniqueFd largest = sealed(verifier::kMaxEvidenceBytes);
  EXPECT_EQ(AskRaw(question.SerializeAsString(), {largest.get()}).reason(), 0U);
  const UniqueFd too_large = sealed(verifier::kMaxEvidenceBytes + 1);
  EXPECT_EQ(AskRaw(question.SerializeAsString(), {too_large.get()}).reason(),
            Number(Reason::kTooLarge));
}

TEST_F(VerifydTest, RefusesAQuestionWithoutOneEvidence) {
  const int fd = signed_.memory.fd();
  EXPECT_EQ(AskRaw(Question(), {}).reason(), Number(Reason::kProtocol));
  EXPECT_EQ(AskRaw(Question(), {fd, fd}).reason(), Number(Reason::kProtocol));
  EXPECT_EQ(AskRaw(Question(), {fd}).reason(), 0U);
}

TEST_F(VerifydTest, RefusesGarbageWithoutAnyAuthority) {
  for (const std::string& bytes :
       {std::string("garbage"), std::string(rpc::kMaxFrameBytes, '\xff'), Question().substr(1)}) {
    const rpc::VerifyAnswer answer = AskRaw(bytes, {signed_.memory.fd()});
    EXPECT_EQ(answer.reason(), Number(Reason::kProtocol));
    EXPECT_EQ(answer.authorities_size(), 0);
  }
  EXPECT_TRUE(Works());
}

TEST_F(VerifydTest, OutlivesPeersThatGoAwayOrSendFramesOutOfBounds) {
  { const UniqueFd says_nothing = Connect(); }
  {
    const UniqueFd does_not_wait = Connect();
    ASSERT_THAT(rpc::Send(does_not_wait.get(), Question(), {signed_.memory.fd()}, Soon()), IsOk());
  }
  const UniqueFd too_long = Connect();
  const std::string bytes(rpc::kMaxFrameBytes + 1, 'x');
  ASSERT_EQ(write(too_long.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_THAT(rpc::Receive(too_long.get(), Soon()), FailsWith(Reason::kProtocol));
  EXPECT_TRUE(Works());
  EXPECT_GT(verifyd_.ReadyChild(), 0);
}

class DyingChildTest : public VerifydTest, public ::testing::WithParamInterface<int> {};

TEST_P(DyingChildTest, FailsItsOwnQuestionAndNoOther) {
  const testing::SlowQuestion slow;
  base::Result<VerifydAnswer> answer = base::Fail(Reason::kInternal, "not asked");
  const pid_t child = verifyd_.ReadyChild();
  ASSERT_GT(child, 0);
  std::jthread asking([&] { answer = Ask(slow.evidence, slow.rules); });
  ASSERT_TRUE(verifyd_.WaitForChildren(2));
  kill(child, GetParam());
  asking.join();
  EXPECT_THAT(answer, FailsWith(Reason::kWorkerFailed));
  EXPECT_TRUE(Works());
  EXPECT_GT(verifyd_.ReadyChild(), 0);
}

TEST_P(DyingChildTest, AnotherIsMadeReadyInItsPlace) {
  for (int i = 0; i < 3; ++i) {
    const pid_t child = verifyd_.ReadyChild();
    ASSERT_GT(child, 0);
    kill(child, GetParam());
    EXPECT_TRUE(Works());
  }
}

INSTANTIATE_TEST_SUITE_P(Deaths, DyingChildTest,
                         ::testing::Values(SIGKILL, SIGSEGV, SIGABRT, SIGTERM, SIGSTOP),
                         [](const auto& row) { return sigabbrev_np(row.param); });

TEST_F(VerifydTest, KillsAChildThatComputesTooLong) {
  const testing::SlowQuestion slow;
  EXPECT_THAT(Ask(slow.evidence, slow.rules), FailsWith(Reason::kWorkerFailed));
  EXPECT_TRUE(Works());
}

TEST_F(VerifydTest, KillsAChildWhosePeerIsSilent) {
  ASSERT_GT(verifyd_.ReadyChild(), 0);
  const auto start = std::chrono::steady_clock::now();
  const UniqueFd silent = Connect();
  ASSERT_TRUE(verifyd_.WaitForChildren(2));
  EXPECT_TRUE(Works()) << "beside it";
  EXPECT_THAT(rpc::Receive(silent.get(), Soon()), FailsWith(Reason::kProtocol));
  EXPECT_GE(std::chrono::steady_clock::now() - start, kChildTime - milliseconds(500));
  EXPECT_GT(verifyd_.ReadyChild(), 0);
}

TEST_F(VerifydTest, AnswersManyQuestionsAtOnce) {
  constexpr int kAtOnce = 200;
  const std::vector<policy::Authority> rules = {AuthorityFor(Signer())};
  std::atomic<int> proved = 0;
  std::vector<std::jthread> asking;
  for (int i = 0; i < kAtOnce; ++i) {
    asking.emplace_back([&] {
      const auto answer = Ask(signed_, rules);
      EXPECT_THAT(answer, IsOk());
      proved += answer.ok() && answer->proofs().size() == 1 ? 1 : 0;
    });
  }
  std::size_t most = 0;
  while (proved < kAtOnce && !HasFailure()) {
    most = std::max(most, verifyd_.Children().size());
  }
  for (std::jthread& thread : asking) {
    thread.join();
  }
  EXPECT_EQ(proved, kAtOnce);
  EXPECT_LE(most, MaxChildren(std::thread::hardware_concurrency()));
}

TEST_F(VerifydTest, KeepsNothingOfManyQuestions) {
  ASSERT_TRUE(Works());
  ASSERT_GT(verifyd_.ReadyChild(), 0);
  const std::ptrdiff_t before = testing::CountOpenDescriptors(verifyd_.pid());
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(Works());
  }
  EXPECT_GT(verifyd_.ReadyChild(), 0) << "zombies are children too";
  // Right after a fork it has the child's end of the pipe, too, for a moment.
  std::ptrdiff_t after = testing::CountOpenDescriptors(verifyd_.pid());
  for (const auto deadline = Soon(); after > before && !deadline.Passed();) {
    std::this_thread::sleep_for(milliseconds(1));
    after = testing::CountOpenDescriptors(verifyd_.pid());
  }
  EXPECT_LE(after, before);
}

TEST_F(VerifydTest, RunsWithoutRights) {
  ASSERT_TRUE(Works());
  const pid_t child = verifyd_.ReadyChild();
  ASSERT_GT(child, 0);
  for (const pid_t pid : {verifyd_.pid(), child}) {
    EXPECT_EQ(verifyd_.StatusLine(pid, "NoNewPrivs"), "NoNewPrivs:\t1");
    if (geteuid() == 0) {
      EXPECT_EQ(verifyd_.StatusLine(pid, "Uid"), "Uid:\t65530\t65530\t65530\t65530");
      EXPECT_EQ(verifyd_.StatusLine(pid, "Gid"), "Gid:\t65530\t65530\t65530\t65530");
      EXPECT_EQ(verifyd_.StatusLine(pid, "CapPrm"), "CapPrm:\t0000000000000000");
    }
  }
  EXPECT_EQ(verifyd_.StatusLine(verifyd_.pid(), "Threads"), "Threads:\t1");
  // It unblocks them when it has shut itself in.
  const auto deadline = Soon();
  while (verifyd_.StatusLine(child, "SigBlk") != "SigBlk:\t0000000000000000") {
    ASSERT_FALSE(deadline.Passed());
    std::this_thread::sleep_for(milliseconds(1));
  }
  if (kSealed) {
    EXPECT_EQ(verifyd_.Limit(child, "Max processes"), "0");
  }
}

TEST_F(VerifydTest, AChildThatReadsHasItsConnectionAlone) {
  const pid_t child = verifyd_.ReadyChild();
  ASSERT_GT(child, 0);
  const UniqueFd silent = Connect();
  ASSERT_TRUE(verifyd_.WaitForChildren(2));
  // The next one is ready because this one has closed the pipe, and before that the listener.
  constexpr std::ptrdiff_t kStandardAndConnection = 4;
  EXPECT_EQ(testing::CountOpenDescriptors(child), kStandardAndConnection);
}

TEST_F(VerifydTest, ChildrenThatCannotBeginAreNotForkedWithoutEnd) {
  // A child asks for more than that.
  const testing::VerifydProcess verifyd(kChildDescriptors - 1);
  const auto start = std::chrono::steady_clock::now();
  const auto deadline = Soon();
  while (verifyd.CountInLog("verify-child-died") < 5 && !deadline.Passed()) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  // One every tenth of a second.
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(300));
}

TEST_F(VerifydTest, EndsCleanlyWhenToldTo) {
  for (const int signal : {SIGTERM, SIGINT}) {
    testing::VerifydProcess verifyd;
    ASSERT_GT(verifyd.ReadyChild(), 0);
    const UniqueFd silent = rpc::Connect(verifyd.path(), Soon()).value();
    ASSERT_TRUE(verifyd.WaitForChildren(2));
    const std::vector<pid_t> children = verifyd.Children();
    verifyd.Signal(signal);
    EXPECT_EQ(verifyd.Wait(), 0);
    for (const pid_t child : children) {
      EXPECT_EQ(kill(child, 0), -1) << "a child is left";
    }
    EXPECT_THAT(rpc::Receive(silent.get(), Soon()), FailsWith(Reason::kProtocol));
    EXPECT_THAT(rpc::Connect(verifyd.path(), Soon()), FailsWith(Reason::kGateUnreachable));
  }
}

TEST_F(VerifydTest, ItsChildrenDieWithIt) {
  const UniqueFd silent = Connect();
  ASSERT_TRUE(verifyd_.WaitForChildren(2));
  const auto start = std::chrono::steady_clock::now();
  verifyd_.Signal(SIGKILL);
  verifyd_.Wait();
  EXPECT_THAT(rpc::Receive(silent.get(), Soon()), FailsWith(Reason::kProtocol));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kChildTime / 2);
}

TEST(MaxChildrenTest, IsTwiceTheProcessorsWithinBounds) {
  EXPECT_EQ(MaxChildren(0), 2U) << "the number of processors is not always known";
  EXPECT_EQ(MaxChildren(1), 2U);
  EXPECT_EQ(MaxChildren(4), 8U);
  EXPECT_EQ(MaxChildren(32), 64U);
  EXPECT_EQ(MaxChildren(33), 64U);
}

TEST(VerifydStartTest, NeedsItsSocketAndNoArguments) {
  constexpr int kUsage = 2;
  EXPECT_EQ(testing::RunVerifydWithoutSocket({}), kUsage);
  EXPECT_EQ(testing::RunVerifydWithoutSocket({"--listen", "/tmp/s"}), kUsage);
  EXPECT_EQ(testing::RunVerifydWithoutSocket({"--help"}), kUsage);
}

}  // namespace
}  // namespace sigward::worker
