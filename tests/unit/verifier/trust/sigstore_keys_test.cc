#include "verifier/trust/sigstore_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strict_json.h"
#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/ct_log.h"
#include "result_matchers.h"
#include "test_key.h"
#include "verifier/certificate/chain.h"
#include "verifier/certificate/sct.h"
#include "verifier/ossl.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::kSigningTime;
using sigward::testing::PemOf;
using sigward::testing::PrivateAuthority;
using sigward::testing::TestKey;

const PrivateAuthority& Authority() {
  static const PrivateAuthority authority;
  return authority;
}

std::string ChainPem() {
  return PemOf("CERTIFICATE", Authority().intermediate().der()) +
         PemOf("CERTIFICATE", Authority().root().der());
}

SigstoreKeys Keys() {
  SigstoreKeys keys;
  keys.certificate_authorities = {{"example", "fulcio", "https://fulcio.example", ChainPem()}};
  keys.timestamp_authorities = {{"example", "tsa", "https://tsa.example", ChainPem()}};
  keys.logs = {
      {"https://rekor.example", "sha-256", TestKey::Shared(KeyType::kEcdsaP256).public_pem()}};
  keys.ct_logs = {
      {"https://ctfe.example", "SHA256", TestKey::Shared(KeyType::kEcdsaP384).public_pem()}};
  return keys;
}

TEST(SigstoreKeysTest, BecomeATrustRootWithoutWindows) {
  const auto root = TrustRoot::Of(Keys());
  ASSERT_THAT(root, IsOk());
  ASSERT_EQ(root->logs().size(), 1U);
  EXPECT_EQ(root->logs()[0].base_url, "https://rekor.example");
  EXPECT_EQ(root->logs()[0].validity.start, Time());
  EXPECT_FALSE(root->logs()[0].validity.end);
  EXPECT_EQ(root->logs()[0].log_id, root->logs()[0].key->fingerprint());
  ASSERT_EQ(root->ct_logs().size(), 1U);
  // As policy-controller verifies, whatever the curve.
  EXPECT_EQ(root->ct_logs()[0].key->type(), KeyType::kEcdsaP384);
  EXPECT_EQ(root->ct_logs()[0].hash, HashAlgorithm::kSha256);
  ASSERT_EQ(root->certificate_authorities().size(), 1U);
  EXPECT_EQ(root->certificate_authorities()[0].uri, "https://fulcio.example");
  EXPECT_EQ(root->certificate_authorities()[0].chain.size(), 2U);
  EXPECT_FALSE(root->certificate_authorities()[0].validity.start);
  EXPECT_FALSE(root->certificate_authorities()[0].validity.end);
  EXPECT_EQ(root->timestamp_authorities().size(), 1U);
}

TEST(SigstoreKeysTest, HaveOneSpelling) {
  const auto json = TrustedRootJson(Keys());
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*TrustedRootJson(Keys()), *json);
  EXPECT_EQ(base::ParseStrictJson(*json, json->size())->dump(), *json);
  EXPECT_EQ(TrustRoot::Of(Keys())->hash(), HashOf(base::AsBytes(*json), HashAlgorithm::kSha256));
  SigstoreKeys other = Keys();
  other.logs[0].public_key_pem = TestKey::Stranger().public_pem();
  EXPECT_NE(TrustRoot::Of(other)->hash(), TrustRoot::Of(Keys())->hash());
}

TEST(SigstoreKeysTest, VerifyWhatTheyName) {
  const sigward::testing::CtLog log(TestKey::Shared(KeyType::kEcdsaP384));
  sigward::testing::CertificatePlan plan = sigward::testing::LeafPlan();
  plan.sct_list = sigward::testing::PromisedBy(log);
  const auto root = TrustRoot::Of(Keys());
  ChainMemory memory;
  const auto chain = VerifyChain(Authority().Issue(plan), {}, root->certificate_authorities(),
                                 std::vector<Time>{kSigningTime}, memory);
  ASSERT_THAT(chain, IsOk());
  EXPECT_THAT(VerifyScts(*chain, root->ct_logs(), 1), IsOk());
}

TEST(SigstoreKeysTest, KeysOfEveryKind) {
  for (const TestKey& key :
       {TestKey::Shared(KeyType::kEcdsaP521), TestKey::Shared(KeyType::kEd25519),
        TestKey::Shared(KeyType::kRsa), TestKey::Rsa(2560)}) {
    SigstoreKeys keys = Keys();
    keys.logs[0].public_key_pem = key.public_pem();
    const auto root = TrustRoot::Of(keys);
    ASSERT_THAT(root, IsOk());
    EXPECT_EQ(root->logs()[0].key->fingerprint(), key.public_key().fingerprint());
  }
}

TEST(SigstoreKeysTest, WhatIsNoKeyOrChain) {
  const auto log = [](const std::string& pem, const char* hash = "sha256") {
    SigstoreKeys keys = Keys();
    keys.logs[0] = {"https://rekor.example", hash, pem};
    return TrustRoot::Of(keys);
  };
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  EXPECT_THAT(log(""), FailsWith(Reason::kMalformed));
  EXPECT_THAT(log(key.public_pem() + key.public_pem()), FailsWith(Reason::kMalformed));
  EXPECT_THAT(log(key.private_pem()), FailsWith(Reason::kMalformed));
  EXPECT_THAT(log(TestKey::Rsa(1024).public_pem()), FailsWith(Reason::kWeakKey));
  EXPECT_THAT(log(TestKey::Ec("P-224").public_pem()), FailsWith(Reason::kUnsupportedAlgorithm));
  EXPECT_THAT(log(key.public_pem(), "sha512"), FailsWith(Reason::kUnsupportedAlgorithm));
  EXPECT_THAT(log(key.public_pem(), ""), FailsWith(Reason::kUnsupportedAlgorithm));
  const auto chain = [](const std::string& pem) {
    SigstoreKeys keys = Keys();
    keys.certificate_authorities[0].chain_pem = pem;
    return TrustRoot::Of(keys);
  };
  EXPECT_THAT(chain(""), FailsWith(Reason::kMalformed));
  EXPECT_THAT(chain(key.public_pem()), FailsWith(Reason::kMalformed));
  EXPECT_THAT(chain(PemOf("CERTIFICATE", Authority().root().der()) +
                    PemOf("CERTIFICATE", Authority().intermediate().der())),
              FailsWith(Reason::kMalformed));
  const TestKey weak = TestKey::Rsa(1024);
  EXPECT_THAT(chain(PemOf("CERTIFICATE", sigward::testing::MakeCertificate(
                                             sigward::testing::RootPlan(), weak, nullptr, weak))),
              FailsWith(Reason::kWeakKey));
  SigstoreKeys keys = Keys();
  keys.ct_logs[0].base_url = "https://\xff";
  EXPECT_THAT(TrustRoot::Of(keys), FailsWith(Reason::kMalformed));
}

TEST(SigstoreKeysTest, AsManyAsThereMayBe) {
  SigstoreKeys keys = Keys();
  keys.logs.resize(kMaxTrustInstances, keys.logs[0]);
  EXPECT_THAT(TrustRoot::Of(keys), IsOk());
  keys.logs.push_back(keys.logs[0]);
  EXPECT_THAT(TrustRoot::Of(keys), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
