#include "shim/real_runtime.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"

namespace sigward::shim {
namespace {

using base::Fail;
using base::Reason;

constexpr std::array<const char*, 2> kRuntimeNames = {"runc", "crun"};
constexpr const char* kOwnProgram = "/proc/self/exe";
constexpr std::size_t kMaxShown = 256;

FileIdentity IdentityOf(const struct stat& status) {
  return {.device = status.st_dev, .inode = status.st_ino};
}

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return IdentityOf(status);
}

/// PATH without links, empty when there is nothing.
std::string Resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr),
                                                             &std::free);
  return resolved == nullptr ? "" : resolved.get();
}

/// The folder of a resolved path.
std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The absolute entries of SEARCH_PATH. Fails with kRuntimeUnknown when there are too many.
base::Result<std::vector<std::string>> FoldersOf(std::string_view search_path) {
  std::vector<std::string> folders;
  while (!search_path.empty()) {
    const std::size_t colon = std::min(search_path.find(':'), search_path.size());
    if (search_path.starts_with('/')) {
      folders.emplace_back(search_path.substr(0, colon));
    }
    search_path.remove_prefix(std::min(colon + 1, search_path.size()));
  }
  if (folders.size() > kMaxSearchFolders) {
    return Fail(Reason::kRuntimeUnknown,
                "PATH has more than " + std::to_string(kMaxSearchFolders) + " folders");
  }
  return folders;
}

/// True when FOLDER, a resolved path, and all above it are root's, and nobody else may change what
/// root has put there.
bool IsRootsToTheTop(std::string folder) {
  for (;;) {
    struct stat status {};
    if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != 0 ||
        ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0)) {
      return false;
    }
    if (folder == "/") {
      return true;
    }
    folder = ParentOf(folder);
  }
}

/// The search for one runtime.
class Search {
 public:
  Search(std::string_view name, const OwnProgram& own) : name_(name), own_(own) {
    own_folders_.push_back(own.folder);
  }

  /// Known before the first candidate is judged: a link in an earlier folder can lead into a later
  /// one.
  void NoteOwnFolders(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders) {
      const auto identity = IdentityOf(folder);
      const bool holds_us = std::any_of(
          kRuntimeNames.begin(), kRuntimeNames.end(),
          [&](const char* name) { return IdentityOf(folder + "/" + name) == own_.file; });
      if (identity && holds_us && !IsOwnFolder(*identity)) {
        own_folders_.push_back(*identity);
      }
    }
  }

  /// The runtime in FOLDER; empty when there is none, or none that may be taken.
  std::string Try(const std::string& folder) {
    const auto identity = IdentityOf(folder);
    if (!identity || IsOwnFolder(*identity)) {
      return "";
    }
    const std::string candidate = folder + "/" + name_;
    struct stat status {};
    const std::string path = Resolved(candidate);
    if (path.empty() || stat(path.c_str(), &status) != 0) {
      return "";
    }
    const std::string fault = FaultOf(path, status, Resolved(folder));
    if (!fault.empty() && fault_.empty()) {
      fault_ = candidate + " " + fault;
    }
    return fault.empty() ? path : "";
  }

  /// Why the first candidate was not taken; empty when there was none.
  const std::string& fault() const { return fault_; }

 private:
  bool IsOwnFolder(const FileIdentity& folder) const {
    return std::find(own_folders_.begin(), own_folders_.end(), folder) != own_folders_.end();
  }

  std::string FaultOf(const std::string& path, const struct stat& status,
                      const std::string& folder) const {
    const std::string parent = ParentOf(path);
    const auto parent_identity = IdentityOf(parent);
    if (!parent_identity || IsOwnFolder(*parent_identity) || IdentityOf(status) == own_.file) {
      return "is sigward's own";
    }
    if (!S_ISREG(status.st_mode)) {
      return "is no regular file";
    }
    if (status.st_uid != 0) {
      return "is not root's";
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
      return "may be written by others";
    }
    if ((status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
      return "is not executable";
    }
    if (!IsRootsToTheTop(parent) || !IsRootsToTheTop(folder)) {
      return "lies where others may write";
    }
    return "";
  }

  std::string name_;
  OwnProgram own_;
  std::vector<FileIdentity> own_folders_;
  std::string fault_;
};

}  // namespace

base::Result<OwnProgram> FindOwnProgram() {
  const auto file = IdentityOf(std::string(kOwnProgram));
  const std::string path = Resolved(kOwnProgram);
  const auto folder = path.empty() ? std::nullopt : IdentityOf(ParentOf(path));
  if (!file || !folder) {
    return Fail(Reason::kRuntimeUnknown,
                std::string(kOwnProgram) + " does not say which program this is");
  }
  return OwnProgram{.file = *file, .folder = *folder};
}

base::Result<std::string> RuntimeNameOf(std::string_view argv0) {
  const std::string_view name = argv0.substr(argv0.rfind('/') + 1);
  if (std::find(kRuntimeNames.begin(), kRuntimeNames.end(), name) == kRuntimeNames.end()) {
    return Fail(Reason::kRuntimeUnknown,
                "called as \"" + base::OneLine(name, kMaxShown) + "\", not as runc or crun");
  }
  return std::string(name);
}

base::Result<std::string> FindRealRuntime(std::string_view name, std::string_view search_path,
                                          const OwnProgram& own) {
  SIGWARD_ASSIGN_OR_RETURN(const auto folders, FoldersOf(search_path));
  Search search(name, own);
  search.NoteOwnFolders(folders);
  for (const std::string& folder : folders) {
    std::string path = search.Try(folder);
    if (!path.empty()) {
      return path;
    }
  }
  return Fail(Reason::kRuntimeUnknown,
              search.fault().empty()
                  ? "PATH has no " + std::string(name) + " besides sigward's own"
                  : base::OneLine(search.fault(), kMaxShown) + ", and PATH has no other");
}

base::Result<std::string> NextHop(const char* present) {
  const std::string_view value = present == nullptr ? "0" : present;
  if (value.size() != 1 || value.front() < '0' || value.front() >= '0' + kMaxRuntimeHops) {
    return Fail(Reason::kRuntimeUnknown, "the runtime that was found leads back to sigward (" +
                                             std::string(kRuntimeHopsVariable) +
                                             " stands for more than " +
                                             std::to_string(kMaxRuntimeHops - 1) + ")");
  }
  return std::string(1, static_cast<char>(value.front() + 1));
}

}  // namespace sigward::shim
