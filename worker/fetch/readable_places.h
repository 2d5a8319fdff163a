#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sigward::worker {

/// Folders of registries whose files elsewhere are known; those of further ones cannot be read.
inline constexpr std::size_t kMaxRegistryFolders = 4096;

/// What sigward-fetchd has to read after it is sealed: its folder of hosts.toml files, the files
/// elsewhere that these name or link to, the system's certificates, and what the C library looks
/// names up with. One thread.
class ReadablePlaces {
 public:
  /// Looks at the files as they are now. HOSTS_DIR may be missing.
  explicit ReadablePlaces(std::string hosts_dir);

  /// Files and folders, also such as do not exist.
  std::vector<std::string> paths() const;

  /// Whether a process that was sealed with the paths of before may no longer read what it has to:
  /// a file was put in another's place, or a hosts.toml names a new one. Costs a few stat(2) while
  /// nothing has changed.
  bool Outdated();

 private:
  /// What a rule of the kernel is about: not the name.
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  struct Stamp {
    Identity identity;
    std::int64_t changed_ns = 0;
    auto operator<=>(const Stamp&) const = default;
  };
  struct Scan {
    std::map<std::string, Identity> places;
    /// Folders and hosts.toml files whose change can bring a new place.
    std::map<std::string, Stamp> sources;
  };

  static Stamp StampOf(const std::string& path);
  Scan Look() const;
  void LookInto(const std::string& folder, Scan& scan) const;
  /// Adds what PATH really is, unless it lies below a folder that may be read anyway.
  void AddIfElsewhere(const std::string& path, const std::string& folder, Scan& scan) const;

  std::string hosts_dir_;
  Scan known_;
};

}  // namespace sigward::worker
