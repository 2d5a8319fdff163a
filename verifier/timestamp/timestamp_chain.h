#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/timestamp/stamp_checks.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// True when CERTIFICATE may issue others (basicConstraints cA, RFC 5280 §4.2.1.9).
bool IsAuthority(const Certificate& certificate);

/// Follows SIGNER to the last certificate of AUTHORITY, as of TIME: every certificate on the way
/// valid then, the anchor too; the signer no authority itself and for time stamping alone (RFC 3161
/// §2.3: extended key usage critical and nothing but timeStamping), every authority on the way not
/// limited to other uses; no SHA-1, no critical extension that nobody knows. CARRIED help to find
/// the way and are trusted for nothing. Who signed whom is asked of CHECKS. Returns the
/// certificates on the way, SIGNER first. Fails with kUntrustedCertificate, kExpired, kTooLarge or
/// kInternal.
base::Result<std::vector<Certificate>> FollowTimestampChain(const Certificate& signer,
                                                            std::span<const Certificate> carried,
                                                            const CertificateAuthority& authority,
                                                            Time time, StampChecks& checks);

}  // namespace sigward::verifier
