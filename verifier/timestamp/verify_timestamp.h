#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/bundle.h"
#include "verifier/timestamp/stamp_checks.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Witness: this authority says that the signature existed at this time. Only VerifyTimestamp makes
/// one.
class VerifiedTimestamp {
 public:
  Time time() const { return time_; }
  /// One of the authorities that were given, which must outlive this.
  const CertificateAuthority& authority() const { return *authority_; }

 private:
  friend base::Result<VerifiedTimestamp> VerifyTimestamp(
      base::ByteView token, base::ByteView signature,
      std::span<const CertificateAuthority> authorities, StampChecks& checks);
  VerifiedTimestamp(Time time, const CertificateAuthority& authority)
      : time_(time), authority_(&authority) {}
  Time time_;
  const CertificateAuthority* authority_;
};

/// Verifies TOKEN, a DER TimeStampResp (RFC 3161) of at most kMaxTimestampBytes, over the bytes of
/// SIGNATURE, by one of AUTHORITIES:
/// - the imprint is SIGNATURE's SHA-256, SHA-384 or SHA-512;
/// - the signer is who the token's only SignerInfo names and whose certificate the signed
///   attributes name by hash. Where an authority's first certificate is no CA, that is the signer,
///   whatever the token carries; where it is one, the signer's certificate comes with the token;
/// - the chain leads to the authority's last certificate as of the stamped time
///   (FollowTimestampChain), which lies in the authority's window, both ends included.
/// CHECKS bounds the work of the whole question. Fails with kTooLarge, also when no check is left,
/// kMalformed, kUnsupportedAlgorithm, kUnsupportedFormat; kTimestampInvalid: not granted, not of
/// this signature, not signed by the signer; kUntrustedCertificate: no authority knows the signer,
/// or the certificate is not for this; kExpired: stamped outside the window, or when a certificate
/// was not valid; kInternal.
base::Result<VerifiedTimestamp> VerifyTimestamp(base::ByteView token, base::ByteView signature,
                                                std::span<const CertificateAuthority> authorities,
                                                StampChecks& checks);

/// Verifies all time stamps of one evidence, at most kMaxTimestamps. Those that fail are let pass
/// as long as THRESHOLD different authorities remain; of instances of a trusted root, those with
/// the same operator, the same address or the same anchor are one authority. Every time that is
/// returned is trusted, so whatever is to be valid must be valid at each of them.
///
/// Fails with kTooLarge, also when no check is left, kMalformed (the same time stamp twice), or
/// below the threshold: the first failure's Reason, and kNoTrustedTime where none failed.
base::Result<std::vector<VerifiedTimestamp>> VerifyTimestamps(
    std::span<const base::ByteBuffer> tokens, base::ByteView signature,
    std::span<const CertificateAuthority> authorities, std::size_t threshold, StampChecks& checks);

}  // namespace sigward::verifier
