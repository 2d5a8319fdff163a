#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace sigward::journal {

/// Policies that one record tells of; what is left out is counted in it. Keeps a record well inside
/// one frame.
inline constexpr std::size_t kMaxPoliciesInRecord = 8;
inline constexpr std::size_t kMaxAuthoritiesInRecord = 8;
inline constexpr std::size_t kMaxDetailInRecord = 128;
/// Why somebody was refused: which signature, what was wrong with it, whose it is.
inline constexpr std::size_t kMaxErrorInRecord = 256;
/// Issuer and subject of a certificate; a workflow's names repository, file and branch.
inline constexpr std::size_t kMaxSignerInRecord = 512;
inline constexpr std::size_t kMaxImageInRecord = 512;

/// Whom a create is about, as far as it is known; claims, for people to read.
struct ContainerName {
  std::string ns;
  std::string id;
  std::string name;
  std::string pod_namespace;
  std::string pod;
};

/// What was asked, also when it could not be understood.
struct Question {
  policy::Origin origin;
  /// Normalised where that was possible.
  std::string image;
  /// Empty when unknown.
  std::string digest;
  /// Set at create.
  std::optional<ContainerName> container = {};
  /// What is worth knowing beside the decision, like "rootfs-modified"; one line each.
  std::vector<std::string> notes = {};
};

/// A decision as it is told to users: the line, and the record (docs/schemas/decision.schema.json).
struct Told {
  std::string line;
  std::string record;
};

/// Numbers DECISION and tells it, without a log: LINE is what the user sees, ELAPSED how long the
/// answer took.
Told Tell(const Question& question, const policy::Decision& decision, std::string line,
          std::chrono::microseconds elapsed);

/// Numbers every decision, writes its one line to the log and counts it. A log that cannot be
/// written changes no verdict. Safe for use by many threads.
class Journal {
 public:
  struct Counts {
    std::uint64_t allow = 0;
    std::uint64_t deny = 0;
    std::uint64_t undetermined = 0;
  };

  /// As Tell.
  Told Record(const Question& question, const policy::Decision& decision, std::string line,
              std::chrono::microseconds elapsed);

  Counts counts() const;

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace sigward::journal
