#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "verifier/certificate/certificate.h"

namespace sigward::verifier {

/// Longest subject, issuer or claim, in bytes.
inline constexpr std::size_t kMaxIdentityText = 2048;

/// Which kind of subject alternative name a certificate gives.
enum class SubjectType : std::uint8_t { kEmail = 1, kUri, kOtherName };

/// Who a Fulcio certificate was issued to.
struct CertificateIdentity {
  /// The one subject alternative name.
  std::string subject;
  SubjectType subject_type = SubjectType::kUri;
  /// The OpenID Connect issuer that vouched for the subject.
  std::string issuer;
  /// What else the issuer said of a workload, under Fulcio's names: githubWorkflowTrigger,
  /// sourceRepositoryURI … A claim that the certificate does not carry is not in it, which is
  /// something else than an empty one.
  std::map<std::string, std::string, std::less<>> claims;
};

/// Reads whom LEAF was issued to (Fulcio's certificate specification and OID register). Believe it
/// for a leaf of a VerifiedChain only. Exactly one subject alternative name, which is an e-mail
/// address, a URI or Fulcio's otherName (1.3.6.1.4.1.57264.1.7); the issuer in .8 as DER or, in
/// older certificates, in .1 as bare bytes, and the same where both are there. Each text is
/// well-formed UTF-8 of at most kMaxIdentityText bytes without a zero byte; subject and issuer are
/// not empty and have no control characters. Fails with kMalformed or kTooLarge.
base::Result<CertificateIdentity> ReadCertificateIdentity(const Certificate& leaf);

}  // namespace sigward::verifier
