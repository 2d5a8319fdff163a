#include "verifier/timestamp/timestamp_chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
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

/// The way that OpenSSL found, and what is asked about it.
struct Way {
  const Certificate& signer;
  std::span<const Certificate> known;
  std::span<const Certificate> carried;
  Time time;
  StampChecks& checks;
  std::vector<Certificate> certificates = {};
  std::optional<base::Error> error = {};

  Status Check(const STACK_OF(X509) * built) {
    for (int i = 0; i < sk_X509_num(built); ++i) {
      const Certificate* certificate = i == 0 ? &signer : Find(sk_X509_value(built, i));
      if (certificate == nullptr) {
        return Internal();
      }
      if (!certificate->validity().Contains(time)) {
        const auto& start = certificate->validity().start;
        return base::Fail(Reason::kExpired,
                          start && time < *start
                              ? "a certificate was not yet valid at the stamped time"
                              : "a certificate had expired at the stamped time");
      }
      certificates.push_back(*certificate);
    }
    for (std::size_t i = certificates.size(); i-- > 1;) {
      SIGWARD_RETURN_IF_ERROR(checks.CheckIssued(certificates[i - 1], certificates[i]));
    }
    return base::Ok();
  }

 private:
  const Certificate* Find(const X509* x509) const {
    for (const std::span<const Certificate> part : {known, carried}) {
      for (const Certificate& certificate : part) {
        if (certificate.x509() == x509) {
          return &certificate;
        }
      }
    }
    return nullptr;
  }
};

/// In place of OpenSSL's own check of signatures and times, which remembers nothing and takes a
/// certificate for expired in the very second of its notAfter, though that belongs to its validity
/// (RFC 5280 §4.1.2.5).
int CheckWay(X509_STORE_CTX* context) noexcept {
  auto* way = static_cast<Way*>(X509_STORE_CTX_get_app_data(context));
  const Status status = way->Check(X509_STORE_CTX_get0_chain(context));
  if (status.ok()) {
    return 1;
  }
  way->error = status.error();
  X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

}  // namespace

bool IsAuthority(const Certificate& certificate) {
  return (X509_get_extension_flags(certificate.x509()) & EXFLAG_CA) != 0;
}

Result<std::vector<Certificate>> FollowTimestampChain(const Certificate& signer,
                                                      std::span<const Certificate> carried,
                                                      const CertificateAuthority& authority,
                                                      Time time, StampChecks& checks) {
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
  Way way{signer, known, carried, time, checks};
  X509_STORE_CTX_set_app_data(context.get(), &way);
  X509_STORE_CTX_set_verify(context.get(), CheckWay);
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
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (way.error) {
    return *std::move(way.error);
  }
  if (!verified || way.certificates.empty()) {
    return Untrusted(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  }
  for (std::size_t i = 1; i < way.certificates.size(); ++i) {
    SIGWARD_RETURN_IF_ERROR(CheckIssuer(way.certificates[i]));
  }
  for (std::size_t i = 1; i < way.certificates.size(); ++i) {
    checks.Remember(way.certificates[i - 1], way.certificates[i]);
  }
  return std::move(way.certificates);
}

}  // namespace sigward::verifier
