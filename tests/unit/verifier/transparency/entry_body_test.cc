#include "verifier/transparency/entry_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "json_mutations.h"
#include "private_sigstore/logged_signature.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::Reason;
using sigward::testing::DsseBody;
using sigward::testing::FailsWith;
using sigward::testing::HashedRekordBody;
using sigward::testing::HashedRekordV002Body;
using sigward::testing::IntotoBody;
using sigward::testing::IsOk;
using sigward::testing::LoggedSignature;
using sigward::testing::Mutation;
using sigward::testing::MutationsOf;
using sigward::testing::PemOf;
using sigward::testing::TestKey;
using ::testing::UnorderedElementsAre;

constexpr const char* kInToto = "application/vnd.in-toto+json";

base::Status Check(const Json& body, EntryKind kind, const LoggedSignature& signature) {
  const std::string text = body.dump();
  return CheckEntryBody(base::AsBytes(text), kind, signature.content());
}

struct Kind {
  const char* name;
  EntryKind kind;
  Json (*body)(const LoggedSignature&);
  /// Empty for a message signature.
  const char* payload_type;
  bool certificate;
};

class EntryBodyTest : public ::testing::TestWithParam<Kind> {
 protected:
  EntryBodyTest() : signature_(Make("what is signed", TestKey::Shared(KeyType::kEcdsaP256))) {
    body_ = GetParam().body(signature_);
  }

  static LoggedSignature Make(const std::string& payload, const TestKey& key) {
    LoggedSignature signature = LoggedSignature::By(key, payload, GetParam().payload_type);
    if (GetParam().certificate) {
      signature.certificate = ByteBuffer(300, 0x30);
    }
    return signature;
  }
  static bool IsV002() { return GetParam().kind == EntryKind::kHashedRekordV002; }
  base::Status CheckBody(const Json& body) const {
    return Check(body, GetParam().kind, signature_);
  }
  base::Status CheckText(const std::string& text) const {
    return CheckEntryBody(base::AsBytes(text), GetParam().kind, signature_.content());
  }

  LoggedSignature signature_;
  Json body_;
};

TEST_P(EntryBodyTest, TheBodyOfTheSignatureIsAboutIt) {
  EXPECT_THAT(CheckBody(body_), IsOk());
}

TEST_P(EntryBodyTest, AnotherSignatureOfTheSameIsAnotherEntry) {
  // ECDSA gives another signature each time.
  const LoggedSignature again = Make(signature_.payload, TestKey::Shared(KeyType::kEcdsaP256));
  ASSERT_NE(again.signature, signature_.signature);
  EXPECT_THAT(Check(GetParam().body(again), GetParam().kind, signature_),
              FailsWith(Reason::kLogMismatch));
}

TEST_P(EntryBodyTest, EachPartIsComparedByItself) {
  LoggedSignature other = signature_;
  other.signature.back() ^= 1;
  EXPECT_THAT(CheckBody(GetParam().body(other)), FailsWith(Reason::kLogMismatch)) << "signature";
  other = signature_;
  other.payload += "!";
  EXPECT_THAT(CheckBody(GetParam().body(other)), FailsWith(Reason::kLogMismatch)) << "payload";
  other = signature_;
  if (other.certificate) {
    other.certificate->back() ^= 1;
    EXPECT_THAT(CheckBody(GetParam().body(other)), FailsWith(Reason::kLogMismatch)) << "cert";
    other.certificate->back() ^= 1;
    other.certificate->push_back(0);
  } else {
    other.spki = TestKey::Stranger().spki();
  }
  EXPECT_THAT(CheckBody(GetParam().body(other)), FailsWith(Reason::kLogMismatch)) << "key";
}

TEST_P(EntryBodyTest, AKeyIsNoCertificate) {
  LoggedSignature other = signature_;
  if (other.certificate) {
    other.certificate.reset();
  } else {
    other.certificate = other.spki;
  }
  EXPECT_THAT(CheckBody(GetParam().body(other)), FailsWith(Reason::kLogMismatch));
}

TEST_P(EntryBodyTest, KindAndVersionAreTheBodys) {
  for (const char* member : {"kind", "apiVersion"}) {
    Json other = body_;
    other[member] = "0.0.3";
    EXPECT_THAT(CheckBody(other), FailsWith(Reason::kLogMismatch)) << member;
  }
  for (const EntryKind kind : {EntryKind::kHashedRekordV001, EntryKind::kDsseV001,
                               EntryKind::kIntotoV002, EntryKind::kHashedRekordV002}) {
    EXPECT_EQ(Check(body_, kind, signature_).ok(), kind == GetParam().kind);
  }
}

