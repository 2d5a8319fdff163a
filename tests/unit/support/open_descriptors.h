#pragma once

#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>

namespace sigward::testing {

/// Descriptors that a process has open, by default this one. Compare two counts of one process:
/// each holds the one that counts.
inline std::ptrdiff_t CountOpenDescriptors(pid_t pid = getpid()) {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  return std::distance(begin(open), end(open));
}

}  // namespace sigward::testing
