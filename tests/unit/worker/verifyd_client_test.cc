#include "worker/client/verifyd_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "open_descriptors.h"
#include "result_matchers.h"
#include "rpc/long_message.h"
#include "rpc/worker.pb.h"
#include "scripted_worker.h"
#include "signed_image.h"
#include "temp_folder.h"
#include "worker/verify/question.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using testing::AuthorityFor;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ScriptedWorker;
using testing::Soon;
using testing::TestKey;

constexpr std::uint32_t kNoReason = 200;

const TestKey& Signer() {
  return TestKey::Shared(verifier::KeyType::kEcdsaP256);
}

const EvidenceSet& Signed() {
  static const auto* const set = new EvidenceSet(testing::SignedBy(Signer()));
  return *set;
}

/// Two authorities: the first has signed, the second has not.
const std::vector<policy::Authority>& Rules() {
  static const auto* const rules =
      new std::vector<policy::Authority>{AuthorityFor(Signer()), AuthorityFor(TestKey::Stranger())};
  return *rules;
}

/// Answers truly, then as CHANGE makes of it.
void AnswerChanged(int connection, const std::function<void(rpc::VerifyAnswer&)>& change) {
  auto question = rpc::ReceiveMessage(connection, kMaxQuestionBytes, Soon());
  if (!question.ok() || question->descriptors().size() != 1) {
    ADD_FAILURE() << "no question with its evidence";
    return;
  }
  const auto evidence = base::SealedMemory::Open(std::move(question->descriptors().front()),
                                                 verifier::kMaxEvidenceBytes);
  ASSERT_THAT(evidence, IsOk());
  rpc::VerifyAnswer answer;
  ASSERT_TRUE(answer.ParseFromString(AnswerQuestion(question->bytes(), evidence->bytes())));
  change(answer);
  (void)rpc::SendMessage(connection, answer.SerializeAsString(), {}, Soon());
}

class VerifydClientTest : public ::testing::Test {
 protected:
  base::Result<VerifydAnswer> Ask(const std::vector<policy::Authority>& rules = Rules(),
                                  const Deadline& deadline = Soon()) {
    return VerifydClient(path_).Verify(testing::TestImage(), testing::LinuxAmd64(), Signed(),
                                       testing::Asking(rules), deadline);
  }
  base::Result<VerifydAnswer> AskOneWhoAnswers(
      const std::function<void(rpc::VerifyAnswer&)>& change) {
    const ScriptedWorker worker(path_, [&](int connection) { AnswerChanged(connection, change); });
    return Ask();
  }

  testing::TempFolder folder_;
  std::string path_ = folder_ / "verifyd.sock";
};

TEST_F(VerifydClientTest, TakesATrueAnswer) {
  const auto answer = AskOneWhoAnswers([](rpc::VerifyAnswer&) {});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->proofs().size(), 1U);
  const policy::Proof& proof = answer->proofs().front();
  EXPECT_EQ(proof.image(), testing::TestImage());
  EXPECT_EQ(proof.authority(), Rules()[0].id);
  EXPECT_EQ(proof.evidence(), answer->used().front());
  EXPECT_EQ(answer->used().size(), 2U) << "the signature's manifest and its layer";
  ASSERT_EQ(answer->failures().size(), 1U);
  EXPECT_EQ(answer->failures().begin()->first, Rules()[1].id);
  EXPECT_EQ(answer->failures().begin()->second.reason, Reason::kBadSignature);
  EXPECT_EQ(answer->signatures_seen(), 2U);
}

struct Lie {
  const char* name;
  std::function<void(rpc::VerifyAnswer&)> change;
  Reason reason = Reason::kWorkerFailed;
};

class LyingVerifydTest : public VerifydClientTest, public ::testing::WithParamInterface<Lie> {};

