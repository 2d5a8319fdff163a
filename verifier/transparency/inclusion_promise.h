#pragma once

#include <cstdint>

#include "base/result.h"
#include "verifier/transparency/log_entry.h"
#include "verifier/transparency/transparency_log.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Largest number that the canonical JSON of a promise can carry (RFC 8785 §3.2.2.3, I-JSON).
inline constexpr std::uint64_t kMaxPromisedNumber = (std::uint64_t{1} << 53U) - 1;

/// Witness: the log promised at this time to include the entry. Only VerifyInclusionPromise makes
/// one.
class VerifiedPromise {
 public:
  /// The log's own clock, signed with the entry.
  Time time() const { return time_; }

 private:
  friend base::Result<VerifiedPromise> VerifyInclusionPromise(const LogEntry&,
                                                              const TransparencyLog&);
  explicit VerifiedPromise(Time time) : time_(time) {}
  Time time_;
};

/// Verifies ENTRY's signed entry timestamp (SET) of Rekor v1: a signature by LOG's key over the
/// canonical JSON (RFC 8785) of body, integratedTime, logID and logIndex. The log's id must be the
/// entry's and its window must contain the integrated time.
///
/// Fails with kNotLogged (no promise, no time, another log, a time outside the window, a signature
/// that does not verify) or kMalformed (a number beyond kMaxPromisedNumber, or before 1970).
base::Result<VerifiedPromise> VerifyInclusionPromise(const LogEntry& entry,
                                                     const TransparencyLog& log);

}  // namespace sigward::verifier
