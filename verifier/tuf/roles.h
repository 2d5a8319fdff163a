#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verifier/digest.h"
#include "verifier/public_key.h"
#include "verifier/validity.h"

// What the metadata of a TUF repository says (The Update Framework 1.0, §4), once it is read.

namespace sigward::verifier::tuf {

/// Bounds of one metadata file, in bytes. The public Sigstore repository needs 7 kB for its
/// largest.
inline constexpr std::size_t kMaxRootBytes = std::size_t{512} << 10;
inline constexpr std::size_t kMaxTimestampBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxSnapshotBytes = std::size_t{2} << 20;
inline constexpr std::size_t kMaxTargetsBytes = std::size_t{5} << 20;
/// Signatures on one file, keys in one root or delegating role, key ids of one role.
inline constexpr std::size_t kMaxSignatures = 128;
inline constexpr std::size_t kMaxKeys = 1024;
inline constexpr std::size_t kMaxRoleKeys = 128;
/// Names of roles and paths of targets, in bytes.
inline constexpr std::size_t kMaxPathBytes = 1024;

enum class Role : std::uint8_t { kRoot = 0, kTimestamp, kSnapshot, kTargets };
inline constexpr std::size_t kRoles = 4;
/// "root" … "targets": what `_type` says, and the root's `roles`.
std::string_view RoleName(Role role);

/// By key id, which is no more than a name here (TAP 12). Null for a key that is not verified with:
/// another type or scheme than those of ReadKey, a weak or broken key. It counts nothing.
using KeyRing = std::map<std::string, std::shared_ptr<const PublicKey>, std::less<>>;

/// Whose signatures, and how many, a role's file needs.
struct RoleRule {
  /// Without doubles, at most kMaxRoleKeys.
  std::vector<std::string> key_ids;
  /// At least 1.
  std::uint64_t threshold = 1;
};

struct Root {
  std::uint64_t version = 0;
  Time expires;
  bool consistent_snapshot = false;
  KeyRing keys;
  /// By Role.
  std::array<RoleRule, kRoles> rules;

  const RoleRule& rule(Role role) const { return rules[static_cast<std::size_t>(role)]; }
};

/// What signed metadata says of another file. No digests: none were said.
struct ListedFile {
  std::optional<std::uint64_t> length;
  std::vector<Digest> digests;
};

struct ListedMetadata {
  std::uint64_t version = 0;
  ListedFile file;
};

struct Timestamp {
  std::uint64_t version = 0;
  Time expires;
  ListedMetadata snapshot;
};

struct Snapshot {
  std::uint64_t version = 0;
  Time expires;
  /// By file name: "targets.json", "DELEGATED-ROLE.json".
  std::map<std::string, ListedMetadata, std::less<>> files;
};

/// Another role that is trusted for some of the targets.
struct Delegation {
  std::string name;
  RoleRule rule;
  /// No role after this one is asked about its targets.
  bool terminating = false;
  /// One of the two is empty.
  std::vector<std::string> path_patterns;
  std::vector<std::string> path_hash_prefixes;
};

struct Targets {
  std::uint64_t version = 0;
  Time expires;
  /// By path; length and at least one digest are there.
  std::map<std::string, ListedFile, std::less<>> files;
  KeyRing keys;
  std::vector<Delegation> delegations;
  /// Delegates to hash bins (TAP 15), which are not followed here.
  bool has_hash_bins = false;
};

}  // namespace sigward::verifier::tuf