TEST_P(EntryBodyTest, MessageSignaturesAndEnvelopesHaveKindsOfTheirOwn) {
  LoggedSignature other = LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload",
                                              signature_.payload_type.empty() ? kInToto : "");
  other.certificate = signature_.certificate;
  const base::Status status = Check(GetParam().body(other), GetParam().kind, other);
  EXPECT_THAT(status.ok(), IsV002());
  if (!IsV002()) {
    EXPECT_THAT(status, FailsWith(Reason::kLogMismatch));
  }
}

/// Every single fault is refused, but where the log says something that no evidence repeats.
TEST_P(EntryBodyTest, EveryFieldCounts) {
  std::size_t cases = 0;
  std::vector<std::string> passed;
  for (const Mutation& mutation : MutationsOf(body_)) {
    ++cases;
    if (CheckBody(mutation.document).ok()) {
      passed.push_back(mutation.name);
    }
  }
  EXPECT_GT(cases, 30U);
  if (GetParam().kind == EntryKind::kIntotoV002) {
    // The public log leaves it out.
    EXPECT_THAT(passed, UnorderedElementsAre("removed /spec/content/envelope/payload"));
  } else {
    EXPECT_THAT(passed, UnorderedElementsAre());
  }
}

TEST_P(EntryBodyTest, UnknownAndRepeatedMembersAreRefused) {
  std::function<void(Json&, const Json::json_pointer&)> add_everywhere =
      [&](Json& root, const Json::json_pointer& at) {
        if (root[at].is_object()) {
          Json other = root;
          other[at]["more"] = "x";
          EXPECT_THAT(CheckBody(other), FailsWith(Reason::kMalformed)) << at.to_string();
          for (const auto& member : root[at].items()) {
            Json copy = root;
            add_everywhere(copy, at / member.key());
          }
        } else if (root[at].is_array()) {
          add_everywhere(root, at / 0);
        }
      };
  add_everywhere(body_, Json::json_pointer());

  std::string text = body_.dump();
  const std::string kind = R"("kind":)" + body_["kind"].dump() + ",";
  text.insert(text.find(kind), kind);
  EXPECT_THAT(CheckText(text), FailsWith(Reason::kDuplicateKey));
}

TEST_P(EntryBodyTest, WhatIsNoEntryIsMalformed) {
  for (const char* text : {"", "null", "[]", "{}", "1", "\"x\"", "{", R"({"kind":1})"}) {
    EXPECT_THAT(CheckText(text), FailsWith(Reason::kMalformed)) << text;
  }
  const std::string text = body_.dump();
  EXPECT_THAT(CheckText(text + "x"), FailsWith(Reason::kMalformed));
  for (std::size_t i = 0; i < text.size(); i += 7) {
    EXPECT_FALSE(CheckText(text.substr(0, i)).ok()) << i;
  }
}

TEST_P(EntryBodyTest, OnlyRekorV2HasOneSpelling) {
  EXPECT_EQ(CheckText(body_.dump(1)).ok(), !IsV002());
  EXPECT_EQ(CheckText(body_.dump() + "\n").ok(), !IsV002());
}

TEST_P(EntryBodyTest, BodiesAreBounded) {
  const std::string text = body_.dump();
  const std::string filled = text + std::string(kMaxEntryBodyBytes - text.size(), ' ');
  if (IsV002()) {
    EXPECT_THAT(CheckText(filled), FailsWith(Reason::kMalformed));
  } else {
    EXPECT_THAT(CheckText(filled), IsOk());
  }
  EXPECT_THAT(CheckText(filled + " "), FailsWith(Reason::kTooLarge));
}

TEST_P(EntryBodyTest, ValuesAreBounded) {
  // The object and its member "more" are two values, the rest stand in the array.
  const auto with = [&](std::size_t values) {
    Json many = {{"more", Json::array()}};
    for (std::size_t i = 2; i < values; ++i) {
      many["more"].push_back(1);
    }
    return CheckText(many.dump());
  };
  EXPECT_THAT(with(kMaxEntryBodyValues), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with(kMaxEntryBodyValues + 1), FailsWith(Reason::kTooLarge));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EntryBodyTest,
    ::testing::Values(
        Kind{"HashedRekord", EntryKind::kHashedRekordV001, HashedRekordBody, "", true},
        Kind{"HashedRekordByKey", EntryKind::kHashedRekordV001, HashedRekordBody, "", false},
        Kind{"Dsse", EntryKind::kDsseV001, DsseBody, kInToto, true},
        Kind{"DsseByKey", EntryKind::kDsseV001, DsseBody, kInToto, false},
        Kind{"Intoto", EntryKind::kIntotoV002, IntotoBody, kInToto, true},
        Kind{"IntotoByKey", EntryKind::kIntotoV002, IntotoBody, kInToto, false},
        Kind{"V002", EntryKind::kHashedRekordV002, HashedRekordV002Body, "", true},
        Kind{"V002ByKey", EntryKind::kHashedRekordV002, HashedRekordV002Body, "", false},
        Kind{"V002OfEnvelope", EntryKind::kHashedRekordV002, HashedRekordV002Body, kInToto, true}),
    [](const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; });

