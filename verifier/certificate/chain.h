#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/certificate/chain_memory.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Intermediates that one piece of evidence may bring, and trusted times of one signature.
inline constexpr std::size_t kMaxEvidenceIntermediates = kMaxChainLength;
inline constexpr std::size_t kMaxTrustedTimes = 64;

/// Witness: this leaf is a code signing certificate of this authority, and the whole chain was
/// valid at every time that was asked about. Only VerifyChain makes one.
class VerifiedChain {
 public:
  const Certificate& leaf() const { return leaf_; }
  /// Whose key signed the leaf.
  const Certificate& issuer() const { return issuer_; }
  /// One of the authorities that were given; lives as long as they do.
  const CertificateAuthority& authority() const { return *authority_; }

 private:
  friend class ChainVerification;
  VerifiedChain(Certificate leaf, Certificate issuer, const CertificateAuthority* authority)
      : leaf_(std::move(leaf)), issuer_(std::move(issuer)), authority_(authority) {}
  Certificate leaf_;
  Certificate issuer_;
  const CertificateAuthority* authority_;
};

/// Verifies the chain of a code signing LEAF to one of AUTHORITIES in the hybrid model of
/// sigstore's client-spec §4.3: every certificate of the chain, and the authority's window, must
/// hold at each of TIMES, however long that is past. Path validation is that of RFC 5280 §6, by
/// OpenSSL, with name and policy constraints, path lengths, unknown critical extensions refused; no
/// revocation.
///
/// The last certificate of an authority is its anchor and need not be self-signed; no other is ever
/// trusted for itself. INTERMEDIATES are what the evidence brought: under an authority that
/// is its anchor alone they may stand between, and are held to all of the above; where an authority
/// names intermediates, no others are its. Besides that the leaf must not be a CA, must have the
/// key usage digitalSignature and the extended key usage codeSigning; a CA that has an extended key
/// usage must allow code signing; a pre-certificate (RFC 6962 §3.1) is refused; signatures and keys
/// below 112 bits of security are.
///
/// Fails with kUntrustedCertificate; with kExpired where all but a time was right; with
/// kNoTrustedTime when TIMES is empty; with kTooLarge.
base::Result<VerifiedChain> VerifyChain(const Certificate& leaf,
                                        std::span<const Certificate> intermediates,
                                        std::span<const CertificateAuthority> authorities,
                                        std::span<const Time> times, ChainMemory& memory);

}  // namespace sigward::verifier
