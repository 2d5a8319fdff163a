#include "verifier/timestamp/timestamp_chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "verifier/certificate/certificate_stack.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using base::Result;
using base::Status;

using KeyUsesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OsslDeleter<EXTENDED_KEY_USAGE_free>>;

base::Error Internal() {
  ERR_clear_error();
  return base::Fail(Reason::kInternal, "a certificate check cannot be set up");
}

base::Error Untrusted(const char* what) {
  return base::Fail(Reason::kUntrustedCertificate, what);
}

/// The extended key usage; null when there is none or it cannot be read, which CRITICAL tells.
KeyUsesPtr KeyUsesOf(const Certificate& certificate, int* critical) {
  KeyUsesPtr uses(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate.x509(), NID_ext_key_usage, critical, nullptr)));
  ERR_clear_error();
  return uses;
}

Status CheckSigner(const Certificate& signer) {
  // The first asks basicConstraints, the second what else makes an authority, such as keyCertSign.
  if (IsAuthority(signer) || X509_check_ca(signer.x509()) != 0) {
    return Untrusted("the signer's certificate is an authority's");
  }
  int critical = 0;
  const KeyUsesPtr uses = KeyUsesOf(signer, &critical);
  if (uses == nullptr || sk_ASN1_OBJECT_num(uses.get()) != 1 ||
      OBJ_obj2nid(sk_ASN1_OBJECT_value(uses.get(), 0)) != NID_time_stamp) {
    return Untrusted("the signer's certificate is not for time stamping alone");
  }
  if (critical != 1) {
    return Untrusted("the signer's certificate does not say critically what it is for");
  }
  return base::Ok();
}

/// OpenSSL asks only the signer's certificate what it is for.
Status CheckIssuer(const Certificate& issuer) {
  constexpr int kAbsent = -1;
  int critical = 0;
  const KeyUsesPtr uses = KeyUsesOf(issuer, &critical);
  if (uses == nullptr) {
    return critical == kAbsent ? base::Ok() : Untrusted("an authority's uses cannot be read");
  }
  for (int i = 0; i < sk_ASN1_OBJECT_num(uses.get()); ++i) {
    const int use = OBJ_obj2nid(sk_ASN1_OBJECT_value(uses.get(), i));
    if (use == NID_time_stamp || use == NID_anyExtendedKeyUsage) {
      return base::Ok();
    }
  }
  return Untrusted("an authority on the way is not for time stamping");
}

base::Error Refusal(int error) {
  ERR_clear_error();
  const bool time = error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
  return base::Fail(time ? Reason::kExpired : Reason::kUntrustedCertificate,
                    X509_verify_cert_error_string(error));
}

/// OpenSSL takes a certificate for expired in the very second of its notAfter, which belongs to its
/// validity (RFC 5280 §4.1.2.5).
int LetLastSecondPass(int ok, X509_STORE_CTX* context) {
  if (ok != 1 && X509_STORE_CTX_get_error(context) == X509_V_ERR_CERT_HAS_EXPIRED) {
    const time_t time = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
    const X509* certificate = X509_STORE_CTX_get_current_cert(context);
    if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), time) == 0) {
      X509_STORE_CTX_set_error(context, X509_V_OK);
      return 1;
    }
  }
  return ok;
}

/// All of FIRST, then all of SECOND.
std::vector<const Certificate*> Listed(std::span<const Certificate> first,
                                       std::span<const Certificate> second) {
  std::vector<const Certificate*> out;
  for (const std::span<const Certificate> part : {first, second}) {
    for (const Certificate& certificate : part) {
      out.push_back(&certificate);
    }
  }
  return out;
}

/// The certificate of one of these lists that OpenSSL put on the way.
const Certificate* Find(const X509* x509, std::span<const Certificate> first,
                        std::span<const Certificate> second) {
  for (const std::span<const Certificate> part : {first, second}) {
    for (const Certificate& certificate : part) {
      if (certificate.x509() == x509) {
        return &certificate;
      }
    }
  }
  return nullptr;
}

}  // namespace

bool IsAuthority(const Certificate& certificate) {
  return (X509_get_extension_flags(certificate.x509()) & EXFLAG_CA) != 0;
}

Result<std::vector<Certificate>> FollowTimestampChain(const Certificate& signer,
                                                      std::span<const Certificate> carried,
                                                      const CertificateAuthority& authority,
                                                      Time time) {
  SIGWARD_RETURN_IF_ERROR(CheckSigner(signer));
  const std::span<const Certificate> known(authority.chain);
  const CertificateStackPtr untrusted = StackOf(Listed(known.first(known.size() - 1), carried));
  const CertificateStackPtr trusted = StackOf(Listed(known.last(1), {}));
  const StoreContextPtr context(X509_STORE_CTX_new_ex(Library(), nullptr));
  if (untrusted == nullptr || trusted == nullptr || context == nullptr ||
      X509_STORE_CTX_init(context.get(), nullptr, signer.x509(), untrusted.get()) != 1) {
    return Internal();
  }
  X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
  X509_STORE_CTX_set_verify_cb(context.get(), LetLastSecondPass);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  // The anchor may be an intermediate or the signer itself. The time is always set, so that nobody
  // looks at a clock.
  X509_VERIFY_PARAM_set_time(param, time.time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kMaxChainLength));
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
      X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_TIMESTAMP_SIGN) != 1) {
    return Internal();
  }
  if (X509_verify_cert(context.get()) != 1) {
    return Refusal(X509_STORE_CTX_get_error(context.get()));
  }
  std::vector<Certificate> way = {signer};
  const STACK_OF(X509)* built = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 1; i < sk_X509_num(built); ++i) {
    const Certificate* certificate = Find(sk_X509_value(built, i), known, carried);
    if (certificate == nullptr) {
      return Internal();
    }
    SIGWARD_RETURN_IF_ERROR(CheckIssuer(*certificate));
    way.push_back(*certificate);
  }
  return way;
}

}  // namespace sigward::verifier
