#include "verifier/trust/trusted_root.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/strict_json.h"
#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/test_vectors.h"
#include "private_sigstore/trusted_root_json.h"
#include "result_matchers.h"
#include "test_key.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::AuthorityJson;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::LoadVector;
using sigward::testing::LogJson;
using sigward::testing::PrivateAuthority;
using sigward::testing::RootJson;
using sigward::testing::TestKey;

using namespace std::chrono_literals;

base::Result<TrustRoot> Parse(const Json& json) {
  return TrustRoot::Parse(base::AsBytes(json.dump()));
}

/// The good document after CHANGE.
base::Result<TrustRoot> ParseChanged(const std::function<void(Json& root)>& change) {
  Json root = RootJson();
  change(root);
  return Parse(root);
}

Time At(std::chrono::year_month_day date, std::chrono::seconds time = 0s) {
  return Time(std::chrono::sys_days(date)) + time;
}

TEST(TrustedRootTest, ReadsThePublicGoodOne) {
  const std::string text = LoadVector("sigstore-tuf/trusted_root.json");
  const auto root = TrustRoot::Parse(base::AsBytes(text));
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->hash(), HashOf(base::AsBytes(text), HashAlgorithm::kSha256));
  ASSERT_EQ(root->logs().size(), 2U);
  EXPECT_EQ(root->logs()[0].base_url, "https://rekor.sigstore.dev");
  EXPECT_EQ(root->logs()[0].key->type(), KeyType::kEcdsaP256);
  EXPECT_EQ(root->logs()[0].hash, HashAlgorithm::kSha256);
  EXPECT_EQ(root->logs()[0].log_id, root->logs()[0].key->fingerprint());
  EXPECT_EQ(root->logs()[0].validity.start, At(2021y / 1 / 12, 11h + 53min + 27s));
  EXPECT_FALSE(root->logs()[0].validity.end);
  EXPECT_FALSE(root->logs()[0].checkpoint_key_id);
  EXPECT_EQ(root->logs()[1].key->type(), KeyType::kEd25519);
  ASSERT_EQ(root->ct_logs().size(), 2U);
  EXPECT_EQ(root->ct_logs()[0].validity.end, At(2022y / 10 / 31, 24h - 1s));
  ASSERT_EQ(root->certificate_authorities().size(), 2U);
  EXPECT_EQ(root->certificate_authorities()[0].chain.size(), 1U);
  EXPECT_EQ(root->certificate_authorities()[0].validity.end, At(2022y / 12 / 31, 24h - 1s));
  EXPECT_EQ(root->certificate_authorities()[1].chain.size(), 2U);
  EXPECT_EQ(root->certificate_authorities()[1].uri, "https://fulcio.sigstore.dev");
  ASSERT_EQ(root->timestamp_authorities().size(), 1U);
  EXPECT_EQ(root->timestamp_authorities()[0].chain.size(), 2U);
}

TEST(TrustedRootTest, ReadsThoseOfTheConformanceSuite) {
  std::size_t read = 0;
  for (const char* name :
       {"bundle-with-sct-with-extensions", "intoto-with-custom-trust-root",
        "managed-key-and-trusted-root", "rekor2-dsse-happy-path", "rekor2-happy-path",
        "rekor2-timestamp-outside-trust-root-tsa-validity_fail",
        "rekor2-timestamp-outside-tsa-cert-validity_fail"}) {
    const std::string text =
        LoadVector(std::string("sigstore-conformance/") + name + ".trusted_root.json");
    EXPECT_THAT(TrustRoot::Parse(base::AsBytes(text)), IsOk()) << name;
    ++read;
  }
  EXPECT_EQ(read, 7U);
  const auto refused = TrustRoot::Parse(base::AsBytes(LoadVector(
      "sigstore-conformance/trust-root-tlog-missing-validity-start_fail.trusted_root.json")));
  ASSERT_THAT(refused, FailsWith(Reason::kMalformed));
  EXPECT_NE(refused.error().detail.find("since when"), std::string::npos);
}

