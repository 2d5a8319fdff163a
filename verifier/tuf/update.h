#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/tuf/roles.h"

namespace sigward::verifier::tuf {

/// Roots that one update goes through, one after the other.
inline constexpr std::size_t kMaxRootRotations = 256;
/// Delegated roles that one search for a target looks at.
inline constexpr std::size_t kMaxDelegatedRoles = 32;

/// A file that an update needs next.
struct WantedFile {
  enum class Place : std::uint8_t { kMetadata = 1, kTargets };
  /// Whether it lies beside the metadata or in the targets' folder.
  Place place = Place::kMetadata;
  /// Below that: "7.root.json", "timestamp.json", "folder/HASH.name". Safe as a relative path.
  std::string path;
  std::size_t max_bytes = 0;
};

/// The bytes of a repository's files as they are kept between updates; empty for none.
struct TrustedFiles {
  std::string root = {};
  std::string timestamp = {};
  std::string snapshot = {};
  std::string targets = {};
};

/// kAccept weakens: whoever keeps the repository may then show an old state of it for ever.
/// Signatures, versions and hashes are demanded all the same.
enum class ExpiredMetadata : std::uint8_t { kRefuse = 1, kAccept };

/// Until when a file may be relied on.
struct Expiry {
  std::string file;
  Time when;
};

/// Witness: these are the bytes that the repository's signed metadata lists for this path. Only
/// Update makes one.
class VerifiedTarget {
 public:
  const std::string& path() const { return path_; }
  const std::string& bytes() const { return bytes_; }

 private:
  friend class Update;
  VerifiedTarget(std::string path, std::string bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  std::string path_;
  std::string bytes_;
};

/// One update of a TUF client (The Update Framework 1.0, §5), without files, network or clock:
///
///     Update::Begin(trusted, now)
///     while (wanted()) { get the file; Take(bytes) or NotThere(); }    // metadata
///     AskTarget(path, max)
///     while (wanted()) { …; }                                          // delegations, the target
///     target()
///
/// Metadata that failed has failed: nothing is wanted any more, and every further call fails. Where
/// a target failed, the metadata stands, and another may be asked for. files() is true even after a
/// failure, and is what to keep: a root that was rotated to stays, whatever came after it.
class Update {
 public:
  /// Starts from what is TRUSTED: its root, as it was given on another way or kept, whose own
  /// threshold its signatures must meet; its other files say below which versions nothing may fall
  /// any more, where the newest root's keys still verify them (TUF §5.3.11), and are not asked for
  /// again while they are current. NOW is the time of the whole update (§5.1). Fails with
  /// kMalformed, kTooLarge, kDuplicateKey, kUnsupportedFormat or kBadSignature.
  static base::Result<Update> Begin(TrustedFiles trusted, Time now,
                                    ExpiredMetadata expired = ExpiredMetadata::kRefuse);

  /// The file that is needed next; null when the metadata is complete and no target is asked for.
  const WantedFile* wanted() const { return wanted_ ? &*wanted_ : nullptr; }

  /// The wanted file is BYTES. Fails with kTooLarge, kMalformed, kDuplicateKey, kUnsupportedFormat,
  /// kUnsupportedAlgorithm, kBadSignature (a threshold is not met), kDigestMismatch (of a listed
  /// hash), kDescriptorMismatch (another length or version than listed, or an older one than was
  /// trusted), kMetadataExpired, or, when nothing is wanted, kInternal.
  base::Status Take(std::string_view bytes);

  /// The repository does not have the wanted file. That is how the newest root is known; any other
  /// fails with kPolicyUnavailable. Fails with kMetadataExpired where the newest root has expired.
  base::Status NotThere();

  /// Looks for the target PATH, of at most MAX_BYTES, first in the top-level role and then, in
  /// order and depth first, in those that it delegates the path to (§5.6.7). May be called again
  /// when a target is there. Fails with kPolicyUnavailable when no role lists it,
  /// kUnsupportedFormat when only hash bins (TAP 15) could, kTooLarge, kMalformed
  /// (CheckTargetPath), or, while a file is wanted, kInternal.
  base::Status AskTarget(std::string path, std::size_t max_bytes);

  /// Null until the target that was asked for last is there.
  const VerifiedTarget* target() const { return target_ ? &*target_ : nullptr; }

  const TrustedFiles& files() const { return files_; }

  /// What of the metadata that was used expires first. At least the root's.
  Expiry FirstExpiry() const;

 private:
  enum class Step : std::uint8_t {
    kRoot,
    kTimestamp,
    kSnapshot,
    kTargets,
    kDelegated,
    kTarget,
    kReady,
    kFailed
  };
  /// A delegated role that a search has yet to look at, and whose keys it is signed by.
  struct Candidate {
    Delegation delegation;
    std::shared_ptr<const Targets> delegator;
  };

  Update(Time now, ExpiredMetadata expired) : now_(now), expired_(expired) {}

  base::Status Proceed(std::string_view bytes);
  base::Status TakeRoot(std::string_view bytes);
  base::Status TakeTimestamp(std::string_view bytes);
  base::Status TakeSnapshot(std::string_view bytes);
  base::Status TakeTargets(std::string_view bytes);
  base::Status TakeDelegated(std::string_view bytes);
  base::Status TakeTarget(std::string_view bytes);
  /// No newer root: what was kept is looked at, and the timestamp is wanted.
  base::Status EndRoots();
  void LoadKept();
  void WantRoot();
  base::Status WantSnapshot();
  base::Status WantTargets();
  /// Goes on with the search for the target in what ROLE says.
  base::Status Search(const std::shared_ptr<const Targets>& role);
  base::Status NextCandidate();
  base::Status WantTarget(const ListedFile& listed);
  void Want(Step step, std::string path, std::size_t max_bytes,
            WantedFile::Place place = WantedFile::Place::kMetadata);
  /// FILE as the repository names it, which may say its version.
  std::string Versioned(std::uint64_t version, const std::string& file) const;
  base::Status CheckExpiry(const std::string& file, Time when);
  base::Status Failed(base::Error error);

  Time now_;
  ExpiredMetadata expired_;
  Step step_ = Step::kRoot;
  std::optional<WantedFile> wanted_;
  TrustedFiles files_;
  /// What was trusted before this update, until it is looked at.
  TrustedFiles kept_;

  Root root_;
  std::size_t rotations_ = 0;
  std::optional<Timestamp> timestamp_;
  std::optional<Snapshot> kept_snapshot_;
  std::optional<Snapshot> snapshot_;
  std::shared_ptr<const Targets> targets_;
  std::vector<Expiry> delegated_expiries_;

  std::string target_path_;
  std::size_t max_target_bytes_ = 0;
  /// Last first.
  std::vector<Candidate> candidates_;
  std::set<std::string, std::less<>> visited_;
  bool met_hash_bins_ = false;
  ListedFile listed_;
  std::optional<VerifiedTarget> target_;
};

}  // namespace sigward::verifier::tuf
