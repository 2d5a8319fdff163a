#include "plugin/nri/running_containers.h"

#include <utility>

#include "plugin/nri/container_claims.h"
#include "rpc/nri.pb.h"

namespace sigward::nri {

namespace wire = ::nri::pkg::api::v1alpha1;

void RunningContainers::Add(const wire::SynchronizeRequest& chunk) {
  for (const wire::PodSandbox& pod : chunk.pods()) {
    Container facts = ClaimsOf(pod, wire::Container::default_instance());
    const std::size_t size = SizeOf(facts);
    if (pods_.size() < kMaxRunningContainers && size <= kMaxRunningBytes - pod_bytes_ &&
        pods_.try_emplace(pod.id(), std::move(facts)).second) {
      pod_bytes_ += size;
    }
  }
  for (const wire::Container& container : chunk.containers()) {
    Container claims = ClaimsOf(wire::PodSandbox::default_instance(), container);
    const std::size_t size = SizeOf(claims);
    if (collected_.containers.size() >= kMaxRunningContainers || size > kMaxRunningBytes - bytes_) {
      ++collected_.left_out;
      continue;
    }
    bytes_ += size;
    collected_.containers.push_back(std::move(claims));
  }
}

RunningContainers::Collected RunningContainers::Take() {
  // A pod's facts are copied to each of its containers: few large pods must not grow into many.
  std::size_t copied = 0;
  for (Container& container : collected_.containers) {
    const auto pod = pods_.find(container.pod_id);
    if (pod == pods_.end()) {
      continue;
    }
    container.pod_name = pod->second.pod_name;
    container.pod_namespace = pod->second.pod_namespace;
    container.pod_uid = pod->second.pod_uid;
    const std::size_t size = SizeOf(pod->second);
    if (size <= kMaxRunningBytes - copied) {
      copied += size;
      container.pod_labels = pod->second.pod_labels;
      container.pod_annotations = pod->second.pod_annotations;
    }
  }
  pods_.clear();
  bytes_ = 0;
  pod_bytes_ = 0;
  return std::exchange(collected_, {});
}

}  // namespace sigward::nri
