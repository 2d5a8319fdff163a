#include "verifier/public_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/base64.h"
#include "result_matchers.h"
#include "test_key.h"
#include "verifier/der.h"
#include "verifier/digest.h"
#include "verifier/ossl.h"
#include "verifier/spki.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::IsOkAndHolds;
using sigward::testing::PemOf;
using sigward::testing::TestKey;

constexpr KeyType kAllTypes[] = {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521,
                                 KeyType::kRsa, KeyType::kEd25519};
constexpr HashAlgorithm kAllHashes[] = {HashAlgorithm::kSha224, HashAlgorithm::kSha256,
                                        HashAlgorithm::kSha384, HashAlgorithm::kSha512};

base::Result<PublicKey> ParseDer(const base::ByteBuffer& der) {
  return PublicKey::Parse(PemOf("PUBLIC KEY", der));
}

base::ByteBuffer Integer(base::ByteBuffer magnitude) {
  if (magnitude[0] >= 0x80) {
    magnitude.insert(magnitude.begin(), 0);
  }
  return DerElement(DerTag::kInteger, magnitude);
}

/// A PKCS#1 key of BITS bits; its modulus is odd and otherwise just bits.
base::ByteBuffer Pkcs1(std::size_t bits, const base::ByteBuffer& exponent = {1, 0, 1}) {
  base::ByteBuffer modulus((bits + 7) / 8, 0xa5);
  modulus.front() = static_cast<std::uint8_t>(1U << ((bits - 1) % 8));
  base::ByteBuffer numbers = Integer(modulus);
  const base::ByteBuffer e = Integer(exponent);
  numbers.insert(numbers.end(), e.begin(), e.end());
  return DerElement(DerTag::kSequence, numbers);
}

base::Result<PublicKey> ParsePkcs1(const base::ByteBuffer& der) {
  return PublicKey::Parse(PemOf("RSA PUBLIC KEY", der));
}

TEST(PublicKeyTest, VerifiesByADigestWhatItVerifiesByTheMessage) {
  const base::ByteView message = base::AsBytes("a message");
  for (const KeyType type : kAllTypes) {
    const TestKey& key = TestKey::Shared(type);
    const PublicKey parsed = key.public_key();
    for (const HashAlgorithm hash : kAllHashes) {
      const base::ByteBuffer signature = key.Sign(message, hash);
      const base::ByteBuffer digest = HashOf(message, hash);
      const auto verified = parsed.VerifyDigest(digest, signature, hash);
      if (type == KeyType::kEd25519) {
        EXPECT_THAT(verified, FailsWith(Reason::kUnsupportedAlgorithm));
        continue;
      }
      EXPECT_THAT(verified, IsOk());
      EXPECT_THAT(parsed.VerifyDigest(HashOf(base::AsBytes("another"), hash), signature, hash),
                  FailsWith(Reason::kBadSignature));
      EXPECT_THAT(
          parsed.VerifyDigest(base::ByteView(digest).first(digest.size() - 1), signature, hash),
          FailsWith(Reason::kMalformed));
      EXPECT_THAT(parsed.VerifyDigest({}, signature, hash), FailsWith(Reason::kMalformed));
      EXPECT_THAT(parsed.VerifyDigest(digest, {}, hash), FailsWith(Reason::kBadSignature));
      EXPECT_THAT(parsed.VerifyDigest(digest, base::ByteBuffer(kMaxSignatureBytes + 1, 1), hash),
                  FailsWith(Reason::kTooLarge));
    }
    // The algorithm is part of what an RSA signature says.
    if (type == KeyType::kRsa) {
      EXPECT_THAT(
          parsed.VerifyDigest(HashOf(message, HashAlgorithm::kSha512),
                              key.Sign(message, HashAlgorithm::kSha256), HashAlgorithm::kSha512),
          FailsWith(Reason::kBadSignature));
    }
  }
}

