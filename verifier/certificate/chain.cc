#include "verifier/certificate/chain.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "verifier/certificate/certificate_signature.h"
#include "verifier/certificate/certificate_stack.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::Error;
using base::Reason;
using base::Result;
using base::Status;

Error Untrusted(std::string what) {
  return base::Fail(Reason::kUntrustedCertificate, std::move(what));
}

Status CheckLeaf(const Certificate& leaf) {
  X509* x509 = leaf.x509();
  const std::uint32_t flags = X509_get_extension_flags(x509);
  if ((flags & EXFLAG_CA) != 0 || X509_check_ca(x509) != 0) {
    return Untrusted("the signing certificate is a certificate authority's");
  }
  if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) == 0) {
    return Untrusted("the signing certificate has no key usage digitalSignature");
  }
  if ((flags & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(x509) & XKU_CODE_SIGN) == 0) {
    return Untrusted("the signing certificate has no extended key usage codeSigning");
  }
  if (X509_get_ext_by_NID(x509, NID_ct_precert_poison, -1) >= 0) {
    return Untrusted("the signing certificate is a pre-certificate");
  }
  return base::Ok();
}

/// What an authority says of its own extended key usage bounds what is below it.
Status CheckAuthorityUsage(const Certificate& authority) {
  const std::uint32_t flags = X509_get_extension_flags(authority.x509());
  if ((flags & EXFLAG_XKUSAGE) != 0 &&
      (X509_get_extended_key_usage(authority.x509()) & (XKU_CODE_SIGN | XKU_ANYEKU)) == 0) {
    return Untrusted("a certificate authority of the chain is not for code signing");
  }
  return base::Ok();
}

/// Nothing that evidence brings can make memory so short.
CertificateStackPtr StackOrAbort(std::span<const Certificate* const> certificates) {
  CertificateStackPtr stack = StackOf(certificates);
  if (stack == nullptr) {
    base::AbortOnMisuse("no memory for a certificate chain");
  }
  return stack;
}

}  // namespace

/// One leaf, tried against one authority.
class ChainVerification {
 public:
  ChainVerification(const Certificate& leaf, std::span<const Certificate> intermediates,
                    const CertificateAuthority& authority, std::span<const Time> times,
                    ChainMemory& memory)
      : leaf_(leaf), authority_(authority), times_(times), memory_(memory) {
    // The authority's own come first: where a name fits several, they are preferred.
    for (std::size_t i = 0; i + 1 < authority.chain.size(); ++i) {
      untrusted_.push_back(&authority.chain[i]);
    }
    // An authority that names its intermediates trusts no others of the same root: leaving one out
    // is how it is revoked.
    if (authority.chain.size() == 1) {
      for (const Certificate& intermediate : intermediates) {
        untrusted_.push_back(&intermediate);
      }
    }
  }

  Result<VerifiedChain> Run() {
    SIGWARD_RETURN_IF_ERROR(BuildPath());
    for (std::size_t i = 1; i < path_.size(); ++i) {
      SIGWARD_RETURN_IF_ERROR(CheckAuthorityUsage(*path_[i]));
    }
    for (const Time time : times_) {
      if (!authority_.validity.Contains(time)) {
        return base::Fail(Reason::kExpired,
                          "the certificate authority is not trusted at the time of signing");
      }
    }
    for (std::size_t i = 1; i + 1 < path_.size(); ++i) {
      memory_.Remember(*path_[i], *path_[i + 1]);
    }
    return VerifiedChain(leaf_, *path_[1], &authority_);
  }