TEST(TrustedRootTest, EveryFieldIsTaken) {
  Json log = LogJson(TestKey::Shared(KeyType::kEcdsaP384), "PKIX_ECDSA_P384_SHA_384");
  log["operator"] = "example.com";
  log["checkpointKeyId"] = {{"keyId", "AQIDBA=="}};
  log["publicKey"]["validFor"]["end"] = "2027-01-01T00:00:00Z";
  Json authority = AuthorityJson();
  authority["operator"] = "example.org";
  authority["validFor"] = {{"start", "2026-01-01T00:00:00+01:00"}};
  Json json = RootJson();
  json["mediaType"] = "application/vnd.dev.sigstore.trustedroot.v0.2+json";
  json["tlogs"] = Json::array({log});
  json["timestampAuthorities"] = Json::array({authority});
  const auto root = Parse(json);
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->logs()[0].operated_by, "example.com");
  EXPECT_EQ(root->logs()[0].checkpoint_key_id, base::ByteBuffer({1, 2, 3, 4}));
  EXPECT_EQ(root->logs()[0].hash, HashAlgorithm::kSha384);
  EXPECT_EQ(root->logs()[0].validity.end, At(2027y / 1 / 1));
  EXPECT_EQ(root->timestamp_authorities()[0].operated_by, "example.org");
  EXPECT_EQ(root->timestamp_authorities()[0].validity.start, At(2025y / 12 / 31, 23h));
}

