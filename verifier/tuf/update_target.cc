// The part of an update that looks for a target, once the metadata is complete.

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "verifier/tuf/target_path.h"
#include "verifier/tuf/update.h"
#include "verifier/tuf/verify_role.h"

namespace sigward::verifier::tuf {
namespace {

using base::Reason;
using base::Status;

}  // namespace

Status Update::AskTarget(std::string path, std::size_t max_bytes) {
  if (step_ != Step::kReady) {
    return base::Fail(Reason::kInternal, "the metadata is not complete");
  }
  target_.reset();
  candidates_.clear();
  visited_.clear();
  met_hash_bins_ = false;
  SIGWARD_RETURN_IF_ERROR(CheckTargetPath(path));
  target_path_ = std::move(path);
  max_target_bytes_ = max_bytes;
  Status status = Search(targets_);
  return status.ok() ? status : Failed(std::move(status).error());
}

Status Update::Search(const std::shared_ptr<const Targets>& role) {
  if (const auto found = role->files.find(target_path_); found != role->files.end()) {
    return WantTarget(found->second);
  }
  std::vector<Candidate> next;
  for (const Delegation& delegation : role->delegations) {
    if (IsDelegatedTo(delegation, target_path_)) {
      next.push_back({delegation, role});
      // §5.6.7.2.1: whoever else might have been asked is not.
      if (delegation.terminating) {
        candidates_.clear();
        break;
      }
    }
  }
  met_hash_bins_ = met_hash_bins_ || role->has_hash_bins;
  candidates_.insert(candidates_.end(), std::make_move_iterator(next.rbegin()),
                     std::make_move_iterator(next.rend()));
  return NextCandidate();
}

Status Update::NextCandidate() {
  while (!candidates_.empty() && visited_.contains(candidates_.back().delegation.name)) {
    candidates_.pop_back();
  }
  if (candidates_.empty() || visited_.size() == kMaxDelegatedRoles) {
    const std::string shown = base::OneLine(target_path_, kMaxPathBytes);
    if (met_hash_bins_) {
      return base::Fail(Reason::kUnsupportedFormat,
                        shown + " is listed by no role; hash bins (succinct_roles) are not read");
    }
    return base::Fail(Reason::kPolicyUnavailable,
                      "the repository's metadata lists no target " + shown);
  }
  const std::string& name = candidates_.back().delegation.name;
  visited_.insert(name);
  const auto listed = snapshot_->files.find(name + ".json");
  if (listed == snapshot_->files.end()) {
    return base::Fail(Reason::kPolicyUnavailable,
                      "snapshot.json does not list the delegated role " +
                          base::OneLine(name, base::kMaxNameInError));
  }
  Want(Step::kDelegated, Versioned(listed->second.version, RoleFileName(name)),
       Bound(listed->second.file, kMaxTargetsBytes));
  return base::Ok();
}

Status Update::TakeDelegated(std::string_view bytes) {
  const Candidate candidate = std::move(candidates_.back());
  candidates_.pop_back();
  const std::string file = RoleFileName(candidate.delegation.name);
  const ListedMetadata& listed = snapshot_->files.find(candidate.delegation.name + ".json")->second;
  SIGWARD_ASSIGN_OR_RETURN(
      Targets role, VerifiedListed(bytes, kMaxTargetsBytes, file, listed, candidate.delegator->keys,
                                   candidate.delegation.rule, ReadTargets));
  SIGWARD_RETURN_IF_ERROR(CheckExpiry(file, role.expires));
  delegated_expiries_.push_back({file, role.expires});
  return Search(std::make_shared<const Targets>(std::move(role)));
}

Status Update::WantTarget(const ListedFile& listed) {
  if (*listed.length > max_target_bytes_) {
    return base::Fail(Reason::kTooLarge, base::OneLine(target_path_, kMaxPathBytes) +
                                             " is longer than " +
                                             std::to_string(max_target_bytes_) + " bytes");
  }
  listed_ = listed;
  std::string path = target_path_;
  if (root_.consistent_snapshot) {
    const std::size_t slash = path.rfind('/');
    path.insert(slash == std::string::npos ? 0 : slash + 1,
                std::string(listed.digests.front().hex()) + ".");
  }
  Want(Step::kTarget, std::move(path), static_cast<std::size_t>(*listed.length),
       WantedFile::Place::kTargets);
  return base::Ok();
}

Status Update::TakeTarget(std::string_view bytes) {
  SIGWARD_RETURN_IF_ERROR(CheckListed(base::OneLine(target_path_, kMaxPathBytes), listed_, bytes));
  target_ = VerifiedTarget(target_path_, std::string(bytes));
  step_ = Step::kReady;
  wanted_.reset();
  return base::Ok();
}

}  // namespace sigward::verifier::tuf
