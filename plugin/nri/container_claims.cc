#include "plugin/nri/container_claims.h"

#include "rpc/nri.pb.h"

namespace sigward::nri {
namespace {

/// What an entry of a map or a list costs beside its text.
constexpr std::size_t kEntryBytes = 96;

using Texts = std::map<std::string, std::string, std::less<>>;

std::size_t SizeOf(const Texts& texts) {
  std::size_t size = 0;
  for (const auto& [key, value] : texts) {
    size += kEntryBytes + key.size() + value.size();
  }
  return size;
}

}  // namespace

Container ClaimsOf(const ::nri::pkg::api::v1alpha1::PodSandbox& pod,
                   const ::nri::pkg::api::v1alpha1::Container& container) {
  Container claims;
  claims.id = container.id();
  claims.pod_id = container.pod_sandbox_id();
  claims.name = container.name();
  claims.pod_name = pod.name();
  claims.pod_namespace = pod.namespace_();
  claims.pod_uid = pod.uid();
  claims.labels = Texts(container.labels().begin(), container.labels().end());
  claims.annotations = Texts(container.annotations().begin(), container.annotations().end());
  claims.pod_labels = Texts(pod.labels().begin(), pod.labels().end());
  claims.pod_annotations = Texts(pod.annotations().begin(), pod.annotations().end());
  for (const auto& mount : container.mounts()) {
    claims.mount_sources.push_back(mount.source());
  }
  return claims;
}

std::size_t SizeOf(const Container& container) {
  std::size_t size = sizeof container + container.id.size() + container.pod_id.size() +
                     container.name.size() + container.pod_name.size() +
                     container.pod_namespace.size() + container.pod_uid.size() +
                     SizeOf(container.labels) + SizeOf(container.annotations) +
                     SizeOf(container.pod_labels) + SizeOf(container.pod_annotations);
  for (const std::string& source : container.mount_sources) {
    size += kEntryBytes + source.size();
  }
  return size;
}

}  // namespace sigward::nri
