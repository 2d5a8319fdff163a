#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plugin/nri/nri_door.h"

namespace nri::pkg::api::v1alpha1 {
class SynchronizeRequest;
}  // namespace nri::pkg::api::v1alpha1

namespace sigward::nri {

/// Most running containers that are kept of one synchronisation, and most memory for them; the
/// same bounds hold for their pods.
inline constexpr std::size_t kMaxRunningContainers = 4096;
inline constexpr std::size_t kMaxRunningBytes = 64U << 20;

/// Collects what Synchronize tells in one or more chunks.
class RunningContainers {
 public:
  void Add(const ::nri::pkg::api::v1alpha1::SynchronizeRequest& chunk);

  struct Collected {
    std::vector<Container> containers;
    /// Containers that were told of and not kept, because of the bounds.
    std::uint64_t left_out = 0;
  };
  /// What was told since the last call, each container with its pod's facts; a pod that was not
  /// told of leaves them empty.
  Collected Take();

 private:
  Collected collected_;
  std::size_t bytes_ = 0;
  std::map<std::string, Container, std::less<>> pods_;
  std::size_t pod_bytes_ = 0;
};

}  // namespace sigward::nri
