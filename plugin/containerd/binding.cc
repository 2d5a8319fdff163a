#include "plugin/containerd/binding.h"

#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "plugin/containerd/snapshot_chain.h"
#include "verifier/image_mount.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;

constexpr std::string_view kDockerNamespace = "moby";
constexpr std::size_t kMaxNameText = 200;
constexpr std::array<std::string_view, 4> kAnnotations{
    kImageNameAnnotation, kContainerNameAnnotation, kPodNameAnnotation, kPodNamespaceAnnotation};

/// The folder that takes a container's own writes, or nothing where the mounts have none.
std::optional<std::string> UpperDir(const std::vector<worker::SnapshotMount>& mounts) {
  constexpr std::string_view kOption = "upperdir=";
  for (const worker::SnapshotMount& mount : mounts) {
    for (const std::string& option : mount.options) {
      if (option.starts_with(kOption)) {
        return option.substr(kOption.size());
      }
    }
  }
  return std::nullopt;
}

bool HoldsFiles(const std::vector<worker::SnapshotMount>& mounts) {
  const auto upper = UpperDir(mounts);
  if (!upper.has_value()) {
    return false;
  }
  std::error_code error;
  const std::filesystem::directory_iterator files(*upper, error);
  // What cannot be looked into is not taken for empty.
  return error || files != std::filesystem::directory_iterator();
}

/// Names that the caller gives the image; each is a claim of its own, and all have to hold.
std::vector<std::string> ClaimsOf(const ContainerRecord& record, const Annotations& annotations) {
  std::vector<std::string> claims;
  if (const auto said = annotations.find(kImageNameAnnotation);
      said != annotations.end() && !said->second.empty()) {
    claims.push_back(said->second);
  }
  if (!record.image.empty() && (claims.empty() || claims.front() != record.image)) {
    claims.push_back(record.image);
  }
  if (claims.empty()) {
    claims.emplace_back();
  }
  return claims;
}

/// The folders of an overlay's layers below the container's own, as one text; empty where the
/// mounts do not name them. Docker's first one is made for each container.
std::string LayerFolders(const std::vector<worker::SnapshotMount>& mounts, bool is_dockers) {
  constexpr std::string_view kOption = "lowerdir=";
  for (const worker::SnapshotMount& mount : mounts) {
    for (const std::string& option : mount.options) {
      if (mount.type == "overlay" && option.starts_with(kOption)) {
        const std::size_t first = is_dockers ? option.find(':') : kOption.size() - 1;
        return first == std::string::npos ? std::string() : option.substr(first + 1);
      }
    }
  }
  return "";
}

std::set<std::string> VolumesAmong(const std::vector<std::string>& sources) {
  std::set<std::string> volumes;
  for (const std::string& source : sources) {
    if (auto volume = verifier::ImageVolumeIn(source)) {
      volumes.insert(*std::move(volume));
    }
  }
  return volumes;
}

}  // namespace

std::string Binding::VolumeFolder() const {
  std::error_code error;
  const auto resolved = std::filesystem::canonical(state_dir_, error);
  return (error ? state_dir_ : resolved.string()) + "/" +
         std::string(verifier::kImageVolumesFolder);
}

base::Status Binding::CheckLineage(const std::string& ns, const RootSnapshot& root, bool is_dockers,
                                   const std::vector<worker::SnapshotMount>& mounts,
                                   const std::vector<NamedImage>& images,
                                   const base::Deadline& deadline) {
  const std::string folders = LayerFolders(mounts, is_dockers);
  // With the chain, should containerd's state ever begin anew and number its folders from one.
  const std::string layers = folders.empty() ? "" : root.chain_id.text() + "=" + folders;
  std::optional<verifier::Digest> lineage;
  if (!layers.empty()) {
    const std::lock_guard lock(mutex_);
    if (const auto found = lineages_.find(layers); found != lineages_.end()) {
      lineage = found->second;
    }
  }
  if (!lineage.has_value()) {
    SIGWARD_ASSIGN_OR_RETURN(lineage, LineageBelow(containerd_, ns, root, deadline));
    if (!layers.empty()) {
      const std::lock_guard lock(mutex_);
      if (lineages_.size() >= kMaxLineages) {
        lineages_.clear();
      }
      lineages_.emplace(layers, *lineage);
    }
  }
  for (const NamedImage& image : images) {
    if (image.content.lineage != *lineage) {
      return Fail(Reason::kRootfsMismatch,
                  "the snapshot " + root.chain_id.text() + " does not stand on the layers of " +
                      base::OneLine(image.name.text(), kMaxNameText) + ", whose name it bears");
    }
  }
  return base::Ok();
}

void Binding::NoteSnapshotter(const std::string& snapshotter) {
  const std::lock_guard lock(mutex_);
  last_snapshotter_ = snapshotter;
}