LoggedSignature MessageBy(KeyType type) {
  return LoggedSignature::By(TestKey::Shared(type), "message");
}

TEST(EntryPemTest, ExactlyOneBlockOfTheRightKindStandsThere) {
  LoggedSignature signature = MessageBy(KeyType::kEcdsaP256);
  const auto with = [&](const std::string& pem) {
    Json body = HashedRekordBody(signature);
    body["spec"]["signature"]["publicKey"]["content"] = base::EncodeBase64(base::AsBytes(pem));
    return Check(body, EntryKind::kHashedRekordV001, signature);
  };
  const std::string good = PemOf("PUBLIC KEY", signature.spki);
  EXPECT_THAT(with(good), IsOk());
  EXPECT_THAT(with(good + good), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with(good + "x"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with("x" + good), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with(""), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with(PemOf("CERTIFICATE", signature.spki)), FailsWith(Reason::kLogMismatch));
  EXPECT_THAT(with(PemOf("RSA PUBLIC KEY", signature.spki)), FailsWith(Reason::kLogMismatch));

  EXPECT_THAT(with(good + std::string(kMaxEntryPem - good.size(), '\n')), IsOk());
  EXPECT_THAT(with(good + std::string(kMaxEntryPem - good.size() + 1, '\n')),
              FailsWith(Reason::kTooLarge));
}

TEST(EntrySignaturesTest, ExactlyOneStandsInAnEntryOfAnEnvelope) {
  const LoggedSignature signature =
      LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload", kInToto);
  Json dsse = DsseBody(signature);
  Json& signatures = dsse["spec"]["signatures"];
  signatures.push_back(signatures[0]);
  EXPECT_THAT(Check(dsse, EntryKind::kDsseV001, signature), FailsWith(Reason::kMalformed));
  signatures = Json::array();
  EXPECT_THAT(Check(dsse, EntryKind::kDsseV001, signature), FailsWith(Reason::kMalformed));

  Json intoto = IntotoBody(signature);
  Json& sigs = intoto["spec"]["content"]["envelope"]["signatures"];
  sigs[0]["keyid"] = "";
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), IsOk());
  sigs[0]["keyid"] = 1;
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kMalformed));
  sigs[0].erase("keyid");
  sigs.push_back(sigs[0]);
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kMalformed));
  sigs = Json::array();
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kMalformed));
}

TEST(EntrySignaturesTest, AnIntotoSignatureIsEncodedTwice) {
  const LoggedSignature signature =
      LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload", kInToto);
  Json intoto = IntotoBody(signature);
  intoto["spec"]["content"]["envelope"]["signatures"][0]["sig"] =
      base::EncodeBase64(signature.signature);
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kLogMismatch));
}

TEST(EntryEnvelopeTest, ThePayloadsHashIsComparedByItself) {
  const LoggedSignature signature =
      LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload", kInToto);
  LoggedSignature other = signature;
  other.payload = "another payload";
  Json intoto = IntotoBody(signature);
  Json& content = intoto["spec"]["content"];
  content["payloadHash"] = IntotoBody(other)["spec"]["content"]["payloadHash"];
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kLogMismatch));
  // As the public log has it.
  content["envelope"].erase("payload");
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), FailsWith(Reason::kLogMismatch));
  content["payloadHash"] = IntotoBody(signature)["spec"]["content"]["payloadHash"];
  EXPECT_THAT(Check(intoto, EntryKind::kIntotoV002, signature), IsOk());
}

TEST(EntryEnvelopeTest, ItsHashIsComparedWhereItsBytesAreKnown) {
  const LoggedSignature signature =
      LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "payload", kInToto);
  const std::string sent = signature.envelope_sent();
  const std::string other = sent + " ";
  const struct {
    EntryKind kind;
    Json body;
  } kBodies[] = {{EntryKind::kDsseV001, DsseBody(signature)},
                 {EntryKind::kIntotoV002, IntotoBody(signature)}};
  for (const auto& entry : kBodies) {
    const std::string text = entry.body.dump();
    LoggedContent content = signature.content();
    std::get<LoggedEnvelope>(content.subject).blob = base::AsBytes(sent);
    EXPECT_THAT(CheckEntryBody(base::AsBytes(text), entry.kind, content), IsOk());
    std::get<LoggedEnvelope>(content.subject).blob = base::AsBytes(other);
    EXPECT_THAT(CheckEntryBody(base::AsBytes(text), entry.kind, content),
                FailsWith(Reason::kLogMismatch));
  }
}

