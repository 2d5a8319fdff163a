#include "worker/fetch/insecure_notices.h"

#include "base/log.h"

namespace sigward::worker {

bool InsecureNotices::Note(const Endpoint& endpoint) {
  if (!endpoint.insecure.has_value()) {
    return false;
  }
  const std::string url = endpoint.url();
  {
    const std::lock_guard lock(mutex_);
    if (told_.size() >= kMaxInsecureNotices || !told_.insert(url).second) {
      return false;
    }
  }
  base::Log(
      base::Severity::kWarning, "insecure-registry",
      {{"host", std::string_view(url)}, {"transport", InsecureTransportName(*endpoint.insecure)}});
  return true;
}

}  // namespace sigward::worker
