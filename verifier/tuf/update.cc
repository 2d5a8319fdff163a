#include "verifier/tuf/update.h"

#include <algorithm>
#include <utility>

#include "base/rfc3339.h"
#include "base/text.h"
#include "verifier/tuf/verify_role.h"

namespace sigward::verifier::tuf {
namespace {

using base::AsBytes;
using base::Reason;
using base::Result;
using base::Status;

/// §4.3 and §5.5.5: neither the snapshot nor a file that was listed gets older, and none
/// disappears.
Status CheckNothingOlder(const Snapshot& kept, const Snapshot& next) {
  if (next.version < kept.version) {
    return WrongVersion("snapshot.json", next.version, "trusted before was", kept.version);
  }
  for (const auto& [name, before] : kept.files) {
    const auto now = next.files.find(name);
    const std::string shown = base::OneLine(name, base::kMaxNameInError);
    if (now == next.files.end()) {
      return base::Fail(Reason::kDescriptorMismatch,
                        shown + " is not listed in snapshot.json any more");
    }
    if (now->second.version < before.version) {
      return WrongVersion(shown + " in snapshot.json", now->second.version, "trusted before was",
                          before.version);
    }
  }
  return base::Ok();
}

}  // namespace

Result<Update> Update::Begin(TrustedFiles trusted, Time now, ExpiredMetadata expired) {
  Update update(now, expired);
  SIGWARD_ASSIGN_OR_RETURN(
      const SignedDocument document,
      SignedDocument::Parse(AsBytes(trusted.root), kMaxRootBytes, "the trusted root"));
  SIGWARD_ASSIGN_OR_RETURN(update.root_, ReadRoot(document));
  // It is trusted for where it came from, not for this; but one that does not even stand for itself
  // was damaged on the way.
  SIGWARD_RETURN_IF_ERROR(document.VerifyBy(update.root_.keys, update.root_.rule(Role::kRoot)));
  update.files_.root = std::move(trusted.root);
  update.kept_ = std::move(trusted);
  update.WantRoot();
  return update;
}

Status Update::Failed(base::Error error) {
  // Without a target the metadata is as good as before.
  const bool complete =
      step_ == Step::kDelegated || step_ == Step::kTarget || step_ == Step::kReady;
  step_ = complete ? Step::kReady : Step::kFailed;
  wanted_.reset();
  target_.reset();
  return error;
}

void Update::Want(Step step, std::string path, std::size_t max_bytes, WantedFile::Place place) {
  step_ = step;
  wanted_ = WantedFile{place, std::move(path), max_bytes};
}

std::string Update::Versioned(std::uint64_t version, const std::string& file) const {
  return root_.consistent_snapshot ? std::to_string(version) + "." + file : file;
}

Status Update::CheckExpiry(const std::string& file, Time when) {
  if (now_ >= when && expired_ != ExpiredMetadata::kAccept) {
    return base::Fail(Reason::kMetadataExpired, file + " expired at " + base::Rfc3339Text(when));
  }
  return base::Ok();
}

Status Update::Take(std::string_view bytes) {
  if (!wanted_) {
    return Failed(base::Fail(Reason::kInternal, "no file is wanted"));
  }
  if (bytes.size() > wanted_->max_bytes) {
    return Failed(base::Fail(Reason::kTooLarge, wanted_->path + " is longer than " +
                                                    std::to_string(wanted_->max_bytes) + " bytes"));
  }
  Status status = Proceed(bytes);
  return status.ok() ? status : Failed(std::move(status).error());
}

Status Update::Proceed(std::string_view bytes) {
  switch (step_) {
    case Step::kRoot:
      return TakeRoot(bytes);
    case Step::kTimestamp:
      return TakeTimestamp(bytes);
    case Step::kSnapshot:
      return TakeSnapshot(bytes);
    case Step::kTargets:
      return TakeTargets(bytes);
    case Step::kDelegated:
      return TakeDelegated(bytes);
    case Step::kTarget:
      return TakeTarget(bytes);
    case Step::kReady:
    case Step::kFailed:
      break;
  }
  return base::Fail(Reason::kInternal, "no file is wanted");
}

Status Update::NotThere() {
  if (!wanted_) {
    return Failed(base::Fail(Reason::kInternal, "no file is wanted"));
  }
  if (step_ != Step::kRoot) {
    return Failed(
        base::Fail(Reason::kPolicyUnavailable,
                   "the repository has no " + base::OneLine(wanted_->path, kMaxPathBytes)));
  }
  Status status = EndRoots();
  return status.ok() ? status : Failed(std::move(status).error());
}

void Update::WantRoot() {
  Want(Step::kRoot, std::to_string(root_.version + 1) + ".root.json", kMaxRootBytes);
}

Status Update::TakeRoot(std::string_view bytes) {
  const std::string file = wanted_->path;
  SIGWARD_ASSIGN_OR_RETURN(const SignedDocument document,
                           SignedDocument::Parse(AsBytes(bytes), kMaxRootBytes, file));
  SIGWARD_ASSIGN_OR_RETURN(Root next, ReadRoot(document));
  // §5.3.4: by the old root's keys and by its own.
  if (const auto by_old = document.VerifyBy(root_.keys, root_.rule(Role::kRoot)); !by_old.ok()) {
    return base::Within("by the root before it", by_old.error());
  }
  SIGWARD_RETURN_IF_ERROR(document.VerifyBy(next.keys, next.rule(Role::kRoot)));
  if (next.version != root_.version + 1) {
    return WrongVersion(file, next.version, "after the root before it comes", root_.version + 1);
  }
  root_ = std::move(next);
  files_.root = bytes;
  if (++rotations_ == kMaxRootRotations) {
    return EndRoots();
  }
  WantRoot();
  return base::Ok();
}

Status Update::EndRoots() {
  SIGWARD_RETURN_IF_ERROR(CheckExpiry("root.json", root_.expires));
  LoadKept();
  Want(Step::kTimestamp, "timestamp.json", kMaxTimestampBytes);
  return base::Ok();
}

/// What was kept is a lower bound for versions while the newest root's keys verify it, expired or
/// not. Where they do not, keys were rotated, and both files are dropped (§5.3.11): so a repository
/// recovers from versions that a thief of keys drove up.
void Update::LoadKept() {
  auto timestamp = Verified(kept_.timestamp, kMaxTimestampBytes, "timestamp.json", root_.keys,
                            root_.rule(Role::kTimestamp), ReadTimestamp);
  auto snapshot = Verified(kept_.snapshot, kMaxSnapshotBytes, "snapshot.json", root_.keys,
                           root_.rule(Role::kSnapshot), ReadSnapshot);
  if ((!kept_.timestamp.empty() && !timestamp.ok()) ||
      (!kept_.snapshot.empty() && !snapshot.ok())) {
    return;
  }
  if (timestamp.ok()) {
    timestamp_ = *std::move(timestamp);
    files_.timestamp = kept_.timestamp;
  }
  if (snapshot.ok()) {
    kept_snapshot_ = *std::move(snapshot);
    files_.snapshot = kept_.snapshot;
    files_.targets = kept_.targets;
  }
}

Status Update::TakeTimestamp(std::string_view bytes) {
  const std::string file = "timestamp.json";
  SIGWARD_ASSIGN_OR_RETURN(Timestamp next, Verified(bytes, kMaxTimestampBytes, file, root_.keys,
                                                    root_.rule(Role::kTimestamp), ReadTimestamp));
  if (timestamp_ && next.version < timestamp_->version) {
    return WrongVersion(file, next.version, "trusted before was", timestamp_->version);
  }
  // §5.4.3.1: of one version there is one file, the one that is known.
  if (!timestamp_ || next.version > timestamp_->version) {
    if (timestamp_ && next.snapshot.version < timestamp_->snapshot.version) {
      return WrongVersion("snapshot.json in " + file, next.snapshot.version, "trusted before was",
                          timestamp_->snapshot.version);
    }
    SIGWARD_RETURN_IF_ERROR(CheckExpiry(file, next.expires));
    timestamp_ = std::move(next);
    files_.timestamp = bytes;
  }
  SIGWARD_RETURN_IF_ERROR(CheckExpiry(file, timestamp_->expires));
  return WantSnapshot();
}

Status Update::WantSnapshot() {
  const ListedMetadata& listed = timestamp_->snapshot;
  Want(Step::kSnapshot, Versioned(listed.version, "snapshot.json"),
       Bound(listed.file, kMaxSnapshotBytes));
  if (kept_snapshot_ && kept_snapshot_->version == listed.version &&
      CheckListed("", listed.file, files_.snapshot).ok()) {
    const std::string kept = files_.snapshot;
    return TakeSnapshot(kept);
  }
  return base::Ok();
}

Status Update::TakeSnapshot(std::string_view bytes) {
  const std::string file = "snapshot.json";
  SIGWARD_ASSIGN_OR_RETURN(Snapshot next,
                           VerifiedListed(bytes, kMaxSnapshotBytes, file, timestamp_->snapshot,
                                          root_.keys, root_.rule(Role::kSnapshot), ReadSnapshot));
  if (kept_snapshot_) {
    SIGWARD_RETURN_IF_ERROR(CheckNothingOlder(*kept_snapshot_, next));
  }
  SIGWARD_RETURN_IF_ERROR(CheckExpiry(file, next.expires));
  snapshot_ = std::move(next);
  files_.snapshot = bytes;
  return WantTargets();
}

Status Update::WantTargets() {
  const ListedMetadata& listed = snapshot_->files.at("targets.json");
  Want(Step::kTargets, Versioned(listed.version, "targets.json"),
       Bound(listed.file, kMaxTargetsBytes));
  // Kept ones serve if they are, by their signatures, what is listed now.
  if (!files_.targets.empty()) {
    const std::string kept = std::exchange(files_.targets, {});
    if (VerifiedListed(kept, kMaxTargetsBytes, "targets.json", listed, root_.keys,
                       root_.rule(Role::kTargets), ReadTargets)
            .ok()) {
      return TakeTargets(kept);
    }
  }
  return base::Ok();
}

Status Update::TakeTargets(std::string_view bytes) {
  const std::string file = "targets.json";
  SIGWARD_ASSIGN_OR_RETURN(Targets next,
                           VerifiedListed(bytes, kMaxTargetsBytes, file, snapshot_->files.at(file),
                                          root_.keys, root_.rule(Role::kTargets), ReadTargets));
  SIGWARD_RETURN_IF_ERROR(CheckExpiry(file, next.expires));
  targets_ = std::make_shared<const Targets>(std::move(next));
  files_.targets = bytes;
  step_ = Step::kReady;
  wanted_.reset();
  return base::Ok();
}

Expiry Update::FirstExpiry() const {
  std::vector<Expiry> all = delegated_expiries_;
  all.push_back({"root.json", root_.expires});
  if (timestamp_) {
    all.push_back({"timestamp.json", timestamp_->expires});
  }
  if (snapshot_) {
    all.push_back({"snapshot.json", snapshot_->expires});
  }
  if (targets_ != nullptr) {
    all.push_back({"targets.json", targets_->expires});
  }
  return *std::min_element(all.begin(), all.end(),
                           [](const Expiry& a, const Expiry& b) { return a.when < b.when; });
}

}  // namespace sigward::verifier::tuf
