#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "base/base64.h"
#include "base/strict_json.h"
#include "result_matchers.h"
#include "verifier/public_key.h"

namespace sigward::verifier {
namespace {

constexpr std::size_t kMaxFile = 1U << 20;

struct VectorFile {
  const char* name;
  HashAlgorithm hash;
  std::size_t valid;
  std::size_t invalid;
  /// Vectors that a verifier may take; we take none.
  std::size_t acceptable;
};

base::Json Load(const std::string& name) {
  std::ifstream file(SIGWARD_SOURCE_DIR "/tests/vectors/wycheproof/" + name);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  base::Result<base::Json> json = base::ParseStrictJson(text, kMaxFile);
  return json.ok() ? std::move(json).value() : base::Json();
}

base::ByteBuffer Bytes(const base::Json& hex) {
  const auto& text = hex.get_ref<const std::string&>();
  return std::move(base::DecodeHex(text, text.size() / 2)).value();
}

/// Calls JUDGE with each vector and the key of its group.
void ForEach(const base::Json& vectors,
             const std::function<void(const PublicKey& key, const base::Json& test)>& judge) {
  ASSERT_TRUE(vectors.is_object());
  for (const base::Json& group : vectors["testGroups"]) {
    const base::Result<PublicKey> key = PublicKey::Parse(group["publicKeyPem"].get<std::string>());
    ASSERT_THAT(key, sigward::testing::IsOk());
    for (const base::Json& test : group["tests"]) {
      judge(*key, test);
    }
  }
}

class WycheproofTest : public ::testing::TestWithParam<VectorFile> {};

TEST_P(WycheproofTest, AcceptsExactlyTheValidVectors) {
  const VectorFile& file = GetParam();
  const base::Json vectors = Load(file.name);
  std::size_t valid = 0;
  std::size_t invalid = 0;
  std::size_t acceptable = 0;
  ForEach(vectors, [&](const PublicKey& key, const base::Json& test) {
    const base::ByteBuffer message = Bytes(test["msg"]);
    const base::ByteBuffer signature = Bytes(test["sig"]);
    const std::string expected = test["result"];
    (expected == "valid" ? valid : expected == "acceptable" ? acceptable : invalid) += 1;
    EXPECT_EQ(key.Verify(message, signature, file.hash).ok(), expected == "valid")
        << file.name << " " << test["tcId"] << " " << test["comment"];
  });
  EXPECT_EQ(valid, file.valid);
  EXPECT_EQ(invalid, file.invalid);
  EXPECT_EQ(acceptable, file.acceptable);
  const std::size_t skipped =
      vectors["numberOfTests"].get<std::size_t>() - valid - invalid - acceptable;
  EXPECT_EQ(skipped, 0U);
}

TEST(WycheproofPssTest, AcceptsExactlyTheValidVectorsAndOtherSalts) {
  const base::Json vectors = Load("rsa_pss_2048_sha256_mgf1_32_test.json");
  std::size_t valid = 0;
  std::size_t other_salt = 0;
  std::size_t invalid = 0;
  ForEach(vectors, [&](const PublicKey& key, const base::Json& test) {
    // Right but for a salt of another length than the file is about.
    const bool salt = test["comment"].get<std::string>().starts_with("s_len changed");
    const bool good = test["result"] == "valid";
    (salt ? other_salt : good ? valid : invalid) += 1;
    EXPECT_EQ(key.VerifyPss(Bytes(test["msg"]), Bytes(test["sig"])).ok(), salt || good)
        << test["tcId"] << " " << test["comment"];
  });
  EXPECT_EQ(valid, 63U);
  EXPECT_EQ(other_salt, 6U);
  EXPECT_EQ(invalid, 39U);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WycheproofTest,
    ::testing::Values(
        VectorFile{"ecdsa_secp256r1_sha256_test.json", HashAlgorithm::kSha256, 174, 310, 0},
        VectorFile{"ecdsa_secp384r1_sha384_test.json", HashAlgorithm::kSha384, 194, 310, 0},
        VectorFile{"ecdsa_secp521r1_sha512_test.json", HashAlgorithm::kSha512, 232, 310, 0},
        VectorFile{"ed25519_test.json", HashAlgorithm::kSha256, 88, 63, 0},
        VectorFile{"rsa_signature_2048_sha256_test.json", HashAlgorithm::kSha256, 9, 249, 1},
        VectorFile{"rsa_signature_3072_sha256_test.json", HashAlgorithm::kSha256, 8, 250, 1},
        VectorFile{"rsa_signature_4096_sha256_test.json", HashAlgorithm::kSha256, 7, 250, 1}),
    [](const ::testing::TestParamInfo<VectorFile>& file) {
      const std::string name = file.param.name;
      return name.substr(0, name.find("_test"));
    });

}  // namespace
}  // namespace sigward::verifier