TEST(PublicKeyTest, VerifiesEveryTypeWithEveryHash) {
  const base::ByteView message = base::AsBytes("a message");
  for (const KeyType type : kAllTypes) {
    const TestKey& key = TestKey::Shared(type);
    const PublicKey parsed = key.public_key();
    EXPECT_EQ(parsed.type(), type);
    for (const HashAlgorithm hash : kAllHashes) {
      base::ByteBuffer signature = key.Sign(message, hash);
      const base::Result<SignedBytes> witness = parsed.Verify(message, signature, hash);
      ASSERT_THAT(witness, IsOk()) << HashAlgorithmName(hash);
      EXPECT_EQ(witness->bytes().data(), message.data());
      EXPECT_EQ(witness->bytes().size(), message.size());

      EXPECT_THAT(parsed.Verify(base::AsBytes("A message"), signature, hash),
                  FailsWith(Reason::kBadSignature));
      EXPECT_THAT(parsed.Verify({}, signature, hash), FailsWith(Reason::kBadSignature));
      signature.push_back(0);
      EXPECT_THAT(parsed.Verify(message, signature, hash), FailsWith(Reason::kBadSignature));
      EXPECT_THAT(parsed.Verify(message, {}, hash), FailsWith(Reason::kBadSignature));
    }
  }
}

TEST(PublicKeyTest, RefusesEveryChangedByteOfASignature) {
  const base::ByteView message = base::AsBytes("a message");
  for (const KeyType type : kAllTypes) {
    const TestKey& key = TestKey::Shared(type);
    const PublicKey parsed = key.public_key();
    base::ByteBuffer signature = key.Sign(message);
    for (std::uint8_t& byte : signature) {
      byte ^= 0x01;
      EXPECT_THAT(parsed.Verify(message, signature, HashAlgorithm::kSha256),
                  FailsWith(Reason::kBadSignature));
      byte ^= 0x01;
    }
  }
}

TEST(PublicKeyTest, RefusesASignatureByAnotherKeyOrWithAnotherHash) {
  const base::ByteView message = base::AsBytes("a message");
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  EXPECT_THAT(
      key.public_key().Verify(message, TestKey::Stranger().Sign(message), HashAlgorithm::kSha256),
      FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.public_key().Verify(message, key.Sign(message, HashAlgorithm::kSha512),
                                      HashAlgorithm::kSha256),
              FailsWith(Reason::kBadSignature));
}

TEST(PublicKeyTest, HashPlaysNoPartInEd25519) {
  const TestKey& key = TestKey::Shared(KeyType::kEd25519);
  const base::ByteView message = base::AsBytes("a message");
  EXPECT_THAT(key.public_key().Verify(message, key.Sign(message), HashAlgorithm::kSha512), IsOk());
}

TEST(PublicKeyTest, BoundsTheSignature) {
  const PublicKey key = TestKey::Shared(KeyType::kRsa).public_key();
  EXPECT_THAT(key.Verify({}, base::ByteBuffer(kMaxSignatureBytes), HashAlgorithm::kSha256),
              FailsWith(Reason::kBadSignature));
  EXPECT_THAT(key.Verify({}, base::ByteBuffer(kMaxSignatureBytes + 1), HashAlgorithm::kSha256),
              FailsWith(Reason::kTooLarge));
}

TEST(PublicKeyTest, FingerprintIsOverTheSubjectPublicKeyInfo) {
  for (const KeyType type : kAllTypes) {
    const TestKey& key = TestKey::Shared(type);
    const Digest expected = Digest::Of(key.spki());
    EXPECT_EQ(base::EncodeHex(key.public_key().fingerprint()), expected.hex());
  }
}

