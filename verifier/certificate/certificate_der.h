#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/der.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// What is read of a certificate without OpenSSL, as views into its DER.
struct CertificateDer {
  /// The contents of the TBSCertificate up to the extensions ([3]), which are its last element.
  base::ByteView before_extensions;
  base::ByteView issuer;
  base::ByteView subject;
  base::ByteView spki;
  Validity validity;
  std::vector<Extension> extensions;
};

/// Reads exactly one DER certificate (RFC 5280 §4.1). Its signature is not looked at. Fails with
/// kMalformed, also for an extension that stands twice (§4.2), or with kTooLarge.
base::Result<CertificateDer> ReadCertificateDer(base::ByteView der);

/// The moment of a UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 allows:
/// whole seconds, Z at the end. Fails with kMalformed.
base::Result<Time> ReadCertificateTime(DerItem item);

}  // namespace sigward::verifier
