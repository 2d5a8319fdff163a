#include "worker/fetch/referrers_memory.h"

namespace sigward::worker {

ReferrersSupport ReferrersMemory::Recall(const std::string& repository_url) {
  const std::lock_guard lock(mutex_);
  const auto found = noted_.find(repository_url);
  if (found == noted_.end() || found->second.until <= clock_->SteadyNow()) {
    return ReferrersSupport::kUnknown;
  }
  return found->second.support;
}

void ReferrersMemory::Note(const std::string& repository_url, ReferrersSupport support) {
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kMaxRememberedRepositories) {
    noted_.clear();
  }
  noted_.insert_or_assign(repository_url, Noted{support, clock_->SteadyNow() + kReferrersMemory});
}

}  // namespace sigward::worker
