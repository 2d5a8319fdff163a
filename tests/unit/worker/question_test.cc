#include "worker/verify/question.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/strict_json.h"
#include "result_matchers.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "signed_image.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::AuthorityFor;
using testing::ImageEvidence;
using testing::QuestionAbout;
using testing::SignedBy;
using testing::TestImage;
using testing::TestKey;

const TestKey& Signer() {
  return TestKey::Shared(verifier::KeyType::kEcdsaP256);
}

const EvidenceSet& Signed() {
  static const auto* const set = new EvidenceSet(SignedBy(Signer()));
  return *set;
}

rpc::VerifyAnswer Answer(const rpc::VerifyQuestion& question,
                         const EvidenceSet& evidence = Signed()) {
  const std::string bytes = AnswerQuestion(question.SerializeAsString(), evidence.memory.bytes());
  EXPECT_LE(bytes.size(), rpc::kMaxFrameBytes);
  rpc::VerifyAnswer answer;
  EXPECT_TRUE(answer.ParseFromString(bytes));
  return answer;
}

/// The reason's word, "" for an answer to the question itself.
std::string_view WordOf(const rpc::VerifyAnswer& answer) {
  return answer.reason() == 0 ? "" : base::ReasonWord(*base::ReasonFromNumber(answer.reason()));
}

TEST(QuestionTest, IsAnsweredForEachAuthority) {
  const rpc::VerifyAnswer answer =
      Answer(QuestionAbout(Signed(), {AuthorityFor(TestKey::Stranger()), AuthorityFor(Signer())}));
  EXPECT_EQ(WordOf(answer), "");
  EXPECT_EQ(answer.nonce(), std::string(kNonceBytes, 'n'));
  EXPECT_EQ(answer.digest(), TestImage().text());
  EXPECT_EQ(answer.signatures_seen(), 2U);
  ASSERT_EQ(answer.authorities_size(), 2);
  EXPECT_EQ(answer.authorities(0).reason(), static_cast<std::uint32_t>(Reason::kBadSignature));
  EXPECT_EQ(answer.authorities(1).reason(), 0U);
  EXPECT_EQ(answer.authorities(1).hash(), base::AsText(AuthorityFor(Signer()).id->bytes()));
  EXPECT_EQ(answer.authorities(1).subject(), TestImage().text());
  EXPECT_EQ(answer.authorities(1).proof_size(), 2);
}

struct Row {
  const char* name;
  bool is_good;
  std::function<void(rpc::VerifyQuestion&)> change;
};

class QuestionShapeTest : public ::testing::TestWithParam<Row> {};

TEST_P(QuestionShapeTest, IsCheckedWholeBeforeAnythingIsVerified) {
  rpc::VerifyQuestion question = QuestionAbout(Signed(), {AuthorityFor(Signer())});
  GetParam().change(question);
  const rpc::VerifyAnswer answer = Answer(question);
  EXPECT_EQ(WordOf(answer), GetParam().is_good ? "" : "protocol") << answer.detail();
  EXPECT_EQ(answer.authorities_size() > 0, GetParam().is_good);
  if (question.nonce().size() == kNonceBytes) {
    EXPECT_EQ(answer.nonce(), question.nonce()) << "even a refusal is bound to its question";
  }
}

/// KEY's PEM as it stands in a rule.
std::string Pem(const TestKey& key) {
  return base::Json(key.public_pem()).dump();
}

void Replace(rpc::VerifyQuestion& question, const std::string& what, const std::string& by) {
  std::string rule = question.authorities(0).rule();
  const std::size_t at = rule.find(what);
  ASSERT_NE(at, std::string::npos) << rule;
  question.mutable_authorities(0)->set_rule(rule.replace(at, what.size(), by));
}

