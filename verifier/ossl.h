#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <memory>

#include "verifier/public_key.h"

namespace sigward::verifier {

template <auto Free>
struct OsslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BignumPtr = std::unique_ptr<BIGNUM, OsslDeleter<BN_free>>;
using EvpKeyPtr = std::unique_ptr<EVP_PKEY, OsslDeleter<EVP_PKEY_free>>;
using EvpKeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, OsslDeleter<EVP_PKEY_CTX_free>>;
using EvpDigestPtr = std::unique_ptr<EVP_MD, OsslDeleter<EVP_MD_free>>;
using EvpDigestContextPtr = std::unique_ptr<EVP_MD_CTX, OsslDeleter<EVP_MD_CTX_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OsslDeleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OsslDeleter<OSSL_PARAM_free>>;

/// The library context that everything here runs in: its own, with the default provider and without
/// any configuration file, so that nothing on the machine can swap an algorithm. Set up at the
/// first call and kept for the life of the process; ends the process when that is impossible.
OSSL_LIB_CTX* Library();

/// The digest, fetched once.
const EVP_MD* FetchedDigest(HashAlgorithm algorithm);

/// The name by which OpenSSL knows the digest.
const char* OsslDigestName(HashAlgorithm algorithm);

/// HASH over BYTES. Ends the process when the digest cannot be computed: going on would mean to
/// compare with something that nobody hashed.
base::ByteBuffer HashOf(base::ByteView bytes, HashAlgorithm hash);

}  // namespace sigward::verifier