TEST(EntryDigestTest, IsComparedByTheAlgorithmThatTheEntryNames) {
  const LoggedSignature signature = MessageBy(KeyType::kEcdsaP256);
  const auto with = [&](const char* algorithm, const ByteBuffer& digest) {
    Json body = HashedRekordBody(signature);
    body["spec"]["data"]["hash"] = {{"algorithm", algorithm}, {"value", base::EncodeHex(digest)}};
    return Check(body, EntryKind::kHashedRekordV001, signature);
  };
  EXPECT_THAT(with("sha256", signature.sha256), IsOk());
  EXPECT_THAT(with("sha384", signature.sha384), IsOk());
  EXPECT_THAT(with("sha512", signature.sha512), IsOk());
  EXPECT_THAT(with("sha512", signature.sha384), FailsWith(Reason::kLogMismatch));
  EXPECT_THAT(with("sha224", signature.sha256), FailsWith(Reason::kUnsupportedAlgorithm));
  EXPECT_THAT(with("SHA256", signature.sha256), FailsWith(Reason::kUnsupportedAlgorithm));
  EXPECT_THAT(with("sha1", signature.sha256), FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(EntryDigestTest, IsNotComparedByAnAlgorithmThatTheEvidenceLacks) {
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384}) {
    const LoggedSignature signature = MessageBy(type);
    LoggedContent content = signature.content();
    std::get<LoggedArtifact>(content.subject).digests = {
        {HashAlgorithm::kSha256, signature.sha256}};
    const std::string text = HashedRekordV002Body(signature).dump();
    const base::Status status =
        CheckEntryBody(base::AsBytes(text), EntryKind::kHashedRekordV002, content);
    EXPECT_EQ(status.ok(), type == KeyType::kEcdsaP256);
    if (type == KeyType::kEcdsaP384) {
      EXPECT_THAT(status, FailsWith(Reason::kUnsupportedAlgorithm));
    }
  }
}

TEST(EntryKeyDetailsTest, FollowTheKey) {
  for (const KeyType type :
       {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521, KeyType::kRsa}) {
    const LoggedSignature signature = MessageBy(type);
    Json body = HashedRekordV002Body(signature);
    EXPECT_THAT(Check(body, EntryKind::kHashedRekordV002, signature), IsOk());
    body["spec"]["hashedRekordV002"]["signature"]["verifier"]["keyDetails"] = "PKIX_ED25519";
    EXPECT_THAT(Check(body, EntryKind::kHashedRekordV002, signature),
                FailsWith(Reason::kLogMismatch));
  }
  const LoggedSignature rsa3072 = LoggedSignature::By(TestKey::Rsa(3072), "message");
  EXPECT_THAT(Check(HashedRekordV002Body(rsa3072), EntryKind::kHashedRekordV002, rsa3072), IsOk());
}

TEST(EntryKeyDetailsTest, KeysWhoseSignaturesRekorV2DoesNotTakeAreUnsupported) {
  // What Rekor v2 logs of Ed25519 is its pre-hashed form, which is not verified here.
  const LoggedSignature ed25519 = MessageBy(KeyType::kEd25519);
  EXPECT_THAT(Check(HashedRekordV002Body(ed25519), EntryKind::kHashedRekordV002, ed25519),
              FailsWith(Reason::kUnsupportedAlgorithm));
  const LoggedSignature rsa2056 = LoggedSignature::By(TestKey::Rsa(2056), "message");
  EXPECT_THAT(Check(HashedRekordV002Body(rsa2056), EntryKind::kHashedRekordV002, rsa2056),
              FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(EntryKindTest, OtherKindsAreNotRead) {
  EXPECT_THAT(ParseEntryKind("hashedrekord", "0.0.1"), IsOk());
  EXPECT_THAT(ParseEntryKind("hashedrekord", "0.0.2"), IsOk());
  EXPECT_THAT(ParseEntryKind("dsse", "0.0.1"), IsOk());
  EXPECT_THAT(ParseEntryKind("intoto", "0.0.2"), IsOk());
  const struct {
    const char* kind;
    const char* version;
  } kOthers[] = {{"intoto", "0.0.1"},
                 {"rekord", "0.0.1"},
                 {"dsse", "0.0.2"},
                 {"hashedrekord", "0.0.3"},
                 {"", ""},
                 {"hashedrekord", ""},
                 {"Dsse", "0.0.1"},
                 {"tuf", "0.0.1"},
                 {"dsse ", "0.0.1"}};
  for (const auto& other : kOthers) {
    EXPECT_THAT(ParseEntryKind(other.kind, other.version), FailsWith(Reason::kUnsupportedFormat))
        << other.kind << " " << other.version;
  }
}

}  // namespace
}  // namespace sigward::verifier
