#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/trust/certificate_authority.h"

namespace sigward::verifier {

/// Links that a ChainMemory holds; beyond that the oldest is forgotten.
inline constexpr std::size_t kMaxRememberedLinks = 256;

/// Remembers which authority's certificate carries a valid signature by which issuer, by the
/// content of both, so that a chain to a known authority costs the leaf's signature and no other.
/// Whether a signature is valid changes neither with time nor with who is trusted: windows, names,
/// constraints and trust are judged anew for every leaf. Leaves are not remembered. May be used
/// from several threads.
class ChainMemory {
 public:
  /// Fingerprints of a certificate and of its issuer's.
  using Link = std::array<std::uint8_t, 64>;

  /// Verifies the links within AUTHORITY's own chain ahead of the first leaf. Fails with
  /// kUntrustedCertificate where a certificate is not signed by the next.
  base::Status Learn(const CertificateAuthority& authority);
  /// Takes over what another memory has verified (links()), of whoever names the authorities too:
  /// for a process that lives for one leaf.
  void TakeOver(const Link& link);
  std::vector<Link> links() const;

  bool Knows(const Certificate& subject, const Certificate& issuer) const;
  /// Only for links whose signature was verified, in chains that were found to be trusted: so
  /// nothing that evidence makes up takes room here.
  void Remember(const Certificate& subject, const Certificate& issuer);
  std::size_t size() const;

 private:
  static Link LinkOf(const Certificate& subject, const Certificate& issuer);

  mutable std::mutex mutex_;
  std::vector<Link> links_;
  /// Where the next link goes once there are kMaxRememberedLinks.
  std::size_t oldest_ = 0;
};

}  // namespace sigward::verifier
