#include "verifier/certificate/certificate_stack.h"

namespace sigward::verifier {

CertificateStackPtr StackOf(std::span<const Certificate* const> certificates) {
  CertificateStackPtr stack(sk_X509_new_null());
  for (const Certificate* certificate : certificates) {
    if (stack == nullptr || sk_X509_push(stack.get(), certificate->x509()) <= 0) {
      return nullptr;
    }
  }
  return stack;
}

}  // namespace sigward::verifier
