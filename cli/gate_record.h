#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/output.h"

namespace sigward::cli {

/// Longest record of the gate that is read, in bytes.
inline constexpr std::size_t kMaxRecordBytes = 1U << 20;

struct AuthorityRecord {
  std::string name;
  std::string decision;
  std::string reason;
  std::string detail;
  /// Where its signatures are looked for: another repository than the image's, and what stands
  /// before their tags there; empty where it is none.
  std::string repository = {};
  std::string tag_prefix = {};
  /// Whom the certificate of the signature was issued to; empty for a key.
  std::string signer = {};
};

struct PolicyRecord {
  std::string name;
  std::string mode;
  std::string decision;
  std::string reason;
  std::string detail;
  std::vector<AuthorityRecord> authorities;
};

/// A decision of the gate (docs/schemas/decision.schema.json), the part that a person is shown.
/// Fields that this program does not know are passed over: the daemon may be newer.
struct DecisionRecord {
  /// Fails with kProtocol when a field is missing or has another type.
  static base::Result<DecisionRecord> Parse(std::string_view json);

  std::string image;
  std::string decision;
  std::vector<std::string> warnings;
  std::vector<PolicyRecord> policies;
};

/// Images that are judged ahead of their creates.
struct PreparationState {
  std::int64_t waiting = 0;
  std::int64_t prepared = 0;
};

/// The early door at create.
struct NriState {
  bool registered = false;
  /// Name and version; empty when it was never registered.
  std::string runtime;
  std::int64_t gaps = 0;
  /// Why it is not registered now; may be empty.
  std::string error;
};

/// The state of the daemon (docs/schemas/status.schema.json). What an older daemon does not say is
/// empty, and is not shown.
struct StatusRecord {
  /// Fails with kProtocol when a field is missing or has another type.
  static base::Result<StatusRecord> Parse(std::string_view json);

  std::string version;
  std::int64_t pid = 0;
  struct PolicyState {
    std::string state;
    std::int64_t generation = 0;
    std::int64_t policies = 0;
    std::string source;
    /// Why the last loading failed; empty when it did not.
    std::string error;
  } policy;
  std::int64_t remembered = 0;
  struct EvidenceState {
    std::int64_t images = 0;
    std::int64_t bytes = 0;
  } evidence;
  /// containerd tells the daemon of images that appear.
  std::optional<bool> listening;
  std::optional<PreparationState> preparation;
  std::optional<NriState> nri;
  struct Counts {
    std::int64_t allow = 0;
    std::int64_t deny = 0;
    std::int64_t undetermined = 0;
  } decisions;
};

/// What a person reads about a decision, several lines; LINE is the gate's own, which comes last.
std::string DecisionText(const DecisionRecord& record, std::string_view line);
std::string StatusText(const StatusRecord& record);

/// How `verify` ends for an answer that does not allow, by its reason.
ExitCode ExitCodeFor(base::Reason reason);

}  // namespace sigward::cli
