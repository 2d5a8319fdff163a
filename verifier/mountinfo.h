#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Largest mountinfo that is read, in bytes and in lines; the kernel's own bound on the mounts of
/// one namespace is 100,000 (sysctl fs.mount-max).
inline constexpr std::size_t kMaxMountinfoBytes = 4U << 20;
inline constexpr std::size_t kMaxMounts = 100'000;

/// One line of proc(5) mountinfo.
struct Mount {
  std::uint64_t id = 0;
  /// The mount that this one hangs on.
  std::uint64_t parent = 0;
  /// "major:minor" of the filesystem.
  std::string device;
  /// The folder within the filesystem that is mounted. Of one that was deleted since, the kernel
  /// says so behind it ("//deleted"), which no clean path equals.
  std::string root;
  std::string point;
  std::string type;
  /// Options of the filesystem, separated by commas, with the kernel's escapes.
  std::string super_options;
};

/// The bytes of TEXT with the kernel's octal escapes ("\040") undone. Fails with kMalformed at a
/// backslash that starts none.
base::Result<std::string> Unescape(std::string_view text);

/// The mounts that a process sees.
///
/// The order of lines does not say what is visible: a mount that is moved onto a place later keeps
/// its earlier line. What hangs on what does, so a path is looked up as the kernel does it, from
/// the topmost mount down.
///
/// A table is a moment's: what is mounted between its reading and the container's start is not in
/// it. Neither are mounts out of the reader's sight (another namespace, outside its root), nor
/// mounts that were there when an overlay was made and are gone since: the overlay keeps them.
class MountTable {
 public:
  /// Parses at most kMaxMountinfoBytes. Fails with kMalformed (also a last line without its end,
  /// and two mounts with one id) or kTooLarge (also beyond kMaxMounts).
  static base::Result<MountTable> Parse(base::ByteView text);

  const std::vector<Mount>& mounts() const { return mounts_; }
  /// The mount that a lookup of the clean path PATH ends in; null where the table leaves it open.
  /// Its point is PATH or a folder above it.
  const Mount* Containing(std::string_view path) const;
  /// Some mount that hangs on MOUNT, null when there is none.
  const Mount* HangingOn(const Mount& mount) const;
  /// True when some mount, hidden or not, has this point.
  bool IsPoint(std::string_view path) const { return by_point_.contains(path); }

 private:
  bool IsTop(const Mount& mount) const {
    return mount.parent == mount.id || !by_id_.contains(mount.parent);
  }
  /// The mounts at PATH and at the folders above it, the highest folder first.
  std::vector<const Mount*> At(std::string_view path) const;

  std::vector<Mount> mounts_;
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_point_;
};

}  // namespace sigward::verifier
