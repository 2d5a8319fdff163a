#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verifier/certificate/certificate.h"

namespace sigward::verifier {

/// Certificates that one PEM text may hold, and its bytes: as many as the longest chain has, each
/// as long as a certificate may be.
inline constexpr std::size_t kMaxPemCertificates = 8;
inline constexpr std::size_t kMaxCertificatePem =
    kMaxPemCertificates * kMaxCertificateBytes * 3 / 2;

/// Parses 1 to kMaxPemCertificates blocks CERTIFICATE (RFC 7468 §5) and nothing beside them but
/// white space, as cosign's annotations and TrustRoot resources carry them. Fails with kMalformed
/// or kTooLarge. Of `dev.sigstore.cosign/certificate` the first is the leaf, as cosign reads it.
base::Result<std::vector<Certificate>> ParseCertificatesPem(std::string_view text);

}  // namespace sigward::verifier
