#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "verifier/certificate/certificate.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Certificates of one authority, anchor included.
inline constexpr std::size_t kMaxChainLength = 8;

/// A certificate or time stamp authority that is trusted within a window.
struct CertificateAuthority {
  std::string uri;
  /// From the leaf's issuer (for a time stamp authority: its leaf, where the first is no CA) to the
  /// trust anchor, which need not be self-signed. 1 to kMaxChainLength.
  std::vector<Certificate> chain;
  Validity validity;
  std::string operated_by;
};

}  // namespace sigward::verifier