TEST_P(LyingVerifydTest, ProvesNothing) {
  EXPECT_THAT(AskOneWhoAnswers(GetParam().change), FailsWith(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Lies, LyingVerifydTest,
    ::testing::Values(
        Lie{"NonceOfAnother",
            [](auto& answer) { answer.set_nonce(std::string(kNonceBytes, 'x')); }},
        Lie{"NonceWithOneBitFlipped",
            [](auto& answer) {
              char& last = answer.mutable_nonce()->back();
              last = static_cast<char>(last ^ 1);
            }},
        Lie{"NonceAbsent", [](auto& answer) { answer.clear_nonce(); }},
        Lie{"NonceCut", [](auto& answer) { answer.mutable_nonce()->pop_back(); }},
        Lie{"AnotherImage",
            [](auto& answer) { answer.set_digest("sha256:" + std::string(64, 'a')); }},
        Lie{"NoImage", [](auto& answer) { answer.clear_digest(); }},
        Lie{"NoAuthority", [](auto& answer) { answer.clear_authorities(); }},
        Lie{"OneAuthorityMissing",
            [](auto& answer) { answer.mutable_authorities()->RemoveLast(); }},
        Lie{"OneAuthorityTwice",
            [](auto& answer) { *answer.add_authorities() = answer.authorities(0); }},
        Lie{"OneInPlaceOfTheOther",
            [](auto& answer) { *answer.mutable_authorities(1) = answer.authorities(0); }},
        Lie{"AuthorityNotAskedFor",
            [](auto& answer) { answer.mutable_authorities(1)->set_hash(std::string(32, 'h')); }},
        Lie{"AuthorityWithoutHash",
            [](auto& answer) { answer.mutable_authorities(1)->clear_hash(); }},
        Lie{"ReasonUnknown",
            [](auto& answer) { answer.mutable_authorities(1)->set_reason(kNoReason); }},
        Lie{"VerifiedByAbsence",
            [](auto& answer) { answer.mutable_authorities(1)->clear_reason(); }},
        Lie{"FormatAbsent", [](auto& answer) { answer.mutable_authorities(0)->clear_format(); }},
        Lie{"FormatUnknown", [](auto& answer) { answer.mutable_authorities(0)->set_format(3); }},
        Lie{"SubjectAbsent", [](auto& answer) { answer.mutable_authorities(0)->clear_subject(); }},
        Lie{"SubjectMalformed",
            [](auto& answer) { answer.mutable_authorities(0)->set_subject("latest"); }},
        Lie{"ProofAbsent", [](auto& answer) { answer.mutable_authorities(0)->clear_proof(); }},
        Lie{"ProofMalformed",
            [](auto& answer) { answer.mutable_authorities(0)->set_proof(0, "sha256:00"); }},
        Lie{"ProofThatWasNotSent",
            [](auto& answer) {
              answer.mutable_authorities(0)->set_proof(1, "sha256:" + std::string(64, 'a'));
            }},
        Lie{"ProofTooLong",
            [](auto& answer) {
              auto& proven = *answer.mutable_authorities(0);
              while (static_cast<std::size_t>(proven.proof_size()) <= kMaxProofObjects) {
                proven.add_proof(proven.proof(0));
              }
            }},
        Lie{"TooManySignatures",
            [](auto& answer) { answer.set_signatures_seen(verifier::kMaxSignatures + 1); }},
        Lie{"RefusalUnknown", [](auto& answer) { answer.set_reason(kNoReason); }},
        Lie{"RefusalBesideProofs",
            [](auto& answer) { answer.set_reason(static_cast<std::uint32_t>(Reason::kTooLarge)); },
            Reason::kTooLarge},
        Lie{"RefusalOfAnotherQuestion",
            [](auto& answer) {
              answer.set_reason(static_cast<std::uint32_t>(Reason::kNoSignature));
              answer.clear_nonce();
            }},
        Lie{"LongerThanAFrame",
            [](auto& answer) { answer.set_detail(std::string(rpc::kMaxFrameBytes, 'd')); },
            Reason::kProtocol}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(VerifydClientTest, TakesTheBoundsThemselves) {
  EXPECT_THAT(AskOneWhoAnswers([](rpc::VerifyAnswer& answer) {
                answer.set_signatures_seen(verifier::kMaxSignatures);
                answer.mutable_authorities(0)->add_proof(answer.authorities(0).proof(0));
              }),
              IsOk());
}

TEST_F(VerifydClientTest, MakesForeignTextFitForOneLine) {
  const auto answer = AskOneWhoAnswers([](rpc::VerifyAnswer& said) {
    said.mutable_authorities(0)->set_docker_reference("a\nb" + std::string(9999, 'x'));
    said.mutable_authorities(1)->set_detail("c\x1b[2J");
  });
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->proofs().front().docker_reference().starts_with("a?b"));
  EXPECT_LE(answer->proofs().front().docker_reference().size(), kMaxAnswerText);
  EXPECT_EQ(answer->failures().begin()->second.detail, "c?[2J");
}

TEST_F(VerifydClientTest, AsksWithAnotherNonceEachTime) {
  std::set<std::string> nonces;
  const ScriptedWorker worker(path_, [&](int connection) {
    AnswerChanged(connection, [&](rpc::VerifyAnswer& answer) { nonces.insert(answer.nonce()); });
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Ask(), IsOk());
  }
  EXPECT_EQ(nonces.size(), 5U);
  for (const std::string& nonce : nonces) {
    EXPECT_EQ(nonce.size(), kNonceBytes);
  }
}

TEST_F(VerifydClientTest, FailsWithoutAWorker) {
  const std::ptrdiff_t before = testing::CountOpenDescriptors();
  EXPECT_THAT(Ask(), FailsWith(Reason::kWorkerFailed));
  EXPECT_EQ(testing::CountOpenDescriptors(), before);
}

TEST_F(VerifydClientTest, FailsWhenTheWorkerGoesAway) {
  // Before the question is read, after it, and half-way through an answer of another kind.
  const std::vector<std::function<void(int)>> scripts = {
      [](int) {}, [](int connection) { (void)rpc::Receive(connection, Soon()); },
      [](int connection) {
        (void)rpc::Receive(connection, Soon());
        (void)rpc::Send(connection, "not a message", {}, Soon());
      }};
  for (const auto& script : scripts) {
    const std::ptrdiff_t before = testing::CountOpenDescriptors();
    {
      const ScriptedWorker worker(path_, script);
      EXPECT_THAT(Ask(), FailsWith(Reason::kWorkerFailed));
    }
    EXPECT_EQ(testing::CountOpenDescriptors(), before);
  }
}

TEST_F(VerifydClientTest, WaitsOnlyUntilTheDeadline) {
  const ScriptedWorker worker(path_, [](int connection) {
    (void)rpc::Receive(connection, Soon());
    (void)rpc::Receive(connection, Soon());  // until the client has given up
  });
  EXPECT_THAT(Ask(Rules(), Deadline::After(std::chrono::milliseconds(50))),
              FailsWith(Reason::kTimeout));
}

TEST_F(VerifydClientTest, AsksAboutAsManyAuthoritiesAsMayBeAndNotOneMore) {
  const ScriptedWorker worker(
      path_, [](int connection) { AnswerChanged(connection, [](rpc::VerifyAnswer&) {}); });
  auto rules = testing::StrangeAuthorities(kMaxAuthoritiesPerQuestion);
  const auto answer = Ask(rules);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->failures().size(), kMaxAuthoritiesPerQuestion);
  rules.push_back(AuthorityFor(Signer()));
  EXPECT_THAT(Ask(rules), FailsWith(Reason::kTooLarge));
}

TEST_F(VerifydClientTest, AsksNothingAboutNobody) {
  const auto answer = Ask({});
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(answer->proofs(), IsEmpty());
  EXPECT_THAT(answer->failures(), IsEmpty());
}

}  // namespace
}  // namespace sigward::worker