TEST(PublicKeyTest, BothPemFormsOfAnRsaKeyAreOneKey) {
  const TestKey& key = TestKey::Shared(KeyType::kRsa);
  // The PKCS#1 key is what the bit string of the other form holds, behind a 24 byte head.
  const base::ByteBuffer spki = key.spki();
  const base::ByteBuffer pkcs1(spki.begin() + 24, spki.end());
  const base::Result<PublicKey> parsed = ParsePkcs1(pkcs1);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->fingerprint(), key.public_key().fingerprint());
  EXPECT_THAT(
      parsed->Verify(base::AsBytes("m"), key.Sign(base::AsBytes("m")), HashAlgorithm::kSha256),
      IsOk());
}

TEST(PublicKeyTest, BoundsRsa) {
  const struct {
    base::ByteBuffer der;
    bool good;
  } kCases[] = {
      {Pkcs1(1024), false},
      {Pkcs1(2047), false},
      {Pkcs1(2048), true},
      {Pkcs1(8192), true},
      {Pkcs1(8193), false},
      {Pkcs1(2048, {1}), false},
      {Pkcs1(2048, {2}), false},
      {Pkcs1(2048, {3}), true},
      {Pkcs1(2048, {4}), false},
      {Pkcs1(2048, {1, 0, 0}), false},
      {Pkcs1(2048, {0xff, 0xff, 0xff, 0xff}), true},
      {Pkcs1(2048, {0x01, 0, 0, 0, 0x01}), false},
  };
  for (const auto& c : kCases) {
    if (c.good) {
      EXPECT_THAT(ParsePkcs1(c.der), IsOk());
    } else {
      EXPECT_THAT(ParsePkcs1(c.der), FailsWith(Reason::kWeakKey));
    }
  }
  base::ByteBuffer even = Pkcs1(2048);
  even[even.size() - 6] ^= 1;  // the last byte of the modulus, before the exponent's five
  EXPECT_THAT(ParsePkcs1(even), FailsWith(Reason::kWeakKey));
}

TEST(PublicKeyTest, RefusesRsaThatIsNotPositiveDer) {
  base::ByteBuffer trailing = Pkcs1(2048);
  trailing.push_back(0);
  EXPECT_THAT(ParsePkcs1(trailing), FailsWith(Reason::kMalformed));
  base::ByteBuffer zero_modulus = DerElement(DerTag::kSequence, base::ByteBuffer{2, 1, 0, 2, 1, 3});
  EXPECT_THAT(ParsePkcs1(zero_modulus), FailsWith(Reason::kMalformed));
  base::ByteBuffer third = Pkcs1(2048);
  third = base::ByteBuffer(third.begin() + 4, third.end());
  third.insert(third.end(), {2, 1, 3});
  EXPECT_THAT(ParsePkcs1(DerElement(DerTag::kSequence, third)), FailsWith(Reason::kMalformed));
}

TEST(PublicKeyTest, RefusesOtherTypesByName) {
  const struct {
    base::ByteBuffer der;
    std::string name;
  } kCases[] = {
      {TestKey::Ec("secp256k1").spki(), "curve"},
      {TestKey::Ec("P-224").spki(), "curve"},
      {TestKey::Ec("brainpoolP256r1").spki(), "curve"},
  };
  for (const auto& c : kCases) {
    const base::Result<PublicKey> key = ParseDer(c.der);
    ASSERT_THAT(key, FailsWith(Reason::kUnsupportedAlgorithm));
    EXPECT_NE(key.error().detail.find(c.name), std::string::npos) << key.error().detail;
  }
  const struct {
    std::string hex;
    std::string name;
  } kTypes[] = {
      {"302a300506032b6572032100", "Ed25519ph"},
      {"302a300506032b656e032100", "X25519"},
      {"3043300506032b6571033a00", "Ed448"},
      {"302a300506032b6579032100", "its type"},
  };
  for (const auto& c : kTypes) {
    base::ByteBuffer der = std::move(base::DecodeHex(c.hex, c.hex.size() / 2)).value();
    der.resize(der[1] + 2U, 0x11);
    const base::Result<PublicKey> key = ParseDer(der);
    ASSERT_THAT(key, FailsWith(Reason::kUnsupportedAlgorithm)) << c.name;
    EXPECT_NE(key.error().detail.find(c.name), std::string::npos) << key.error().detail;
  }
}

