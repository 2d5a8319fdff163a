#pragma once

#include "base/result.h"
#include "verifier/certificate/certificate.h"

namespace sigward::verifier {

/// That ISSUER may sign certificates (a CA by its basic constraints, and by its key usage where it
/// has one) and that SUBJECT's signature is by its key (RFC 5280 §6.1.3 (a)(1)). Nothing else of
/// the path is looked at. Fails with kUntrustedCertificate.
base::Status VerifyIssued(const Certificate& subject, const Certificate& issuer);

}  // namespace sigward::verifier
