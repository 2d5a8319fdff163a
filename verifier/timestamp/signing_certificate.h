#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/public_key.h"
#include "verifier/trust/certificate_authority.h"

namespace sigward::verifier {

/// A certificate named by its hash (ESSCertID of RFC 2634 §5.4.1, ESSCertIDv2 of RFC 5035 §4). The
/// views are into the parsed bytes.
struct CertificateId {
  /// Absent for SHA-1, which ESSCertID has for good. It only picks among certificates that a chain
  /// leads from to a trusted authority; nobody gains by a collision.
  std::optional<HashAlgorithm> hash;
  base::ByteView digest;
  /// The DER GeneralNames and the contents of the INTEGER; both empty when they are not said.
  base::ByteView issuer;
  base::ByteView serial;

  /// True when this is CERTIFICATE: its hash, and issuer and serial number where they are said.
  bool Names(const Certificate& certificate) const;
  /// True when DER has the hash: what need not be parsed to see that it is another.
  bool HasHashOf(base::ByteView der) const;
};

enum class SigningCertificateVersion : std::uint8_t { kV1 = 1, kV2 };

/// Parses the values of a signing-certificate attribute: one SigningCertificate (RFC 2634 §5.4) or
/// SigningCertificateV2 (RFC 5035 §3) of 1 to kMaxChainLength certificates, the signer's first.
/// Fails with kMalformed, kTooLarge or kUnsupportedAlgorithm.
base::Result<std::vector<CertificateId>> ParseSigningCertificate(base::ByteView values,
                                                                 SigningCertificateVersion version);

/// The contents of its serial number's INTEGER.
base::ByteBuffer SerialOf(const Certificate& certificate);

}  // namespace sigward::verifier