TEST(PublicKeyTest, RefusesExplicitCurveParameters) {
  const TestKey key = TestKey::Ec("P-256");
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), "encoding", "explicit"), 1);
  EXPECT_THAT(ParseDer(key.spki()), FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(PublicKeyTest, RefusesPointsInOtherFormsOrOffTheCurve) {
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521}) {
    const base::ByteBuffer good = TestKey::Shared(type).spki();
    base::ByteBuffer off = good;
    off.back() ^= 1;
    EXPECT_THAT(ParseDer(off), FailsWith(Reason::kMalformed));

    const std::size_t coordinate = type == KeyType::kEcdsaP256   ? 32
                                   : type == KeyType::kEcdsaP384 ? 48
                                                                 : 66;
    const std::size_t form = good.size() - 2 * coordinate - 1;
    ASSERT_EQ(good[form], 4);
    base::ByteBuffer hybrid = good;
    hybrid[form] = static_cast<std::uint8_t>(6 | (good.back() & 1));
    EXPECT_THAT(ParseDer(hybrid), FailsWith(Reason::kMalformed));
    base::ByteBuffer beyond = good;
    std::fill(beyond.begin() + static_cast<std::ptrdiff_t>(form) + 1, beyond.end(), 0xff);
    EXPECT_THAT(ParseDer(beyond), FailsWith(Reason::kMalformed));
    base::ByteBuffer zero = good;
    std::fill(zero.begin() + static_cast<std::ptrdiff_t>(form) + 1, zero.end(), 0);
    EXPECT_THAT(ParseDer(zero), FailsWith(Reason::kMalformed));
  }
  const TestKey compressed = TestKey::Ec("P-256");
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(compressed.get(), "point-format", "compressed"), 1);
  EXPECT_THAT(ParseDer(compressed.spki()), FailsWith(Reason::kMalformed));
  const base::ByteBuffer infinity =
      std::move(base::DecodeHex("3019301306072a8648ce3d020106082a8648ce3d03010703020000", 27))
          .value();
  EXPECT_THAT(ParseDer(infinity), FailsWith(Reason::kMalformed));
}

TEST(PublicKeyTest, RefusesEveryTruncationAndEveryTrailingByte) {
  for (const KeyType type : kAllTypes) {
    const base::ByteBuffer good = TestKey::Shared(type).spki();
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_FALSE(
          ParseDer(base::ByteBuffer(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)))
              .ok());
    }
    base::ByteBuffer longer = good;
    longer.push_back(0);
    EXPECT_THAT(ParseDer(longer), FailsWith(Reason::kMalformed));
  }
}

TEST(PublicKeyTest, RefusesHeadsWithAnyChangedByte) {
  // Everything before the key's own numbers has one spelling.
  for (const KeyType type : kAllTypes) {
    base::ByteBuffer der = TestKey::Shared(type).spki();
    const std::size_t head = type == KeyType::kEd25519 ? 12 : 24;
    for (std::size_t i = 0; i < head; ++i) {
      der[i] ^= 0x01;
      EXPECT_FALSE(ParseDer(der).ok()) << i;
      der[i] ^= 0x01;
    }
  }
}

TEST(PublicKeyTest, RefusesPrivateKeysWithoutRepeatingThem) {
  for (const KeyType type : kAllTypes) {
    const std::string pem = TestKey::Shared(type).private_pem();
    const base::Result<PublicKey> key = PublicKey::Parse(pem);
    ASSERT_THAT(key, FailsWith(Reason::kMalformed));
    EXPECT_NE(key.error().detail.find("private key"), std::string::npos);
    EXPECT_EQ(key.error().detail.find(pem.substr(40, 16)), std::string::npos);
  }
}

