// A key that is taken is one that OpenSSL reads from the same bytes and writes back unchanged: what
// is read here is a subset of DER, never another reading. The input is PEM, or bare DER behind "D".

#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/base64.h"
#include "test_key.h"
#include "verifier/pem.h"
#include "verifier/public_key.h"

namespace {

using sigward::verifier::HashAlgorithm;
using sigward::verifier::PublicKey;

void CheckAgainstOpenSsl(const sigward::base::ByteBuffer& der) {
  const unsigned char* at = der.data();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  unsigned char* written = nullptr;
  const int size = key == nullptr ? -1 : i2d_PUBKEY(key, &written);
  if (size < 0 || at != der.data() + der.size() ||
      sigward::base::ByteBuffer(written, written + size) != der) {
    std::abort();
  }
  OPENSSL_free(written);
  EVP_PKEY_free(key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sigward::base::ByteView input(data, size);
  const std::string pem = size > 0 && data[0] == 'D'
                              ? sigward::testing::PemOf("PUBLIC KEY", input.subspan(1))
                              : std::string(sigward::base::AsText(input));
  const auto key = PublicKey::Parse(pem);
  if (!key.ok()) {
    return 0;
  }
  const auto block = sigward::verifier::ParsePem(pem, sigward::verifier::kMaxPublicKeyPem);
  if (!block.ok() || key->fingerprint().size() != 32 ||
      key->Verify(input, input, HashAlgorithm::kSha256).ok()) {
    std::abort();
  }
  if (block->label == "PUBLIC KEY") {
    CheckAgainstOpenSsl(block->contents);
  }
  return 0;
}
