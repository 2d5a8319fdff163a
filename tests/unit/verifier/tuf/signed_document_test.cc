// Keys, signatures and thresholds of one file.

#include "verifier/tuf/signed_document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "result_matchers.h"
#include "tuf/tuf_repository.h"

namespace sigward::verifier::tuf {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::Refuses;
using sigward::testing::TestKey;
using Repository = sigward::testing::TufRepository;

std::shared_ptr<const PublicKey> Read(const Json& key) {
  return ReadKey(base::JsonFields::Of(key, "key").value()).value();
}

const Json kContent = {{"a", "b"}};

KeyRing Ring(const std::vector<std::string>& names) {
  KeyRing ring;
  for (const std::string& name : names) {
    ring[Repository::KeyId(name)] = Read(Repository::KeyJson(name));
  }
  return ring;
}

RoleRule Rule(const std::vector<std::string>& names, std::uint64_t threshold) {
  RoleRule rule;
  for (const std::string& name : names) {
    rule.key_ids.push_back(Repository::KeyId(name));
  }
  rule.threshold = threshold;
  return rule;
}

base::Result<SignedDocument> Parse(const std::string& text, std::size_t max = kMaxRootBytes) {
  return SignedDocument::Parse(base::AsBytes(text), max, "f.json");
}

base::Status Verify(const std::string& text, const KeyRing& keys, const RoleRule& rule) {
  SIGWARD_ASSIGN_OR_RETURN(const SignedDocument document, Parse(text));
  SIGWARD_ASSIGN_OR_RETURN(const VerifiedDocument verified, document.VerifyBy(keys, rule));
  return verified.content() == kContent ? base::Ok()
                                        : base::Fail(Reason::kInternal, "other content");
}

TEST(SignedDocumentTest, CountsDifferentKeysOfTheRole) {
  const KeyRing keys = Ring({"a", "b2", "c"});
  const RoleRule rule = Rule({"a", "b2"}, 2);
  EXPECT_THAT(Verify(Repository::Sign(kContent, {"a", "b2"}), keys, rule), IsOk());
  EXPECT_THAT(Verify(Repository::Sign(kContent, {"c", "b2", "a"}), keys, rule), IsOk());
  EXPECT_THAT(
      Verify(Repository::Sign(kContent, {"a"}), keys, rule),
      Refuses(Reason::kBadSignature, "f.json is signed by 1 of the 2 keys that its role takes"));
  // c is a key of the file, but not of the role.
  EXPECT_THAT(Verify(Repository::Sign(kContent, {"a", "c"}), keys, rule),
              FailsWith(Reason::kBadSignature));
  EXPECT_THAT(Verify(Repository::Sign(kContent, {}), keys, rule), FailsWith(Reason::kBadSignature));
}

TEST(SignedDocumentTest, AThresholdOfNoneIsNeverMet) {
  EXPECT_THAT(Verify(Repository::Sign(kContent, {"a"}), Ring({"a"}), Rule({"a"}, 0)),
              FailsWith(Reason::kBadSignature));
}

TEST(SignedDocumentTest, OneKeyUnderTwoIdsCountsOnce) {
  KeyRing keys = Ring({"a"});
  keys["other"] = keys.begin()->second;
  RoleRule rule = Rule({"a"}, 2);
  rule.key_ids.emplace_back("other");
  Json document = Json::parse(Repository::Sign(kContent, {"a", "a"}));
  document["signatures"][1]["keyid"] = "other";
  EXPECT_THAT(Verify(document.dump(), keys, rule), FailsWith(Reason::kBadSignature));
  rule.threshold = 1;
  EXPECT_THAT(Verify(document.dump(), keys, rule), IsOk());
}

TEST(SignedDocumentTest, RsaSignsByPssAlone) {
  const KeyRing keys = Ring({"rsa", "b2"});
  const RoleRule rule = Rule({"rsa", "b2"}, 2);
  Json document = Json::parse(Repository::Sign(kContent, {"rsa", "b2"}));
  EXPECT_THAT(Verify(document.dump(), keys, rule), IsOk());
  const std::string canonical = kContent.dump();
  document["signatures"][0]["sig"] =
      base::EncodeHex(Repository::Key("rsa").Sign(base::AsBytes(canonical)));
  EXPECT_THAT(Verify(document.dump(), keys, rule), FailsWith(Reason::kBadSignature));
}

TEST(SignedDocumentTest, OneKeyInTwoSpellingsCountsOnce) {
  Json pkcs1 = Repository::KeyJson("rsa");
  const base::ByteBuffer spki = Repository::Key("rsa").spki();
  // The key itself follows the 24 bytes that a SubjectPublicKeyInfo of RSA-2048 begins with.
  constexpr std::size_t kHead = 24;
  pkcs1["keyval"]["public"] =
      sigward::testing::PemOf("RSA PUBLIC KEY", base::ByteView(spki).subspan(kHead));
  KeyRing keys = Ring({"rsa"});
  keys["other"] = Read(pkcs1);
  ASSERT_NE(keys["other"], nullptr);
  RoleRule rule = Rule({"rsa"}, 2);
  rule.key_ids.emplace_back("other");
  Json document = Json::parse(Repository::Sign(kContent, {"rsa", "rsa"}));
  document["signatures"][1]["keyid"] = "other";
  EXPECT_THAT(Verify(document.dump(), keys, rule),
              Refuses(Reason::kBadSignature, "signed by 1 of the 2"));
}

TEST(SignedDocumentTest, OneKeyIdSignsOnce) {
  EXPECT_THAT(Parse(Repository::Sign(kContent, {"a", "a"})),
              Refuses(Reason::kMalformed, "f.json has two signatures by key id id-of-a"));
}

TEST(SignedDocumentTest, ASignatureUnderAnotherKeysIdCountsNothing) {
  Json document = Json::parse(Repository::Sign(kContent, {"a", "b2"}));
  std::swap(document["signatures"][0]["keyid"], document["signatures"][1]["keyid"]);
  EXPECT_THAT(Verify(document.dump(), Ring({"a", "b2"}), Rule({"a", "b2"}, 1)),
              FailsWith(Reason::kBadSignature));
}

TEST(SignedDocumentTest, BrokenSignaturesCountNothing) {
  for (const char* text : {"", "0", "zz", "30", "3006020101020101"}) {
    Json document = Json::parse(Repository::Sign(kContent, {"a", "b2"}));
    document["signatures"][0]["sig"] = text;
    EXPECT_THAT(Verify(document.dump(), Ring({"a", "b2"}), Rule({"a", "b2"}, 1)), IsOk()) << text;
    EXPECT_THAT(Verify(document.dump(), Ring({"a", "b2"}), Rule({"a", "b2"}, 2)),
                FailsWith(Reason::kBadSignature))
        << text;
  }
}

TEST(SignedDocumentTest, KeysThatCannotBeUsedAreToldOf) {
  KeyRing keys = Ring({"a"});
  keys["weak"] = nullptr;
  RoleRule rule = Rule({"a", "gone"}, 2);
  rule.key_ids.emplace_back("weak");
  EXPECT_THAT(
      Verify(Repository::Sign(kContent, {"a"}), keys, rule),
      Refuses(Reason::kBadSignature,
              "signed by 1 of the 2 keys that its role takes; 2 of the role's keys are not "));
}

TEST(SignedDocumentTest, IsNoOtherShape) {
  for (const char* text :
       {"", "[]", "{}", R"({"signed":{}})", R"({"signatures":[]})",
        R"({"signatures":{},"signed":{}})", R"({"signatures":[],"signed":[]})",
        R"({"signatures":[1],"signed":{}})", R"({"signatures":[{"keyid":"a"}],"signed":{}})",
        R"({"signatures":[{"keyid":1,"sig":""}],"signed":{}})",
        R"({"signatures":[],"signed":{"a":0.5}})",
        R"({"signatures":[],"signed":{}} )"
        "x"}) {
    EXPECT_THAT(Parse(text), FailsWith(Reason::kMalformed)) << text;
  }
  EXPECT_THAT(Parse(R"({"signatures":[],"signed":{"a":1,"a":1}})"),
              FailsWith(Reason::kDuplicateKey));
}

TEST(SignedDocumentTest, IsBounded) {
  const std::string text = Repository::Sign(kContent, {});
  EXPECT_THAT(Parse(text, text.size()), IsOk());
  EXPECT_THAT(Parse(text, text.size() - 1), FailsWith(Reason::kTooLarge));

  Json document = Json::parse(text);
  for (std::size_t i = 0; i < kMaxSignatures; ++i) {
    document["signatures"].push_back({{"keyid", std::to_string(i)}, {"sig", ""}});
  }
  EXPECT_THAT(Parse(document.dump()), IsOk());
  document["signatures"].push_back({{"keyid", "one more"}, {"sig", ""}});
  EXPECT_THAT(Parse(document.dump()), FailsWith(Reason::kTooLarge));
}

TEST(TufKeyTest, ReadsEachKind) {
  for (const char* type : {"ecdsa", "ecdsa-sha2-nistp256"}) {
    Json key = Repository::KeyJson("a");
    key["keytype"] = type;
    ASSERT_NE(Read(key), nullptr) << type;
    EXPECT_EQ(Read(key)->type(), KeyType::kEcdsaP256);
    // The old form: the point, last in the key's DER.
    constexpr std::size_t kPoint = 65;
    const base::ByteBuffer spki = Repository::Key("a").spki();
    key["keyval"]["public"] = base::EncodeHex(base::ByteView(spki).last(kPoint));
    ASSERT_NE(Read(key), nullptr) << type;
    EXPECT_EQ(Read(key)->spki(), spki);
  }
  ASSERT_NE(Read(Repository::KeyJson("b2")), nullptr);
  EXPECT_EQ(Read(Repository::KeyJson("b2"))->spki(), Repository::Key("b2").spki());
  ASSERT_NE(Read(Repository::KeyJson("rsa")), nullptr);
  EXPECT_EQ(Read(Repository::KeyJson("rsa"))->spki(), Repository::Key("rsa").spki());
}

TEST(TufKeyTest, OtherKindsAreNoKeys) {
  const auto changed = [](const char* name, const char* member, const std::string& value) {
    Json key = Repository::KeyJson(name);
    (std::string(member) == "public" ? key["keyval"] : key)[member] = value;
    return Read(key);
  };
  EXPECT_EQ(changed("a", "keytype", "ed25519"), nullptr);
  EXPECT_EQ(changed("a", "keytype", "ECDSA"), nullptr);
  EXPECT_EQ(changed("a", "scheme", "ecdsa-sha2-nistp384"), nullptr);
  EXPECT_EQ(changed("a", "public", ""), nullptr);
  EXPECT_EQ(changed("a", "public", "04"), nullptr);
  EXPECT_EQ(changed("a", "public", TestKey::Ec("P-384").public_pem()), nullptr);
  EXPECT_EQ(changed("a", "public", TestKey::Ed25519().public_pem()), nullptr);
  EXPECT_EQ(changed("a", "public", TestKey::Ec("P-256").private_pem()), nullptr);
  EXPECT_EQ(changed("b2", "public", std::string(62, '0')), nullptr);
  EXPECT_EQ(changed("b2", "scheme", "ed25519ph"), nullptr);
  for (const char* scheme : {"rsassa-pss-sha512", "rsa-pkcs1v15-sha256", "ed25519", "rsa"}) {
    EXPECT_EQ(changed("rsa", "scheme", scheme), nullptr) << scheme;
  }
  EXPECT_EQ(changed("rsa", "keytype", "rsassa-pss-sha256"), nullptr);
  EXPECT_EQ(changed("rsa", "keytype", "ecdsa"), nullptr);
  EXPECT_EQ(changed("rsa", "public", TestKey::Rsa(1024).public_pem()), nullptr);
  EXPECT_EQ(changed("rsa", "public", TestKey::Ec("P-256").public_pem()), nullptr);
  // No hexadecimal form was ever written for RSA.
  EXPECT_EQ(changed("rsa", "public", base::EncodeHex(Repository::Key("rsa").spki())), nullptr);
  EXPECT_EQ(changed("a", "public", Repository::Key("rsa").public_pem()), nullptr);
  Json rsa = Repository::KeyJson("rsa");
  rsa["keyval"].erase("public");
  EXPECT_EQ(Read(rsa), nullptr);
}

TEST(TufKeyTest, IsNoOtherShape) {
  for (const char* text :
       {R"({})", R"({"keytype":"rsa","scheme":"x"})", R"({"keytype":1,"scheme":"x","keyval":{}})",
        R"({"keytype":"rsa","scheme":"x","keyval":[]})"}) {
    const Json key = Json::parse(text);
    EXPECT_THAT(ReadKey(base::JsonFields::Of(key, "key").value()), FailsWith(Reason::kMalformed))
        << text;
  }
}

}  // namespace
}  // namespace sigward::verifier::tuf
