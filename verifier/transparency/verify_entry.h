#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "verifier/transparency/entry_body.h"
#include "verifier/transparency/log_entry.h"
#include "verifier/transparency/transparency_log.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// What must show that an entry is in its log.
enum class RequiredProof : std::uint8_t {
  /// The inclusion proof and its checkpoint, also where a promise stands beside it.
  kInclusionProof = 1,
  /// A promise or a proof: what cosign's annotations and bundles v0.1 carry is a promise alone.
  kPromiseSuffices,
};

class LoggedEntry;
/// The entry is of a log that the trust root does not know: it proves nothing and breaks nothing.
struct UnknownLog {};

using EntryOutcome = std::variant<LoggedEntry, UnknownLog>;

/// Witness: an entry of a trusted log is about the content that it was held against. Only
/// VerifyLogEntry makes one.
class LoggedEntry {
 public:
  /// One of the logs that were given to VerifyLogEntry, which must outlive this.
  const TransparencyLog& log() const { return *logs_.front(); }
  /// That one, and where no promise says the time, all others that the entry verifies by: a trust
  /// root may name one log several times, with windows that follow each other.
  const std::vector<const TransparencyLog*>& instances() const { return logs_; }
  /// When the log had it: present only where a promise (SET) says so, the one thing that signs it.
  std::optional<Time> trusted_time() const { return trusted_time_; }
  /// What the entry says about that, signed or not. No source of time; a certificate that is not
  /// valid then was not the one that signed.
  std::optional<Time> claimed_time() const { return claimed_time_; }

 private:
  friend base::Result<EntryOutcome> VerifyLogEntry(const LogEntry&, const LoggedContent&,
                                                   std::span<const TransparencyLog>, RequiredProof);
  LoggedEntry(std::vector<const TransparencyLog*> logs, std::optional<Time> trusted,
              std::optional<Time> claimed)
      : logs_(std::move(logs)), trusted_time_(trusted), claimed_time_(claimed) {}
  /// Never empty.
  std::vector<const TransparencyLog*> logs_;
  std::optional<Time> trusted_time_;
  std::optional<Time> claimed_time_;
};

/// Verifies one entry against those of LOGS whose id, or checkpoint key id, it names: promise
/// (where there is one), proof with checkpoint (where there is one, or PROOF demands it), and that
/// its body is about CONTENT (sigstore's client-spec §4.2.2 and §4.4, rekor-v2-spec §7.2). Whatever
/// is present must be valid.
///
/// Fails with kNotLogged (proof, promise or checkpoint missing or wrong), kLogMismatch,
/// kUnsupportedFormat (another kind), kUnsupportedAlgorithm, kMalformed, kDuplicateKey or
/// kTooLarge.
base::Result<EntryOutcome> VerifyLogEntry(const LogEntry& entry, const LoggedContent& content,
                                          std::span<const TransparencyLog> logs,
                                          RequiredProof proof);

/// What a policy asks of the log entries of one signature.
struct LogRequirement {
  /// Logs of different operators, each with a valid entry. At least 1.
  std::size_t threshold = 1;
  RequiredProof proof = RequiredProof::kInclusionProof;
};

/// Verifies all ENTRIES of one signature. Entries of unknown logs are passed over; each other one
/// must be valid. They count by operator, or by log where the trust root names no operator: two
/// entries of one log are one (sigstore's client-spec §4.6, "Threshold verification"). Returns the
/// valid ones, threshold or more of them.
///
/// Fails as VerifyLogEntry does, with kNotLogged when there are too few, with kMalformed when one
/// entry is named twice, with kTooLarge beyond kMaxLogEntries, or with kInternal when the threshold
/// is 0: who needs no log does not ask.
base::Result<std::vector<LoggedEntry>> VerifyLogEntries(std::span<const LogEntry> entries,
                                                        const LoggedContent& content,
                                                        std::span<const TransparencyLog> logs,
                                                        const LogRequirement& requirement);

/// An entry without a promise carries no time of its own, so that its log was in use is held
/// against the TIMES that were verified otherwise: each must lie within the window of one of
/// the log's instances. Without any time there is nothing to hold it against. Fails with
/// kNotLogged.
base::Status CheckLogWasInUse(const LoggedEntry& entry, std::span<const Time> times);

}  // namespace sigward::verifier
