#pragma once

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <span>

#include "verifier/certificate/certificate.h"
#include "verifier/ossl.h"

namespace sigward::verifier {

/// The level of X509_VERIFY_PARAM for 112 bits of security: no SHA-1, no RSA below 2048.
inline constexpr int kSecurityLevel = 2;

/// Frees the stack; the certificates in it are owned by others.
struct FreeStackAlone {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using CertificateStackPtr = std::unique_ptr<STACK_OF(X509), FreeStackAlone>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OsslDeleter<X509_STORE_CTX_free>>;

/// CERTIFICATES, which must outlive it, in the form that OpenSSL's path validation takes. Null when
/// there is no memory for it.
CertificateStackPtr StackOf(std::span<const Certificate* const> certificates);

}  // namespace sigward::verifier
