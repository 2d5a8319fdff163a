// RSA with the other padding.

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"
#include "test_key.h"
#include "verifier/public_key.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::TestKey;

TEST(PublicKeyPssTest, VerifiesPssWithASaltOfAnyLength) {
  const TestKey& signer = TestKey::Shared(KeyType::kRsa);
  const PublicKey key = signer.public_key();
  const base::ByteView message = base::AsBytes("message");
  // As it is written everywhere; none; the longest that fits beside the hash.
  for (const int salt : {32, 0, 222}) {
    EXPECT_THAT(key.VerifyPss(message, signer.SignPss(message, salt)), IsOk()) << salt;
  }
  const base::ByteBuffer good = signer.SignPss(message);
  EXPECT_THAT(key.VerifyPss(base::AsBytes("massage"), good), FailsWith(Reason::kBadSignature));
  EXPECT_THAT(TestKey::Rsa().public_key().VerifyPss(message, good),
              FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.VerifyPss(message, {}), FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.VerifyPss(message, base::ByteView(good).first(good.size() - 1)),
              FailsWith(Reason::kBadSignature));
  for (std::size_t i = 0; i < good.size(); ++i) {
    base::ByteBuffer bad = good;
    bad[i] ^= 1;
    EXPECT_THAT(key.VerifyPss(message, bad), FailsWith(Reason::kBadSignature)) << i;
  }
}

TEST(PublicKeyPssTest, OnePaddingIsNotTakenForTheOther) {
  const TestKey& signer = TestKey::Shared(KeyType::kRsa);
  const PublicKey key = signer.public_key();
  const base::ByteView message = base::AsBytes("message");
  EXPECT_THAT(key.Verify(message, signer.SignPss(message), HashAlgorithm::kSha256),
              FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.VerifyPss(message, signer.Sign(message)), FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.VerifyPss(message, signer.SignPss(message, 32, "SHA1")),
              FailsWith(Reason::kBadSignature));
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEd25519}) {
    const TestKey& other = TestKey::Shared(type);
    EXPECT_THAT(other.public_key().VerifyPss(message, other.Sign(message)),
                FailsWith(Reason::kUnsupportedAlgorithm));
  }
  EXPECT_THAT(key.VerifyPss(message, base::ByteBuffer(kMaxSignatureBytes + 1, 1)),
              FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
