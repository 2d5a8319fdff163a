#include "verifier/image_mount.h"

#include <algorithm>
#include <array>

#include "verifier/lexical_path.h"

namespace sigward::verifier {
namespace {

constexpr std::array<std::string_view, 4> kDirectoryOptions = {
    "lowerdir=", "lowerdir+=", "datadir+=", "upperdir="};

/// True for any part of TEXT, split at SEPARATOR, that IS wants.
template <typename Is>
bool AnyPart(std::string_view text, char separator, Is is) {
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (is(text.substr(0, end))) {
      return true;
    }
    if (end == text.size()) {
      return false;
    }
    text.remove_prefix(end + 1);
  }
}

bool HasSnapshotterFolder(std::string_view path) {
  return AnyPart(path, '/',
                 [](std::string_view element) { return element.starts_with(kSnapshotterFolder); });
}

bool IsLayer(std::string_view directory) {
  return HasSnapshotterFolder(directory) ||
         (!directory.starts_with('/') && directory.ends_with("/fs"));
}

/// True for OPTION, one of mountinfo, that names a snapshot's directory. Unlike
/// ParseOverlaySuperOptions it understands a form that is refused elsewhere: such an overlay can
/// hold an image nonetheless.
bool NamesLayer(std::string_view option) {
  const auto* const name =
      std::find_if(kDirectoryOptions.begin(), kDirectoryOptions.end(),
                   [&](std::string_view known) { return option.starts_with(known); });
  if (name == kDirectoryOptions.end()) {
    return false;
  }
  const std::string_view escaped = option.substr(name->size());
  // A name's own backslashes escape the byte behind them, and only in a list of lower directories;
  // no snapshotter has one in a name.
  const auto unescaped = Unescape(escaped);
  std::string value = unescaped.ok() ? *unescaped : std::string(escaped);
  std::erase(value, '\\');
  return AnyPart(value, ':', IsLayer);
}

}  // namespace

std::optional<std::string> ImageVolumeIn(std::string_view path) {
  const std::string folder = "/" + std::string(kImageVolumesFolder) + "/";
  const std::string whole = std::string(path) + "/";
  const std::size_t start = whole.find(folder);
  if (start == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t sandbox_end = whole.find('/', start + folder.size());
  const std::size_t end =
      sandbox_end == std::string::npos ? sandbox_end : whole.find('/', sandbox_end + 1);
  return whole.substr(0, std::min(end, path.size()));
}

ImageMounts::ImageMounts(const MountTable& table, std::string_view root_path, std::string volumes)
    : table_(table), volumes_(std::move(volumes)), rootfs_(table.Containing(root_path)) {
  if (rootfs_ != nullptr && rootfs_->point != root_path) {
    rootfs_ = nullptr;
  }
  for (const Mount& mount : table.mounts()) {
    if (HasSnapshotterFolder(mount.point)) {
      stores_.push_back(&mount);
    }
  }
}

std::optional<std::string> ImageMounts::PointOf(const std::string& source) const {
  const Mount* mount = table_.Containing(source);
  if (IsAtOrBelow(source, volumes_)) {
    return mount != nullptr && IsAtOrBelow(mount->point, volumes_) ? mount->point : source;
  }
  if (auto volume = ImageVolumeIn(source)) {
    return mount != nullptr && IsAtOrBelow(mount->point, *volume) ? mount->point : volume;
  }
  if (mount == nullptr) {
    return source;
  }
  if (mount == rootfs_ || mount->point == "/" || !IsSnapshot(*mount)) {
    return std::nullopt;
  }
  return mount->point;
}

bool ImageMounts::IsSnapshot(const Mount& mount) const {
  if (mount.type == "overlay") {
    return AnyPart(mount.super_options, ',', NamesLayer);
  }
  if (HasSnapshotterFolder(mount.root)) {
    return true;
  }
  return !HasSnapshotterFolder(mount.point) &&
         std::any_of(stores_.begin(), stores_.end(), [&](const Mount* store) {
           return store->device == mount.device && IsAtOrBelow(mount.root, store->root);
         });
}

}  // namespace sigward::verifier