TEST(TrustedRootTest, MediaTypes) {
  const auto with = [](const char* type) {
    return ParseChanged([type](Json& root) { root["mediaType"] = type; });
  };
  EXPECT_THAT(with("application/vnd.dev.sigstore.trustedroot+json;version=0.1"), IsOk());
  EXPECT_THAT(with("application/vnd.dev.sigstore.trustedroot.v0.1+json"), IsOk());
  EXPECT_THAT(with("application/vnd.dev.sigstore.trustedroot.v0.2+json"), IsOk());
  for (const char* type :
       {"", "application/json", "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot.v0.3+json",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json "}) {
    EXPECT_THAT(with(type), FailsWith(Reason::kUnsupportedFormat)) << type;
  }
  EXPECT_THAT(ParseChanged([](Json& root) { root.erase("mediaType"); }),
              FailsWith(Reason::kUnsupportedFormat));
}

TEST(TrustedRootTest, AnEmptyOneTrustsNobody) {
  const auto root = Parse({{"mediaType", "application/vnd.dev.sigstore.trustedroot.v0.1+json"}});
  ASSERT_THAT(root, IsOk());
  EXPECT_TRUE(root->logs().empty() && root->ct_logs().empty());
  EXPECT_TRUE(root->certificate_authorities().empty() && root->timestamp_authorities().empty());
}

TEST(TrustedRootTest, UnknownAndMistypedFields) {
  const std::vector<std::string> objects = {"",
                                            "/tlogs/0",
                                            "/tlogs/0/publicKey",
                                            "/tlogs/0/publicKey/validFor",
                                            "/tlogs/0/logId",
                                            "/ctlogs/0",
                                            "/certificateAuthorities/0",
                                            "/certificateAuthorities/0/subject",
                                            "/certificateAuthorities/0/certChain",
                                            "/certificateAuthorities/0/certChain/certificates/0",
                                            "/timestampAuthorities/0"};
  for (const std::string& object : objects) {
    const Json::json_pointer pointer(object);
    EXPECT_THAT(ParseChanged([&](Json& root) { root[pointer]["further"] = 1; }),
                FailsWith(Reason::kMalformed))
        << object;
    if (!object.empty()) {
      for (const Json& other : {Json(1), Json("text"), Json::array()}) {
        EXPECT_THAT(ParseChanged([&](Json& root) { root[pointer] = other; }),
                    FailsWith(Reason::kMalformed))
            << object;
      }
    }
  }
  const std::string text = RootJson().dump();
  EXPECT_THAT(TrustRoot::Parse(base::AsBytes("{\"tlogs\":[]," + text.substr(1))),
              FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(TrustRoot::Parse(base::AsBytes(text + "x")), FailsWith(Reason::kMalformed));
}

// ProtoJSON: a null is an absent field, whatever its type; it is no element of a list.
TEST(TrustedRootTest, NullsAreAbsent) {
  for (const char* member :
       {"/tlogs/0/baseUrl", "/tlogs/0/operator", "/tlogs/0/checkpointKeyId",
        "/tlogs/0/publicKey/validFor/end", "/certificateAuthorities/0/uri",
        "/certificateAuthorities/0/subject", "/certificateAuthorities/0/subject/commonName",
        "/certificateAuthorities/0/validFor", "/timestampAuthorities", "/ctlogs"}) {
    EXPECT_THAT(ParseChanged([&](Json& root) { root[Json::json_pointer(member)] = nullptr; }),
                IsOk())
        << member;
  }
  for (const char* member :
       {"/tlogs/0/hashAlgorithm", "/tlogs/0/publicKey", "/tlogs/0/logId", "/tlogs/0/logId/keyId",
        "/tlogs/0/publicKey/rawBytes", "/tlogs/0/publicKey/keyDetails",
        "/tlogs/0/publicKey/validFor", "/tlogs/0/publicKey/validFor/start",
        "/certificateAuthorities/0/certChain", "/tlogs/0", "/certificateAuthorities/0",
        "/certificateAuthorities/0/certChain/certificates/0"}) {
    EXPECT_THAT(ParseChanged([&](Json& root) { root[Json::json_pointer(member)] = nullptr; }),
                FailsWith(Reason::kMalformed))
        << member;
  }
}

TEST(TrustedRootTest, WhatIsMissing) {
  for (const char* member :
       {"/tlogs/0/hashAlgorithm", "/tlogs/0/publicKey", "/tlogs/0/logId", "/tlogs/0/logId/keyId",
        "/tlogs/0/publicKey/rawBytes", "/tlogs/0/publicKey/keyDetails",
        "/tlogs/0/publicKey/validFor", "/tlogs/0/publicKey/validFor/start",
        "/ctlogs/0/publicKey/validFor/start", "/certificateAuthorities/0/certChain",
        "/certificateAuthorities/0/certChain/certificates"}) {
    const Json::json_pointer pointer(member);
    EXPECT_THAT(
        ParseChanged([&](Json& root) { root[pointer.parent_pointer()].erase(pointer.back()); }),
        FailsWith(Reason::kMalformed))
        << member;
  }
}

TEST(TrustedRootTest, KeysAreWhatTheirDetailsSay) {
  const struct {
    TestKey key;
    const char* details;
  } kFits[] = {
      {TestKey::Shared(KeyType::kEcdsaP256), "PKIX_ECDSA_P256_SHA_256"},
      {TestKey::Shared(KeyType::kEcdsaP384), "PKIX_ECDSA_P384_SHA_384"},
      {TestKey::Shared(KeyType::kEcdsaP384), "PKIX_ECDSA_P384_SHA_256"},
      {TestKey::Shared(KeyType::kEcdsaP521), "PKIX_ECDSA_P521_SHA_512"},
      {TestKey::Shared(KeyType::kEcdsaP521), "PKIX_ECDSA_P521_SHA_256"},
      {TestKey::Shared(KeyType::kEd25519), "PKIX_ED25519"},
      {TestKey::Shared(KeyType::kRsa), "PKIX_RSA_PKCS1V15_2048_SHA256"},
      {TestKey::Rsa(3072), "PKIX_RSA_PKCS1V15_3072_SHA256"},
      {TestKey::Rsa(4096), "PKIX_RSA_PKCS1V15_4096_SHA256"},
      {TestKey::Rsa(3072), "PKIX_RSA_PKCS1V5"},
  };
  for (const auto& good : kFits) {
    for (const auto& other : kFits) {
      const auto root = ParseChanged(
          [&](Json& json) { json["tlogs"] = Json::array({LogJson(good.key, other.details)}); });
      const bool any_rsa = std::string_view(other.details) == "PKIX_RSA_PKCS1V5" &&
                           std::string_view(good.details).starts_with("PKIX_RSA");
      const bool same_curve = std::string_view(good.details).substr(0, 15) ==
                                  std::string_view(other.details).substr(0, 15) &&
                              std::string_view(good.details).starts_with("PKIX_ECDSA");
      const bool same_size = std::string_view(good.details) == "PKIX_RSA_PKCS1V5" &&
                             std::string_view(other.details) == "PKIX_RSA_PKCS1V15_3072_SHA256";
      if (good.details == other.details || any_rsa || same_curve || same_size) {
        EXPECT_THAT(root, IsOk()) << good.details << " as " << other.details;
      } else {
        EXPECT_THAT(root, FailsWith(Reason::kMalformed)) << good.details << " as " << other.details;
      }
    }
  }
}

TEST(TrustedRootTest, AnRsaKeyByItself) {
  const base::ByteBuffer spki = TestKey::Shared(KeyType::kRsa).spki();
  // The RSAPublicKey is what stands in the BIT STRING, behind 24 bytes for RSA-2048.
  const base::ByteBuffer pkcs1(spki.begin() + 24, spki.end());
  Json log = LogJson(TestKey::Shared(KeyType::kRsa), "PKCS1_RSA_PKCS1V5");
  EXPECT_THAT(ParseChanged([&](Json& root) { root["tlogs"] = Json::array({log}); }),
              FailsWith(Reason::kMalformed));
  log["publicKey"]["rawBytes"] = base::EncodeBase64(pkcs1);
  const auto root = ParseChanged([&](Json& json) { json["tlogs"] = Json::array({log}); });
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->logs()[0].key->fingerprint(),
            TestKey::Shared(KeyType::kRsa).public_key().fingerprint());
}

/// What is left of the good document with these `ctlogs`, and what is not.
struct Left {
  std::size_t ct_logs = 0;
  std::vector<UnusableInstance> unusable;
};
Left WithCtLogs(const Json& logs) {
  const auto root = ParseChanged([&](Json& json) { json["ctlogs"] = logs; });
  EXPECT_THAT(root, IsOk());
  return root.ok() ? Left{root->ct_logs().size(), root->unusable()} : Left{};
}

// What others may be able to use spoils nothing, and verifies nothing.
TEST(TrustedRootTest, LogsOfNoUseHereAreLeftOutAndNamed) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  const Json good = LogJson(key, "PKIX_ECDSA_P256_SHA_256");
  for (const char* details : {"PKIX_ED25519_PH", "PKIX_RSA_PSS_2048_SHA256", "LMS_SHA256",
                              "ML_DSA_65", "pkix_ecdsa_p256_sha_256", "SOMETHING_OF_2031"}) {
    Json other = LogJson(key, details);
    other["baseUrl"] = "https://other.example";
    const Left left = WithCtLogs({other, good});
    EXPECT_EQ(left.ct_logs, 1U) << details;
    ASSERT_EQ(left.unusable.size(), 1U) << details;
    EXPECT_EQ(left.unusable[0].name, "ctlogs[0] (https://other.example)");
    EXPECT_EQ(left.unusable[0].why.reason, Reason::kUnsupportedAlgorithm) << details;
    EXPECT_NE(left.unusable[0].why.detail.find(details), std::string::npos) << details;
  }
  const Left weak = WithCtLogs({good, LogJson(TestKey::Rsa(1024), "PKIX_RSA_PKCS1V5")});
  EXPECT_EQ(weak.ct_logs, 1U);
  ASSERT_EQ(weak.unusable.size(), 1U);
  EXPECT_EQ(weak.unusable[0].why.reason, Reason::kWeakKey);
  for (const char* hash : {"SHA2_512", "SHA3_256", "sha256"}) {
    Json other = good;
    other["hashAlgorithm"] = hash;
    EXPECT_EQ(WithCtLogs(Json::array({other})).ct_logs, 0U) << hash;
    EXPECT_EQ(WithCtLogs(Json::array({other})).unusable.size(), 1U) << hash;
  }
}

