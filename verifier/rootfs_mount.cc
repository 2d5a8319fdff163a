#include "verifier/rootfs_mount.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "verifier/lexical_path.h"
#include "verifier/overlay_directories.h"

namespace sigward::verifier {
namespace {

using Mismatch = std::optional<std::string>;

constexpr std::size_t kMaxPathInText = 160;

std::string Shown(std::string_view path) {
  return base::OneLine(path, kMaxPathInText);
}

/// The folder that DIRECTORIES share, above all of them, as containerd finds it.
std::string SharedFolder(std::span<const std::string> directories) {
  std::string_view shared = directories.front();
  for (const std::string& directory : directories) {
    const auto [end, other] =
        std::mismatch(shared.begin(), shared.end(), directory.begin(), directory.end());
    shared = shared.substr(0, static_cast<std::size_t>(end - shared.begin()));
  }
  const std::size_t slash = shared.rfind('/');
  return std::string(shared.substr(0, slash == std::string_view::npos ? 0 : slash));
}

/// MOUNTED with relative names expanded, where containerd had reason to shorten what EXPECTED says.
std::vector<std::string> Expanded(std::vector<std::string> mounted,
                                  const std::vector<std::string>& expected,
                                  const SnapshotMount& mount) {
  std::size_t size = 0;
  for (const std::string& option : mount.options) {
    size += option.size();
  }
  const bool all_relative = std::none_of(mounted.begin(), mounted.end(), [](const auto& name) {
    return std::string_view(name).starts_with('/');
  });
  if (size < kMinShortenedOptions || expected.size() < 2 || !all_relative) {
    return mounted;
  }
  const std::string folder = SharedFolder(expected);
  for (std::string& name : mounted) {
    name.insert(0, folder.empty() ? "" : folder + "/");
  }
  return mounted;
}

/// A mount at one of DIRECTORIES or above it, but below the folder that they all lie in, would have
/// put other files into the overlay. A volume for all snapshots together is nobody's trick.
Mismatch CoveredDirectory(const MountTable& table, const OverlayDirectories& directories) {
  std::vector<std::string> all = directories.lowers;
  if (directories.upper) {
    all.push_back(*directories.upper);
  }
  std::string folder = SharedFolder(all);
  folder = folder.empty() ? "/" : folder;
  for (const std::string& directory : all) {
    if (directory != CleanPath(directory)) {
      return "the snapshot's directory " + Shown(directory) + " is not a clean absolute path";
    }
    const Mount* mount = table.Containing(directory);
    if (mount == nullptr || !IsAtOrBelow(folder, mount->point)) {
      return "the snapshot's directory " + Shown(directory) + " lies beneath a mount of its own";
    }
  }
  return std::nullopt;
}

Mismatch CompareLowers(const std::vector<std::string>& mounted,
                       const std::vector<std::string>& expected, bool is_idmapped) {
  const std::string hint = is_idmapped ? " (idmapped: what they are copies of is not shown)" : "";
  if (mounted.size() != expected.size()) {
    return "its overlay has " + std::to_string(mounted.size()) +
           " lower directories, the snapshot has " + std::to_string(expected.size()) + hint;
  }
  const auto [mine, other] = std::mismatch(mounted.begin(), mounted.end(), expected.begin());
  if (mine == mounted.end()) {
    return std::nullopt;
  }
  return "its lower directory " + std::to_string(mine - mounted.begin() + 1) + " is " +
         Shown(*mine) + ", the snapshot's is " + Shown(*other) + hint;
}

Mismatch CompareOverlay(const MountTable& table, const Mount& visible,
                        const SnapshotMount& expected) {
  if (visible.type != "overlay") {
    return "its type is " + Shown(visible.type) + ", the snapshot's is overlay";
  }
  // A folder of the right overlay shows the same options.
  if (visible.root != "/") {
    return "only the folder " + Shown(visible.root) + " of an overlay is mounted";
  }
  const auto wanted = ParseOverlayOptions(expected.options);
  if (!wanted.ok()) {
    return "the snapshot has " + wanted.error().detail;
  }
  const auto mounted = ParseOverlaySuperOptions(visible.super_options);
  if (!mounted.ok()) {
    return "it has " + mounted.error().detail;
  }
  if (mounted->upper != wanted->upper) {
    return "its upper directory is " + Shown(mounted->upper.value_or("none")) +
           ", the snapshot's is " + Shown(wanted->upper.value_or("none"));
  }
  const bool is_idmapped =
      std::any_of(expected.options.begin(), expected.options.end(),
                  [](std::string_view option) { return option.starts_with("uidmap="); });
  if (Mismatch lowers = CompareLowers(Expanded(mounted->lowers, wanted->lowers, expected),
                                      wanted->lowers, is_idmapped)) {
    return lowers;
  }
  return CoveredDirectory(table, *wanted);
}

Mismatch CompareBind(const MountTable& table, const Mount& visible, const SnapshotMount& expected) {
  const std::string& directory = expected.source;
  if (!directory.starts_with('/') || directory != CleanPath(directory)) {
    return "the snapshot's directory " + Shown(directory) + " is not a clean absolute path";
  }
  // Of a layer of the overlay snapshotter, SNAPSHOTS/NUMBER/fs, a mount at its NUMBER would cover
  // it too.
  std::string_view own = directory;
  own.remove_suffix(own.ends_with("/fs") ? std::string_view("/fs").size() : 0);
  const Mount* holder = table.Containing(directory);
  if (holder == nullptr || IsAtOrBelow(holder->point, own)) {
    return "the snapshot's directory " + Shown(directory) + " lies beneath a mount of its own";
  }
  const std::string_view remainder =
      std::string_view(directory).substr(holder->point == "/" ? 0 : holder->point.size());
  const std::string root = (holder->root == "/" ? "" : holder->root) + std::string(remainder);
  if (visible.device != holder->device || visible.root != root) {
    return "it shows " + Shown(visible.root) + " of device " + visible.device +
           ", the snapshot's directory is " + Shown(root) + " of device " + holder->device;
  }
  return std::nullopt;
}

bool IsBind(const SnapshotMount& mount) {
  return mount.type == "bind" &&
         std::any_of(mount.options.begin(), mount.options.end(),
                     [](const auto& option) { return option == "bind" || option == "rbind"; });
}

Mismatch Compare(const MountTable& table, std::string_view root_path,
                 std::span<const SnapshotMount> mounts) {
  if (mounts.size() != 1) {
    return "the snapshot consists of " + std::to_string(mounts.size()) + " mounts, not of one";
  }
  const Mount* visible = table.Containing(root_path);
  if (visible == nullptr || visible->point != root_path) {
    return std::string(table.IsPoint(root_path) ? "its mount is hidden by another"
                                                : "nothing is mounted there");
  }
  if (const Mount* below = table.HangingOn(*visible); below != nullptr) {
    return Shown(below->point) + " is a mount too and covers files of the image";
  }
  const SnapshotMount& expected = mounts.front();
  if (expected.type == "overlay") {
    return CompareOverlay(table, *visible, expected);
  }
  if (IsBind(expected)) {
    return CompareBind(table, *visible, expected);
  }
  return "the snapshot's mount is of type " + Shown(expected.type) + ", which is not compared";
}

}  // namespace

std::optional<std::string> MismatchAt(const MountTable& table, std::string_view root_path,
                                      std::span<const SnapshotMount> mounts) {
  const Mismatch mismatch = Compare(table, root_path, mounts);
  if (!mismatch) {
    return std::nullopt;
  }
  return base::OneLine("rootfs " + Shown(root_path) + ": " + *mismatch, kMaxMismatchText);
}

}  // namespace sigward::verifier
