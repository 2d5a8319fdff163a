#include "verifier/certificate/certificate_signature.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace sigward::verifier {
namespace {

// X509_check_ca for a CA by its basic constraints. It is 0 where a key usage is there without
// keyCertSign; its other answers are guesses about certificates older than basic constraints.
constexpr int kCaByBasicConstraints = 1;

}  // namespace

base::Status VerifyIssued(const Certificate& subject, const Certificate& issuer) {
  const auto untrusted = [](const char* what) {
    ERR_clear_error();
    return base::Fail(base::Reason::kUntrustedCertificate, what);
  };
  if (X509_check_ca(issuer.x509()) != kCaByBasicConstraints) {
    return untrusted("the certificate's issuer is no certificate authority");
  }
  EVP_PKEY* key = X509_get0_pubkey(issuer.x509());
  // Anything but 1 is no signature.
  if (key == nullptr || X509_verify(subject.x509(), key) != 1) {
    return untrusted("the certificate's signature is not by its issuer");
  }
  return base::Ok();
}

}  // namespace sigward::verifier