// A log that cannot be used is still one: what is wrong with its form is an error.
TEST(TrustedRootTest, LogsOfNoUseHereHaveTheirForm) {
  const auto with = [](const std::function<void(Json & log)>& change) {
    Json log = LogJson(TestKey::Shared(KeyType::kEcdsaP256), "ML_DSA_65");
    change(log);
    return ParseChanged([&](Json& root) { root["tlogs"] = Json::array({log}); });
  };
  EXPECT_THAT(with([](Json&) {}), IsOk());
  EXPECT_THAT(with([](Json& log) { log["publicKey"]["validFor"].erase("start"); }),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(with([](Json& log) { log["further"] = 1; }), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with([](Json& log) { log.erase("logId"); }), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with([](Json& log) { log["publicKey"].erase("rawBytes"); }),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(with([](Json& log) { log["publicKey"]["keyDetails"] = ""; }),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(
      with([](Json& log) { log["publicKey"]["keyDetails"] = "PUBLIC_KEY_DETAILS_UNSPECIFIED"; }),
      FailsWith(Reason::kMalformed));
  EXPECT_THAT(with([](Json& log) { log["hashAlgorithm"] = "HASH_ALGORITHM_UNSPECIFIED"; }),
              FailsWith(Reason::kMalformed));
  // Known details promise a known key.
  EXPECT_THAT(ParseChanged([](Json& root) {
                root["tlogs"] =
                    Json::array({LogJson(TestKey::Ec("P-224"), "PKIX_ECDSA_P256_SHA_256")});
              }),
              FailsWith(Reason::kMalformed));
}

TEST(TrustedRootTest, LogIds) {
  const auto with = [](const char* member, std::size_t size) {
    return ParseChanged([&](Json& root) {
      root["tlogs"][0][member]["keyId"] = base::EncodeBase64(base::ByteBuffer(size));
    });
  };
  for (const std::size_t size : {1U, 4U, 31U, 32U, 33U, 64U}) {
    EXPECT_THAT(with("logId", size), IsOk()) << size;
  }
  EXPECT_THAT(with("logId", 65), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(with("logId", 0), FailsWith(Reason::kMalformed));
  for (const std::size_t size : {0U, 4U, 32U, 64U}) {
    EXPECT_THAT(with("checkpointKeyId", size), IsOk()) << size;
  }
  EXPECT_THAT(with("checkpointKeyId", 3), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with("checkpointKeyId", 65), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(ParseChanged([](Json& root) { root["tlogs"][0]["logId"]["keyId"] = "AQIDBA"; }),
              FailsWith(Reason::kMalformed));
  const auto without = ParseChanged([](Json& root) {
    root["tlogs"][0].erase("logId");
    root["tlogs"][0]["checkpointKeyId"]["keyId"] = "AQIDBA==";
  });
  ASSERT_THAT(without, IsOk());
  EXPECT_EQ(without->logs()[0].log_id, base::ByteBuffer({1, 2, 3, 4}));
}

TEST(TrustedRootTest, AWindowIsNeverWiderThanWritten) {
  const auto window = [](const char* start, const char* end) {
    const auto root = ParseChanged([&](Json& json) {
      json["tlogs"][0]["publicKey"]["validFor"] = {{"start", start}, {"end", end}};
    });
    EXPECT_THAT(root, IsOk());
    return root.ok() ? root->logs()[0].validity : Validity{};
  };
  const Validity whole = window("2026-01-01T00:00:00Z", "2026-01-02T00:00:00.000Z");
  EXPECT_EQ(whole.start, At(2026y / 1 / 1));
  EXPECT_EQ(whole.end, At(2026y / 1 / 2));
  const Validity parts = window("2026-01-01T00:00:00.001Z", "2026-01-02T00:00:00.999Z");
  EXPECT_EQ(parts.start, At(2026y / 1 / 1, 1s));
  EXPECT_EQ(parts.end, At(2026y / 1 / 2));
  EXPECT_THAT(ParseChanged([](Json& root) {
                root["certificateAuthorities"][0]["validFor"] = {{"end", "2026-01-01"}};
              }),
              FailsWith(Reason::kMalformed));
}

TEST(TrustedRootTest, ChainsAreInOrder) {
  const PrivateAuthority authority;
  const auto with = [](const std::vector<base::ByteView>& certificates) {
    return ParseChanged([&](Json& root) {
      root["certificateAuthorities"] = Json::array({AuthorityJson(certificates)});
    });
  };
  const base::ByteView root = authority.root().der();
  const base::ByteView intermediate = authority.intermediate().der();
  EXPECT_THAT(with({intermediate, root}), IsOk());
  EXPECT_THAT(with({intermediate}), IsOk());
  EXPECT_THAT(with({root, intermediate}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with({intermediate, intermediate}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with({}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with({base::AsBytes("no certificate")}), FailsWith(Reason::kMalformed));
}

TEST(TrustedRootTest, AuthoritiesWithKeysOfNoUseAreLeftOutAndNamed) {
  const TestKey weak = TestKey::Rsa(1024);
  const TestKey other = TestKey::Ec("P-224");
  for (const TestKey* key : {&weak, &other}) {
    const base::ByteBuffer der =
        sigward::testing::MakeCertificate(sigward::testing::RootPlan(), *key, nullptr, *key);
    Json unusable = AuthorityJson({der});
    unusable["uri"] = "https://other.example";
    const auto root = ParseChanged([&](Json& json) {
      json["timestampAuthorities"].insert(json["timestampAuthorities"].begin(), unusable);
      json["certificateAuthorities"].push_back(unusable);
    });
    ASSERT_THAT(root, IsOk());
    EXPECT_EQ(root->timestamp_authorities().size(), 1U);
    EXPECT_EQ(root->certificate_authorities().size(), 1U);
    ASSERT_EQ(root->unusable().size(), 2U);
    EXPECT_EQ(root->unusable()[0].name, "certificateAuthorities[1] (https://other.example)");
    EXPECT_EQ(root->unusable()[1].name, "timestampAuthorities[0] (https://other.example)");
    EXPECT_EQ(root->unusable()[0].why.reason,
              key == &weak ? Reason::kWeakKey : Reason::kUnsupportedAlgorithm);
  }
}

// A certificate that is signed with, and is of, a key that OpenSSL does not know.
TEST(TrustedRootTest, APostQuantumAuthorityIsLeftOut) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  base::ByteBuffer der =
      sigward::testing::MakeCertificate(sigward::testing::RootPlan(), key, nullptr, key);
  // id-ecPublicKey 1.2.840.10045.2.1 and ecdsa-with-SHA256 1.2.840.10045.4.3.2 become others.
  for (const base::ByteBuffer& oid : {base::ByteBuffer{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01},
                                      base::ByteBuffer{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03}}) {
    auto at = der.begin();
    while ((at = std::search(at, der.end(), oid.begin(), oid.end())) != der.end()) {
      at[6] = 0x7f;
      at += 7;
    }
  }
  const auto root = ParseChanged(
      [&](Json& json) { json["certificateAuthorities"].push_back(AuthorityJson({der})); });
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->certificate_authorities().size(), 1U);
  ASSERT_EQ(root->unusable().size(), 1U);
  EXPECT_EQ(root->unusable()[0].why.reason, Reason::kUnsupportedAlgorithm);
}

}  // namespace
}  // namespace sigward::verifier
