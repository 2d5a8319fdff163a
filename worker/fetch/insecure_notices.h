#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include "worker/fetch/endpoint.h"

namespace sigward::worker {

/// Hosts that are remembered as told of; an image reference may name any number of loopback ports.
inline constexpr std::size_t kMaxInsecureNotices = 256;

/// Tells the log once of each host that is reached by an InsecureTransport. Safe for several
/// threads.
class InsecureNotices {
 public:
  /// Called with every endpoint that is about to be asked. True when it logged.
  bool Note(const Endpoint& endpoint);

 private:
  std::mutex mutex_;
  std::set<std::string> told_;
};

}  // namespace sigward::worker
