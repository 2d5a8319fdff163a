#include "verifier/ossl.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include <array>

namespace sigward::verifier {
namespace {

OSSL_LIB_CTX* MakeLibrary() {
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    base::AbortOnMisuse("OpenSSL cannot be initialised");
  }
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  if (library == nullptr || OSSL_PROVIDER_load(library, "default") == nullptr) {
    base::AbortOnMisuse("OpenSSL's default provider cannot be loaded");
  }
  return library;
}

EVP_MD* Fetch(HashAlgorithm algorithm) {
  EVP_MD* digest = EVP_MD_fetch(Library(), OsslDigestName(algorithm), nullptr);
  if (digest == nullptr) {
    base::AbortOnMisuse("OpenSSL has no SHA-2");
  }
  return digest;
}

}  // namespace

OSSL_LIB_CTX* Library() {
  static OSSL_LIB_CTX* const library = MakeLibrary();
  return library;
}

const char* OsslDigestName(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha224:
      return "SHA2-224";
    case HashAlgorithm::kSha256:
      return "SHA2-256";
    case HashAlgorithm::kSha384:
      return "SHA2-384";
    case HashAlgorithm::kSha512:
      return "SHA2-512";
  }
  base::AbortOnMisuse("unknown hash algorithm");
}

const EVP_MD* FetchedDigest(HashAlgorithm algorithm) {
  static const std::array<EVP_MD*, 4> digests = {
      Fetch(HashAlgorithm::kSha224), Fetch(HashAlgorithm::kSha256), Fetch(HashAlgorithm::kSha384),
      Fetch(HashAlgorithm::kSha512)};
  return digests.at(static_cast<std::size_t>(algorithm) - 1);
}

base::ByteBuffer HashOf(base::ByteView bytes, HashAlgorithm hash) {
  base::ByteBuffer out(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, FetchedDigest(hash), nullptr) !=
      1) {
    base::AbortOnMisuse("a digest cannot be computed");
  }
  out.resize(size);
  return out;
}

}  // namespace sigward::verifier
