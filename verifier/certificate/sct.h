#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/certificate/chain.h"
#include "verifier/transparency/transparency_log.h"

namespace sigward::verifier {

/// Promises in one certificate. Fulcio writes one.
inline constexpr std::size_t kMaxScts = 16;

/// A signed certificate timestamp (RFC 6962 §3.2), as views into its list. Not yet believed.
struct Sct {
  base::ByteView log_id;
  /// Milliseconds since 1970.
  std::uint64_t timestamp = 0;
  base::ByteView extensions;
  /// HashAlgorithm and SignatureAlgorithm of RFC 5246 §7.4.1.4.1.
  std::uint8_t hash_algorithm = 0;
  std::uint8_t signature_algorithm = 0;
  base::ByteView signature;
};

/// Parses a SignedCertificateTimestampList (RFC 6962 §3.3): 1 to kMaxScts SCTs of version 1, no
/// byte left over anywhere. Fails with kSctInvalid.
base::Result<std::vector<Sct>> ParseSctList(base::ByteView list);

/// Witness: so many logs promised to publish the certificate. Only VerifyScts makes one.
class VerifiedScts {
 public:
  /// Logs of different operators; logs whose operator the trust root does not say count one each.
  std::size_t logs() const { return logs_; }

 private:
  friend base::Result<VerifiedScts> VerifyScts(const VerifiedChain& chain,
                                               std::span<const TransparencyLog> logs,
                                               std::size_t threshold);
  explicit VerifiedScts(std::size_t logs) : logs_(logs) {}
  std::size_t logs_;
};

/// Verifies the SCTs that are embedded in the chain's leaf, over the pre-certificate that it was
/// made of and with the issuer that signed it (RFC 6962 §3.2), by the keys of LOGS. An SCT of a log
/// that is not among them, or from outside its window, does not count; one of a log that is, and
/// that does not verify, fails the whole. SHA-256, or the hash that the log's key details say. At
/// least THRESHOLD (1 or more) different logs must have promised. Fails with kSctInvalid.
base::Result<VerifiedScts> VerifyScts(const VerifiedChain& chain,
                                      std::span<const TransparencyLog> logs, std::size_t threshold);

}  // namespace sigward::verifier
