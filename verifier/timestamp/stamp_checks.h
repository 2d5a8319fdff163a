#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/result.h"
#include "verifier/certificate/certificate.h"
#include "verifier/certificate/chain_memory.h"
#include "verifier/evidence.h"
#include "verifier/timestamp/timestamp_token.h"

namespace sigward::verifier {

/// Signatures of time stamps and of their certificates that are verified for one question, whatever
/// its evidence holds. A P-384 signature takes a millisecond, so this is half a second.
inline constexpr std::size_t kMaxStampChecks = 512;
/// Of these, what no signature that stands in front can take from one behind it: two stamps with
/// certificates that nobody has seen yet.
inline constexpr std::size_t kReservedStampChecks = 8;
static_assert(kMaxSignatures * kReservedStampChecks <= kMaxStampChecks);

/// The work that time stamps make while one question is answered: bounded, and each part of it done
/// once. What is remembered is whether a signature is by a key, which does not depend on who is
/// trusted; windows, names and uses are judged anew each time.
class StampChecks {
 public:
  /// CHAINS, which must outlive this, spares links that were verified before.
  explicit StampChecks(ChainMemory& chains) : chains_(&chains) {}

  /// From here on the checks are for a signature behind which LATER others stand, each of which
  /// keeps its kReservedStampChecks.
  void BeginSignature(std::size_t later);

  /// Verifies that ISSUER signed SUBJECT. Fails as VerifyIssued does, or with kTooLarge when no
  /// check is left.
  base::Status CheckIssued(const Certificate& subject, const Certificate& issuer);
  /// Verifies that SIGNER's key signed TOKEN. Fails with kTimestampInvalid or kTooLarge.
  base::Status CheckSigned(const TimestampToken& token, const Certificate& signer);
  /// Keeps a link of a chain that was found to be trusted.
  void Remember(const Certificate& subject, const Certificate& issuer) {
    chains_->Remember(subject, issuer);
  }

  /// A check for the signature at hand failed because none was left.
  bool exhausted() const { return exhausted_; }

 private:
  base::Status Take();

  ChainMemory* chains_;
  std::size_t left_ = kMaxStampChecks;
  /// Of those that are left, what the signature at hand may not take.
  std::size_t kept_back_ = 0;
  bool exhausted_ = false;
  /// By the content of both: who signed what.
  std::map<base::ByteBuffer, bool> signed_;
};

}  // namespace sigward::verifier
