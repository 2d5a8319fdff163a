#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/timestamp/algorithms.h"
#include "verifier/timestamp/tst_info.h"

namespace sigward::verifier {

/// Longest time stamp that is parsed, in bytes of DER.
inline constexpr std::size_t kMaxTimestampBytes = 64U << 10;
/// Certificates that one time stamp may carry along.
inline constexpr std::size_t kMaxTimestampCertificates = 16;

/// How a SignerInfo names its signer (RFC 5652 §5.3): by issuer and serial number, or by key id.
struct SignerName {
  /// DER Name and contents of the INTEGER; empty when the key id is used.
  base::ByteView issuer;
  base::ByteView serial;
  base::ByteView key_id;
};

/// A time stamp, taken apart (RFC 3161 §2.4.2; RFC 5652 §5). The views are into the parsed bytes.
/// Nothing in it is to be believed yet.
struct TimestampToken {
  /// The bytes whose hash message_digest is to be, and what they say.
  base::ByteView signed_content;
  TstInfo info;
  /// DER of the certificates that came along, unparsed: not signed, in no particular order.
  std::vector<base::ByteView> certificates;

  SignerName signer;
  HashAlgorithm digest = HashAlgorithm::kSha256;
  /// The DER SET OF attributes that the signature is over (RFC 5652 §5.4).
  base::ByteBuffer signed_attributes;
  base::ByteView message_digest;
  /// The values of the attributes that name the signer's certificate by its hash (RFC 2634 §5.4,
  /// RFC 5035 §3). At least one is there.
  std::optional<base::ByteView> signing_certificate;
  std::optional<base::ByteView> signing_certificate_v2;
  SignatureAlgorithm algorithm;
  base::ByteView signature;
};

/// Parses exactly one DER TimeStampResp of at most kMaxTimestampBytes. Its status must be granted
/// or grantedWithMods: RFC 3161 §2.4.2 gives a token with both, the status is not signed, and what
/// was modified is looked at here as whatever else the token says. There is exactly one signer,
/// whose signature is over attributes: content type, message digest and at least one that names its
/// certificate (§2.4.2), each once. Revocation lists and unsigned attributes are not looked at.
///
/// Fails with kTooLarge, kMalformed, kUnsupportedAlgorithm, kUnsupportedFormat, or
/// kTimestampInvalid: another status, no signer or several, a missing attribute.
base::Result<TimestampToken> ParseTimestamp(base::ByteView der);

}  // namespace sigward::verifier