TEST(PublicKeyTest, RefusesOtherBlocksAndMoreThanOne) {
  const TestKey& key = TestKey::Shared(KeyType::kEcdsaP256);
  EXPECT_THAT(PublicKey::Parse(PemOf("CERTIFICATE", key.spki())), FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::Parse(PemOf("EC PUBLIC KEY", key.spki())), FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::Parse(PemOf("RSA PUBLIC KEY", key.spki())), FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::Parse(key.public_pem() + key.public_pem()), FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::Parse(key.public_pem() + "trailing"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::Parse(""), FailsWith(Reason::kMalformed));
}

TEST(PublicKeyTest, BoundsThePem) {
  const std::string pem = TestKey::Shared(KeyType::kEcdsaP256).public_pem();
  const std::string full = pem + std::string(kMaxPublicKeyPem - pem.size(), '\n');
  EXPECT_THAT(PublicKey::Parse(full), IsOk());
  EXPECT_THAT(PublicKey::Parse(full + "\n"), FailsWith(Reason::kTooLarge));
}

TEST(PublicKeyTest, ReadsTheBareDerAsStrictly) {
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521,
                             KeyType::kRsa, KeyType::kEd25519}) {
    const TestKey& key = TestKey::Shared(type);
    base::ByteBuffer spki = key.spki();
    const auto read = PublicKey::FromSpki(spki);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->type(), type);
    EXPECT_EQ(read->fingerprint(), key.public_key().fingerprint());
    const base::ByteView message = base::AsBytes("message");
    EXPECT_THAT(read->Verify(message, key.Sign(message), HashAlgorithm::kSha256), IsOk());
    spki.push_back(0);
    EXPECT_THAT(PublicKey::FromSpki(spki), FailsWith(Reason::kMalformed));
  }
  EXPECT_THAT(PublicKey::FromSpki(TestKey::Rsa(1024).spki()), FailsWith(Reason::kWeakKey));
  EXPECT_THAT(PublicKey::FromSpki(TestKey::Ec("P-224").spki()),
              FailsWith(Reason::kUnsupportedAlgorithm));
  EXPECT_THAT(PublicKey::FromSpki(base::ByteBuffer(kMaxPublicKeyPem)),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(PublicKey::FromSpki(base::ByteBuffer(kMaxPublicKeyPem + 1)),
              FailsWith(Reason::kTooLarge));
}

TEST(HashAlgorithmTest, ParsesTheFourNamesInAnyCase) {
  for (const HashAlgorithm hash : kAllHashes) {
    EXPECT_THAT(ParseHashAlgorithm(HashAlgorithmName(hash)), IsOkAndHolds(hash));
  }
  EXPECT_THAT(ParseHashAlgorithm("SHA256"), IsOkAndHolds(HashAlgorithm::kSha256));
  EXPECT_THAT(ParseHashAlgorithm("Sha512"), IsOkAndHolds(HashAlgorithm::kSha512));
}

TEST(HashAlgorithmTest, RefusesOthersByName) {
  for (const std::string name :
       {"", "sha1", "sha-256", "sha256 ", "md5", "sha3-256", "ed25519ph"}) {
    const base::Result<HashAlgorithm> hash = ParseHashAlgorithm(name);
    ASSERT_THAT(hash, FailsWith(Reason::kUnsupportedAlgorithm)) << name;
    EXPECT_NE(hash.error().detail.find(name), std::string::npos);
  }
  EXPECT_THAT(ParseHashAlgorithm("sha256" + std::string(100000, 'x')),
              FailsWith(Reason::kUnsupportedAlgorithm));
}

TEST(WarmUpTest, PassesItsSelfTest) {
  EXPECT_THAT(WarmUp(), IsOk());
}

}  // namespace
}  // namespace sigward::verifier