base::Result<std::vector<NamedImage>> Binding::VolumeAt(const ContainerClaim& claim,
                                                        const std::string& mount_point,
                                                        const base::Deadline& deadline) {
  // CRI's key is the mount point, and its last part the manifest; Docker's is CONTAINER-REFERENCE.
  std::string key = mount_point;
  std::string manifest_hex = mount_point.substr(mount_point.rfind('/') + 1);
  SIGWARD_ASSIGN_OR_RETURN(
      auto root, FindRootSnapshot(containerd_, claim.ns, "", key, Owner::kRecord, deadline));
  const std::size_t dockers = mount_point.find("/" + claim.id + "-");
  if (!root.has_value() && dockers != std::string::npos) {
    key = mount_point.substr(dockers + 1);
    manifest_hex.clear();
    SIGWARD_ASSIGN_OR_RETURN(
        root, FindRootSnapshot(containerd_, claim.ns, "", key, Owner::kRecord, deadline));
  }
  if (!root.has_value()) {
    return Fail(Reason::kImageUnknown, "what is mounted from " +
                                           base::OneLine(mount_point, kMaxNameText) +
                                           " is no snapshot of an image");
  }
  if (!ProvesItsChain(root->snapshotter)) {
    return Fail(Reason::kRootfsUnprovable,
                "an image volume lies in the snapshotter " + root->snapshotter);
  }
  ImageSearch search(containerd_, contents_, claim.ns, deadline);
  SIGWARD_ASSIGN_OR_RETURN(std::vector<NamedImage> images,
                           search.Stored(root->chain_id, manifest_hex));
  if (images.empty()) {
    return Fail(Reason::kImageUnknown,
                "no image here has the chain of an image volume, " + root->chain_id.text());
  }
  SIGWARD_RETURN_IF_ERROR(
      CheckLineage(claim.ns, *root, /*is_dockers=*/false, {}, images, deadline));
  return images;
}

Ahead Binding::Guess(const ContainerClaim& claim) {
  Ahead ahead{.ns = claim.ns, .snapshot_key = claim.id};
  if (claim.has_record) {
    ahead.container = claim.id;
  }
  if (const auto said = claim.annotations.find(kImageNameAnnotation);
      said != claim.annotations.end()) {
    ahead.image = said->second;
  }
  const std::lock_guard lock(mutex_);
  ahead.snapshotter = last_snapshotter_;
  return ahead;
}

base::Result<BoundContainer> Binding::Of(const ContainerClaim& claim,
                                         const base::Deadline& deadline) {
  std::unique_ptr<Records> records = containerd_.AskAhead(Guess(claim), deadline);
  ContainerRecord record;
  if (claim.has_record) {
    SIGWARD_ASSIGN_OR_RETURN(auto found, records->FindContainer(claim.ns, claim.id, deadline));
    if (!found.has_value()) {
      return Fail(Reason::kImageUnknown, "containerd has no record of the container");
    }
    record = *std::move(found);
  }
  const std::string key = record.snapshot_key.empty() ? claim.id : record.snapshot_key;
  const Owner owner = !claim.has_record ? Owner::kClaim
                      : claim.ns == kDockerNamespace && record.snapshot_key.empty()
                          ? Owner::kDocker
                          : Owner::kRecord;
  SIGWARD_ASSIGN_OR_RETURN(
      const std::optional<RootSnapshot> root,
      FindRootSnapshot(*records, claim.ns, record.snapshotter, key, owner, deadline));
  if (!root.has_value()) {
    return Fail(Reason::kImageUnknown, "the container's files are no snapshot of an image");
  }

  BoundContainer bound;
  bound.snapshotter = root->snapshotter;
  bound.annotations = claim.annotations;
  std::set<std::string> volumes = VolumesAmong(claim.mount_sources);
  const bool is_provable = ProvesItsChain(root->snapshotter);
  if (!is_provable) {
    bound.unprovable = "the snapshotter " + root->snapshotter +
                       " names its snapshots after ids that nobody computed";
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<worker::SnapshotMount> mounts,
                           records->Mounts(claim.ns, root->snapshotter, root->key, deadline));
  NoteSnapshotter(root->snapshotter);
  if (!record.image.empty()) {
    // Under way while a child reads the bundle.
    records = containerd_.AskAhead({.ns = claim.ns, .image = record.image}, deadline);
  }
  if (claim.files != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(
        worker::ContainerFacts facts,
        reader_.ReadContainer(claim.files->config, claim.files->mountinfo, claim.files->bundle,
                              mounts, kAnnotations, VolumeFolder(), deadline));
    if (facts.root_mismatch.has_value() && is_provable) {
      return Fail(Reason::kRootfsMismatch, *facts.root_mismatch);
    }
    bound.modified = HoldsFiles(mounts);
    bound.own_layer = UpperDir(mounts).value_or("");
    bound.annotations = std::move(facts.annotations);
    for (worker::ImageMount& mount : facts.image_mounts) {
      volumes.insert(std::move(mount.mount_point));
    }
  }

  ImageSearch search(*records, contents_, claim.ns, deadline);
  for (const std::string& name : ClaimsOf(record, bound.annotations)) {
    SIGWARD_ASSIGN_OR_RETURN(std::vector<NamedImage> images, search.Claimed(root->chain_id, name));
    for (NamedImage& image : images) {
      AddOnce(bound.images, std::move(image));
    }
  }
  if (is_provable) {
    SIGWARD_RETURN_IF_ERROR(
        CheckLineage(claim.ns, *root, owner == Owner::kDocker, mounts, bound.images, deadline));
  }
  for (const std::string& mount_point : volumes) {
    SIGWARD_ASSIGN_OR_RETURN(std::vector<NamedImage> images,
                             VolumeAt(claim, mount_point, deadline));
    for (NamedImage& image : images) {
      AddOnce(bound.volumes, std::move(image));
    }
  }
  return bound;
}

}  // namespace sigward::containerd
