#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "verifier/public_key.h"

namespace sigward::testing {

/// A private key made in the test, so that signatures are real ones.
class TestKey {
 public:
  /// CURVE as OpenSSL names it: "P-256", "secp256k1" …
  static TestKey Ec(const char* curve);
  static TestKey Rsa(unsigned int bits = 2048);
  static TestKey Ed25519();
  /// One key per kind for the whole test program.
  static const TestKey& Shared(verifier::KeyType type);
  /// Another key than Shared of the same kind.
  static const TestKey& Stranger();

  /// SubjectPublicKeyInfo as OpenSSL writes it.
  base::ByteBuffer spki() const;
  std::string public_pem() const;
  std::string private_pem() const;
  verifier::PublicKey public_key() const;

  base::ByteBuffer Sign(base::ByteView message,
                        verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256) const;

  /// RSASSA-PSS with SHA-256, whose salt has SALT_BYTES; MGF1's hash as OpenSSL names it.
  base::ByteBuffer SignPss(base::ByteView message, int salt_bytes = 32,
                           const char* mgf1_hash = "SHA256") const;

  EVP_PKEY* get() const { return key_.get(); }

 private:
  explicit TestKey(EVP_PKEY* key);
  std::shared_ptr<EVP_PKEY> key_;
};

/// A PEM block with 64 characters a line.
std::string PemOf(const std::string& label, base::ByteView der);

}  // namespace sigward::testing