 private:
  /// OpenSSL builds the path and judges everything but signatures and times, which it leaves to
  /// CheckLinks: it knows one time and no memory.
  Status BuildPath() {
    const Certificate* const anchor = &authority_.chain.back();
    const CertificateStackPtr anchors = StackOrAbort({&anchor, 1});
    const CertificateStackPtr untrusted = StackOrAbort(untrusted_);
    const StoreContextPtr context(X509_STORE_CTX_new_ex(Library(), nullptr));
    if (context == nullptr ||
        X509_STORE_CTX_init(context.get(), nullptr, leaf_.x509(), untrusted.get()) != 1) {
      ERR_clear_error();
      return base::Fail(Reason::kInternal, "a certificate check cannot be set up");
    }
    X509_STORE_CTX_set0_trusted_stack(context.get(), anchors.get());
    X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
    // Without a time OpenSSL would ask the clock, and choose issuers by it.
    X509_VERIFY_PARAM_set_time(param, times_.front().time_since_epoch().count());
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK);
    // RFC 5280 §6.1.1 (c): any policy will do, where an authority demands one.
    X509_VERIFY_PARAM_add0_policy(param, OBJ_nid2obj(NID_any_policy));
    X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kMaxChainLength));
    X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
    X509_STORE_CTX_set_app_data(context.get(), this);
    X509_STORE_CTX_set_verify(context.get(), &ChainVerification::CheckLinks);
    const bool verified = X509_verify_cert(context.get()) == 1;
    ERR_clear_error();
    if (error_) {
      return *error_;
    }
    if (!verified || path_.empty()) {
      return Untrusted(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
    }
    return base::Ok();
  }

  static int CheckLinks(X509_STORE_CTX* context) noexcept {
    auto* self = static_cast<ChainVerification*>(X509_STORE_CTX_get_app_data(context));
    const Status status = self->CheckPath(X509_STORE_CTX_get0_chain(context));
    if (status.ok()) {
      return 1;
    }
    self->error_ = status.error();
    X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }

  Status CheckPath(STACK_OF(X509) * chain) {
    for (int i = 0; i < sk_X509_num(chain); ++i) {
      path_.push_back(Known(sk_X509_value(chain, i)));
    }
    // A leaf that is its own anchor has no issuer.
    if (path_.size() < 2 || path_.size() > kMaxChainLength + 1 ||
        path_.back() != &authority_.chain.back()) {
      return Untrusted("the certificate chain does not end at its authority");
    }
    for (std::size_t i = path_.size() - 1; i > 0; --i) {
      if (i == 1 || !memory_.Knows(*path_[i - 1], *path_[i])) {
        SIGWARD_RETURN_IF_ERROR(VerifyIssued(*path_[i - 1], *path_[i]));
      }
    }
    for (const Certificate* certificate : path_) {
      for (const Time time : times_) {
        if (!certificate->validity().Contains(time)) {
          return base::Fail(Reason::kExpired,
                            certificate == &leaf_
                                ? "the signing certificate is not valid at the time of signing"
                                : "an authority's certificate is not valid at the time of signing");
        }
      }
    }
    return base::Ok();
  }

  const Certificate* Known(const X509* x509) const {
    if (leaf_.x509() == x509) {
      return &leaf_;
    }
    if (authority_.chain.back().x509() == x509) {
      return &authority_.chain.back();
    }
    for (const Certificate* certificate : untrusted_) {
      if (certificate->x509() == x509) {
        return certificate;
      }
    }
    base::AbortOnMisuse("a certificate chain holds what nobody put there");
  }

  const Certificate& leaf_;
  const CertificateAuthority& authority_;
  std::span<const Time> times_;
  ChainMemory& memory_;
  std::vector<const Certificate*> untrusted_;
  /// From the leaf to the anchor.
  std::vector<const Certificate*> path_;
  std::optional<Error> error_;
};

Result<VerifiedChain> VerifyChain(const Certificate& leaf,
                                  std::span<const Certificate> intermediates,
                                  std::span<const CertificateAuthority> authorities,
                                  std::span<const Time> times, ChainMemory& memory) {
  if (times.empty()) {
    return base::Fail(Reason::kNoTrustedTime, "nothing says when the signature was made");
  }
  if (intermediates.size() > kMaxEvidenceIntermediates || times.size() > kMaxTrustedTimes) {
    return base::Fail(Reason::kTooLarge, "more than " + std::to_string(kMaxEvidenceIntermediates) +
                                             " intermediates or " +
                                             std::to_string(kMaxTrustedTimes) + " times");
  }
  SIGWARD_RETURN_IF_ERROR(CheckLeaf(leaf));
  Error furthest = Untrusted("no certificate authority is trusted");
  bool tried = false;
  for (const CertificateAuthority& authority : authorities) {
    Result<VerifiedChain> chain =
        ChainVerification(leaf, intermediates, authority, times, memory).Run();
    if (chain.ok()) {
      return chain;
    }
    // That only a time was wrong says more than that another authority did not issue the leaf.
    if (!tried ||
        (chain.error().reason == Reason::kExpired && furthest.reason != Reason::kExpired)) {
      furthest = std::move(chain).error();
    }
    tried = true;
  }
  return furthest;
}

}  // namespace sigward::verifier
