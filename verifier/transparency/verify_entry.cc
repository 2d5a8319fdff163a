#include "verifier/transparency/verify_entry.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "verifier/transparency/checkpoint.h"
#include "verifier/transparency/inclusion_promise.h"
#include "verifier/transparency/merkle.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using base::Result;
using base::Status;

base::Error NotLogged(const std::string& what) {
  return base::Fail(Reason::kNotLogged, what);
}

bool IsRekorV2(EntryKind kind) {
  return kind == EntryKind::kHashedRekordV002;
}

/// Verifies the proof that ENTRY carries: a checkpoint by LOG, and a way from the entry to its
/// root. The checkpoint is what is believed; the proof's own root and size must agree with it.
Status CheckProof(const LogEntry& entry, const InclusionProof& proof, const TransparencyLog& log,
                  EntryKind kind) {
  const CheckpointStyle style =
      IsRekorV2(kind) ? CheckpointStyle::kRekorV2 : CheckpointStyle::kRekorV1;
  SIGWARD_ASSIGN_OR_RETURN(const VerifiedCheckpoint checkpoint,
                           VerifyCheckpoint(proof.checkpoint, log, style));
  if (checkpoint.size() != proof.tree_size || checkpoint.root_hash() != proof.root_hash) {
    return NotLogged("the inclusion proof is for another tree than its checkpoint");
  }
  // Rekor v1 counts entries over all its trees; Rekor v2 has one tree and one index.
  if (IsRekorV2(kind) && proof.log_index != entry.log_index) {
    return NotLogged("the inclusion proof is for another index than the entry's");
  }
  return VerifyInclusion(LeafHash(entry.canonicalized_body), proof.log_index, checkpoint.size(),
                         proof.hashes, checkpoint.root_hash());
}

/// Verifies what shows that ENTRY is in LOG. Returns the time of its promise.
Result<std::optional<Time>> CheckLogged(const LogEntry& entry, const TransparencyLog& log,
                                        EntryKind kind, RequiredProof required) {
  std::optional<Time> promised;
  if (entry.signed_entry_timestamp) {
    if (IsRekorV2(kind)) {
      return NotLogged("a log of Rekor v2 makes no inclusion promises");
    }
    SIGWARD_ASSIGN_OR_RETURN(const VerifiedPromise promise, VerifyInclusionPromise(entry, log));
    promised = promise.time();
  }
  if (entry.inclusion_proof) {
    SIGWARD_RETURN_IF_ERROR(CheckProof(entry, *entry.inclusion_proof, log, kind));
  } else if (required == RequiredProof::kInclusionProof || !promised) {
    return NotLogged("the log entry has no inclusion proof");
  }
  return promised;
}

/// Rekor v2's entries name their log by the key id of its checkpoints, which a trust root may hold
/// as the log's id or beside it (rekor-tiles, CLIENTS.md). The id only picks the log; its key
/// decides.
bool IsNamedBy(const TransparencyLog& log, const base::ByteBuffer& id) {
  return id == log.log_id || id == log.checkpoint_key_id;
}

/// What of a log counts once: its operator, or the log itself.
std::pair<std::string, base::ByteBuffer> CountedAs(const TransparencyLog& log) {
  return log.operated_by.empty() ? std::pair(std::string(), log.log_id)
                                 : std::pair(log.operated_by, base::ByteBuffer());
}

Status RefuseDuplicates(std::span<const LogEntry> entries) {
  if (entries.size() > kMaxLogEntries) {
    return base::Fail(Reason::kTooLarge,
                      "there are more than " + std::to_string(kMaxLogEntries) + " log entries");
  }
  std::set<std::pair<base::ByteBuffer, std::uint64_t>> seen;
  for (const LogEntry& entry : entries) {
    if (!seen.emplace(entry.log_id, entry.log_index).second) {
      return base::Fail(Reason::kMalformed, "one entry of a log is named twice");
    }
  }
  return base::Ok();
}

}  // namespace

Result<EntryOutcome> VerifyLogEntry(const LogEntry& entry, const LoggedContent& content,
                                    std::span<const TransparencyLog> logs, RequiredProof proof) {
  std::vector<const TransparencyLog*> valid;
  std::optional<Time> promised;
  std::optional<base::Error> failure;
  for (const TransparencyLog& log : logs) {
    if (!IsNamedBy(log, entry.log_id)) {
      continue;
    }
    SIGWARD_ASSIGN_OR_RETURN(const EntryKind kind, ParseEntryKind(entry.kind, entry.version));
    Result<std::optional<Time>> logged = CheckLogged(entry, log, kind, proof);
    if (logged.ok()) {
      valid.push_back(&log);
      promised = *logged;
    } else if (!failure) {
      failure = std::move(logged).error();
    }
    if (promised) {
      break;
    }
  }
  if (valid.empty()) {
    return failure ? Result<EntryOutcome>(*std::move(failure)) : EntryOutcome(UnknownLog{});
  }
  SIGWARD_ASSIGN_OR_RETURN(const EntryKind kind, ParseEntryKind(entry.kind, entry.version));
  SIGWARD_RETURN_IF_ERROR(CheckEntryBody(entry.canonicalized_body, kind, content));
  return EntryOutcome(LoggedEntry(std::move(valid), promised, entry.integrated_time));
}

Result<std::vector<LoggedEntry>> VerifyLogEntries(std::span<const LogEntry> entries,
                                                  const LoggedContent& content,
                                                  std::span<const TransparencyLog> logs,
                                                  const LogRequirement& requirement) {
  if (requirement.threshold == 0) {
    return base::Fail(Reason::kInternal, "log entries are verified for no threshold");
  }
  SIGWARD_RETURN_IF_ERROR(RefuseDuplicates(entries));
  std::vector<LoggedEntry> logged;
  std::set<std::pair<std::string, base::ByteBuffer>> counted;
  for (const LogEntry& entry : entries) {
    SIGWARD_ASSIGN_OR_RETURN(const EntryOutcome outcome,
                             VerifyLogEntry(entry, content, logs, requirement.proof));
    if (const auto* valid = std::get_if<LoggedEntry>(&outcome)) {
      counted.insert(CountedAs(valid->log()));
      logged.push_back(*valid);
    }
  }
  if (counted.size() < requirement.threshold) {
    const std::size_t unknown = entries.size() - logged.size();
    return NotLogged(
        "entries of " + std::to_string(requirement.threshold) +
        " trusted logs are needed, there are " + std::to_string(counted.size()) +
        (unknown == 0 ? std::string() : ", and " + std::to_string(unknown) + " of unknown logs"));
  }
  return logged;
}

Status CheckLogWasInUse(const LoggedEntry& entry, std::span<const Time> times) {
  if (entry.trusted_time()) {
    return base::Ok();
  }
  const bool in_use = std::ranges::all_of(times, [&](Time time) {
    return std::ranges::any_of(entry.instances(), [&](const TransparencyLog* log) {
      return log->validity.Contains(time);
    });
  });
  return in_use ? base::Ok()
                : NotLogged("the log's key was not in use when the signature was made");
}

}  // namespace sigward::verifier
