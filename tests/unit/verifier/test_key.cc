#include "test_key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>

#include "base/base64.h"

namespace sigward::testing {
namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

const char* DigestName(verifier::HashAlgorithm hash) {
  switch (hash) {
    case verifier::HashAlgorithm::kSha224:
      return "SHA224";
    case verifier::HashAlgorithm::kSha256:
      return "SHA256";
    case verifier::HashAlgorithm::kSha384:
      return "SHA384";
    case verifier::HashAlgorithm::kSha512:
      return "SHA512";
  }
  std::abort();
}

base::ByteBuffer SignWith(EVP_PKEY* key, const char* digest, const OSSL_PARAM* params,
                          base::ByteView message) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t size = 0;
  Require(EVP_DigestSignInit_ex(context, nullptr, digest, nullptr, nullptr, key, params) == 1);
  Require(EVP_DigestSign(context, nullptr, &size, message.data(), message.size()) == 1);
  base::ByteBuffer out(size);
  Require(EVP_DigestSign(context, out.data(), &size, message.data(), message.size()) == 1);
  EVP_MD_CTX_free(context);
  out.resize(size);
  return out;
}

}  // namespace

TestKey::TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {
  Require(key != nullptr);
}

TestKey TestKey::Ec(const char* curve) {
  return TestKey(EVP_EC_gen(curve));
}

TestKey TestKey::Rsa(unsigned int bits) {
  return TestKey(EVP_RSA_gen(bits));
}

TestKey TestKey::Ed25519() {
  return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

const TestKey& TestKey::Shared(verifier::KeyType type) {
  static const TestKey p256 = Ec("P-256");
  static const TestKey p384 = Ec("P-384");
  static const TestKey p521 = Ec("P-521");
  static const TestKey rsa = Rsa();
  static const TestKey ed25519 = Ed25519();
  switch (type) {
    case verifier::KeyType::kEcdsaP256:
      return p256;
    case verifier::KeyType::kEcdsaP384:
      return p384;
    case verifier::KeyType::kEcdsaP521:
      return p521;
    case verifier::KeyType::kRsa:
      return rsa;
    case verifier::KeyType::kEd25519:
      return ed25519;
  }
  std::abort();
}

const TestKey& TestKey::Stranger() {
  static const TestKey key = Ec("P-256");
  return key;
}

base::ByteBuffer TestKey::spki() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  Require(size > 0);
  base::ByteBuffer out(der, der + size);
  OPENSSL_free(der);
  return out;
}

std::string TestKey::public_pem() const {
  return PemOf("PUBLIC KEY", spki());
}

std::string TestKey::private_pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  Require(PEM_write_bio_PrivateKey(memory, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

verifier::PublicKey TestKey::public_key() const {
  return std::move(verifier::PublicKey::Parse(public_pem())).value();
}

base::ByteBuffer TestKey::Sign(base::ByteView message, verifier::HashAlgorithm hash) const {
  const char* digest = EVP_PKEY_is_a(key_.get(), "ED25519") == 1 ? nullptr : DigestName(hash);
  return SignWith(key_.get(), digest, nullptr, message);
}

base::ByteBuffer TestKey::SignPss(base::ByteView message, int salt_bytes,
                                  const char* mgf1_hash) const {
  std::string padding = OSSL_PKEY_RSA_PAD_MODE_PSS;
  std::string mgf1 = mgf1_hash;
  const std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding.data(), 0),
      OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_bytes),
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf1.data(), 0),
      OSSL_PARAM_construct_end()};
  return SignWith(key_.get(), "SHA256", params.data(), message);
}

std::string PemOf(const std::string& label, base::ByteView der) {
  constexpr std::size_t kLine = 64;
  const std::string text = base::EncodeBase64(der);
  std::string out = "-----BEGIN " + label + "-----\n";
  for (std::size_t i = 0; i < text.size(); i += kLine) {
    out += text.substr(i, kLine) + "\n";
  }
  return out + "-----END " + label + "-----\n";
}

}  // namespace sigward::testing