void SetAuthorities(rpc::VerifyQuestion& question, const std::vector<policy::Authority>& rules) {
  *question.mutable_authorities() = QuestionAbout(Signed(), rules).authorities();
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, QuestionShapeTest,
    ::testing::Values(
        Row{"Good", true, [](rpc::VerifyQuestion&) {}},
        Row{"Empty", false, [](auto& question) { question.Clear(); }},
        Row{"NonceAbsent", false, [](auto& question) { question.clear_nonce(); }},
        Row{"NonceShort", false,
            [](auto& question) { question.set_nonce(std::string(kNonceBytes - 1, 'n')); }},
        Row{"NonceLong", false,
            [](auto& question) { question.set_nonce(std::string(kNonceBytes + 1, 'n')); }},
        Row{"DigestAbsent", false, [](auto& question) { question.clear_digest(); }},
        Row{"DigestMalformed", false, [](auto& question) { question.set_digest("sha256:00"); }},
        Row{"PlatformAbsent", true, [](auto& question) { question.clear_platform(); }},
        Row{"LongestPlatform", true,
            [](auto& question) {
              question.mutable_platform()->set_variant(std::string(kMaxPlatformText, 'v'));
            }},
        Row{"PlatformTooLong", false,
            [](auto& question) {
              question.mutable_platform()->set_variant(std::string(kMaxPlatformText + 1, 'v'));
            }},
        Row{"NoAuthorities", false, [](auto& question) { question.clear_authorities(); }},
        Row{"MostAuthorities", true,
            [](auto& question) {
              SetAuthorities(question, testing::StrangeAuthorities(kMaxAuthoritiesPerQuestion));
            }},
        Row{"OneAuthorityTooMany", false,
            [](auto& question) {
              SetAuthorities(question, testing::StrangeAuthorities(kMaxAuthoritiesPerQuestion + 1));
            }},
        Row{"AuthorityTwice", false,
            [](auto& question) {
              SetAuthorities(question, {AuthorityFor(Signer()), AuthorityFor(Signer())});
            }},
        Row{"SameKeyWithAnotherHash", true,
            [](auto& question) {
              SetAuthorities(question, {AuthorityFor(Signer()),
                                        AuthorityFor(Signer(), verifier::HashAlgorithm::kSha256)});
            }},
        Row{"KeyMalformed", false,
            [](auto& question) { Replace(question, Pem(Signer()), R"("key")"); }},
        Row{"KeyWeak", false,
            [](auto& question) { Replace(question, Pem(Signer()), Pem(TestKey::Rsa(1024))); }},
        Row{"HashOfAnotherKey", false,
            [](auto& question) { Replace(question, Pem(Signer()), Pem(TestKey::Stranger())); }},
        Row{"HashAbsent", false,
            [](auto& question) { question.mutable_authorities(0)->clear_hash(); }},
        Row{"HashOfAnotherAlgorithm", false,
            [](auto& question) { Replace(question, R"("pem")", R"("hash":"sha256","pem")"); }},
        Row{"AlgorithmUnknown", false,
            [](auto& question) { Replace(question, R"("pem")", R"("hash":"sha3","pem")"); }},
        Row{"RuleAbsent", false,
            [](auto& question) { question.mutable_authorities(0)->clear_rule(); }},
        Row{"RuleIsNoJson", false,
            [](auto& question) { question.mutable_authorities(0)->set_rule("{"); }},
        Row{"RuleIsStatic", false,
            [](auto& question) {
              question.mutable_authorities(0)->set_rule(
                  R"({"name":"a","static":{"action":"pass"}})");
            }},
        Row{"RuleOfAnotherName", true,
            [](auto& question) { Replace(question, R"("name":"key")", R"("name":"other")"); }},
        Row{"RuleDemandsLess", false,
            [](auto& question) {
              Replace(question, R"("name":"key")", R"("name":"key","signatureFormat":"bundle")");
            }},
        Row{"TrustRootMalformed", false,
            [](auto& question) { question.add_trust_roots()->set_json("{}"); }},
        Row{"NoObjects", true, [](auto& question) { question.clear_objects(); }},
        Row{"ObjectOutsideTheMemory", false,
            [](auto& question) { question.mutable_objects(0)->set_offset(1U << 30); }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(QuestionTest, IsRefusedWhenItIsNoMessage) {
  for (const std::string_view bytes : {"\xff\xff", "garbage", "\x0a\x20short"}) {
    rpc::VerifyAnswer answer;
    ASSERT_TRUE(answer.ParseFromString(AnswerQuestion(bytes, {})));
    EXPECT_EQ(WordOf(answer), "protocol");
    EXPECT_TRUE(answer.nonce().empty());
  }
}

TEST(QuestionTest, MayBeAsLongAsItsBoundAndNoLonger) {
  rpc::VerifyQuestion question = QuestionAbout(Signed(), {AuthorityFor(Signer())});
  std::string bytes = question.SerializeAsString();
  // A field that nobody knows fills it up: its tag, its length in 3 or 4 bytes, its bytes.
  const auto padded = [&](std::size_t size) {
    const std::size_t length = size - bytes.size() - 6;
    std::string out = bytes + "\xfa\x01";
    for (int i = 0; i < 3; ++i) {
      out += static_cast<char>((length >> (7 * i) & 0x7f) | 0x80);
    }
    out += static_cast<char>(length >> 21);
    return out.append(length, 'p');
  };
  rpc::VerifyAnswer answer;
  ASSERT_EQ(padded(kMaxQuestionBytes).size(), kMaxQuestionBytes);
  ASSERT_TRUE(
      answer.ParseFromString(AnswerQuestion(padded(kMaxQuestionBytes), Signed().memory.bytes())));
  EXPECT_EQ(WordOf(answer), "");
  ASSERT_TRUE(answer.ParseFromString(
      AnswerQuestion(padded(kMaxQuestionBytes + 1), Signed().memory.bytes())));
  EXPECT_EQ(WordOf(answer), "protocol");
}

TEST(QuestionTest, RefusalKeepsTheNonceAndTheReason) {
  const rpc::VerifyQuestion question = QuestionAbout(Signed(), {AuthorityFor(Signer())});
  rpc::VerifyAnswer answer;
  ASSERT_TRUE(answer.ParseFromString(
      RefuseQuestion(question.SerializeAsString(),
                     base::Fail(Reason::kTooLarge, "one\nline" + std::string(9999, 'x')))));
  EXPECT_EQ(answer.nonce(), question.nonce());
  EXPECT_EQ(WordOf(answer), "too-large");
  EXPECT_TRUE(answer.detail().starts_with("one?line"));
  EXPECT_LE(answer.detail().size(), kMaxAnswerText);
}

/// As many signatures as are looked at, each by a key of its own that is asked for twice (with the
/// default hash and with SHA-256 by name), so that everybody asked for has signed.
struct Crowd {
  explicit Crowd(verifier::DigestAlgorithm algorithm)
      : image(verifier::Digest::Of(base::AsBytes("crowded image"), algorithm)) {
    base::Json payload = testing::SimpleSigningFor(image.text());
    payload["critical"]["identity"]["docker-reference"] = std::string(3000, 'd');
    const std::string text = payload.dump();
    const auto blob = verifier::Digest::Of(base::AsBytes(text), algorithm);
    signatures.AddAs(blob, verifier::ObjectKind::kBlob, text);
    std::vector<base::Json> layers;
    for (std::size_t i = 0; i < verifier::kMaxSignatures; ++i) {
      const TestKey key = TestKey::Ec("P-256");
      rules.push_back(AuthorityFor(key));
      rules.push_back(AuthorityFor(key, verifier::HashAlgorithm::kSha256));
      layers.push_back(testing::LegacyLayer(text, testing::SignText(key, text)));
      layers.back()["digest"] = blob.text();
    }
    const std::string manifest = testing::ManifestOf(layers).dump();
    signatures.AddAs(verifier::Digest::Of(base::AsBytes(manifest), algorithm),
                     verifier::ObjectKind::kLegacyManifest, manifest, image);
  }

  rpc::VerifyAnswer Ask() const {
    const EvidenceSet set = testing::SetOf(signatures);
    rpc::VerifyQuestion question = QuestionAbout(set, rules);
    question.set_digest(image.text());
    return Answer(question, set);
  }

  verifier::Digest image;
  ImageEvidence signatures;
  std::vector<policy::Authority> rules;
};

TEST(QuestionTest, AnswerFitsIntoAFrameWhenEverybodyHasSigned) {
  const rpc::VerifyAnswer answer = Crowd(verifier::DigestAlgorithm::kSha256).Ask();
  EXPECT_EQ(WordOf(answer), "");
  ASSERT_EQ(static_cast<std::size_t>(answer.authorities_size()), kMaxAuthoritiesPerQuestion);
  for (const rpc::AuthorityAnswer& authority : answer.authorities()) {
    EXPECT_EQ(authority.reason(), 0U) << authority.detail();
    EXPECT_TRUE(authority.docker_reference().starts_with("ddd"));
  }
}

TEST(QuestionTest, AnswerThatDoesNotFitIntoAFrameIsARefusal) {
  const rpc::VerifyAnswer answer = Crowd(verifier::DigestAlgorithm::kSha512).Ask();
  EXPECT_EQ(WordOf(answer), "too-large");
  EXPECT_EQ(answer.authorities_size(), 0);
}

}  // namespace
}  // namespace sigward::worker
