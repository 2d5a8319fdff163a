#include "worker/fetch/referrers_memory.h"

namespace sigward::worker {

bool ReferrersMemory::HasApi(const std::string& repository_url) {
  const std::lock_guard lock(mutex_);
  const auto found = noted_.find(repository_url);
  return found != noted_.end() && clock_->SteadyNow() < found->second;
}

void ReferrersMemory::NoteApi(const std::string& repository_url) {
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kMaxRememberedRepositories) {
    noted_.clear();
  }
  noted_.insert_or_assign(repository_url, clock_->SteadyNow() + kReferrersMemory);
}

}  // namespace sigward::worker
