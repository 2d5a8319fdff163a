#include "plugin/evidence/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/files.h"
#include "base/root_only.h"
#include "verifier/signature_listing.h"

namespace sigward::evidence {
namespace {

using base::Fail;
using base::Reason;
using base::UniqueFd;
using verifier::Digest;

constexpr const char* kIndexName = "index.json";
constexpr const char* kBlobsName = "blobs/sha256";

/// openat2 has no wrapper in glibc. O_NONBLOCK: a FIFO without a writer opens at once, and is
/// refused for what it is.
UniqueFd OpenBeneath(int folder, const std::string& name, mode_t type) {
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.flags |= type == S_IFDIR ? O_DIRECTORY : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how)));
}

base::Error Io(const std::string& what, const std::string& why) {
  return Fail(Reason::kIoFailed, what + " " + why);
}

/// A problem with what must be root's alone, as one of evidence and not of the policy.
base::Error AsIo(const base::Error& error) {
  return Fail(Reason::kIoFailed, error.detail);
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

base::Result<Layout> Layout::Open(const std::string& path) {
  auto folder = base::OpenRootOnlyFolder(path);
  if (!folder.ok()) {
    return AsIo(folder.error());
  }
  return Layout(path, *std::move(folder));
}

base::Result<UniqueFd> Layout::OpenInside(const std::string& name, mode_t type) const {
  const std::string full = path_ + "/" + name;
  UniqueFd file = OpenBeneath(folder_.get(), name, type);
  if (!file.valid()) {
    if (errno == ENOENT) {
      return file;
    }
    return Io(full, errno == ELOOP || errno == EXDEV
                        ? "is a symbolic link, or lies behind one"
                        : std::string("cannot be opened: ") + std::strerror(errno));
  }
  if (const base::Status checked = base::CheckRootOnly(file.get(), type, full); !checked.ok()) {
    return AsIo(checked.error());
  }
  return file;
}

base::Result<UniqueFd> Layout::OpenExpected(const std::string& name, mode_t type) const {
  SIGWARD_ASSIGN_OR_RETURN(UniqueFd file, OpenInside(name, type));
  if (!file.valid()) {
    return Io(path_ + "/" + name, "is missing");
  }
  return file;
}

base::Result<LayoutStamp> Layout::Stamp() const {
  const auto stamp = [](int fd, LayoutStamp::Of& out) {
    struct stat status {};
    if (fstat(fd, &status) != 0) {
      return false;
    }
    // The time of change, not of modification: nobody can set it back.
    out = {status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec,
           status.st_ctim.tv_nsec};
    return true;
  };
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd index, OpenExpected(kIndexName, S_IFREG));
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd blobs, OpenExpected(kBlobsName, S_IFDIR));
  LayoutStamp out;
  if (!stamp(index.get(), out.index_) || !stamp(blobs.get(), out.blobs_)) {
    return Io(path_, std::string("cannot be examined: ") + std::strerror(errno));
  }
  return out;
}

base::Result<base::SealedMemory> Layout::Take(int fd, const std::string& name,
                                              std::size_t max_bytes) const {
  auto bytes = base::ReadToEnd(fd, max_bytes);
  if (!bytes.ok()) {
    return base::Within(path_ + "/" + name, std::move(bytes).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(UniqueFd sealed, base::SealBytes(base::AsBytes(*bytes)));
  return base::SealedMemory::Open(std::move(sealed), max_bytes);
}

base::Result<base::SealedMemory> Layout::ReadIndex() const {
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd index, OpenExpected(kIndexName, S_IFREG));
  return Take(index.get(), kIndexName, verifier::kMaxListingBytes);
}

base::Result<std::optional<base::SealedMemory>> Layout::Read(const Digest& digest,
                                                             std::size_t max_bytes,
                                                             const base::Deadline& deadline) const {
  if (deadline.Passed()) {
    return Fail(Reason::kTimeout, "no time is left to read " + place());
  }
  const std::string name =
      "blobs/" + std::string(digest.algorithm_name()) + "/" + std::string(digest.hex());
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd blob, OpenInside(name, S_IFREG));
  if (!blob.valid()) {
    return std::optional<base::SealedMemory>();
  }
  SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory bytes, Take(blob.get(), name, max_bytes));
  return std::optional(std::move(bytes));
}

base::Result<std::vector<Digest>> Layout::SmallBlobs() const {
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd blobs, OpenExpected(kBlobsName, S_IFDIR));
  // What reads the folder closes its descriptor.
  const std::unique_ptr<DIR, CloseFolder> folder(fdopendir(fcntl(blobs.get(), F_DUPFD_CLOEXEC, 0)));
  if (folder == nullptr) {
    return Io(path_ + "/" + kBlobsName, std::string("cannot be read: ") + std::strerror(errno));
  }
  std::vector<Digest> small;
  std::size_t seen = 0;
  while (const dirent* entry = readdir(folder.get())) {
    auto digest = Digest::Parse("sha256:" + std::string(entry->d_name));
    struct stat status {};
    if (!digest.ok() || fstatat(blobs.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    if (++seen > kMaxBlobsScanned) {
      return Fail(Reason::kTooLarge, path_ + "/" + kBlobsName + " has more than " +
                                         std::to_string(kMaxBlobsScanned) + " blobs");
    }
    if (S_ISREG(status.st_mode) && status.st_size > 0 &&
        static_cast<std::size_t>(status.st_size) <= kMaxUnlistedManifest) {
      small.push_back(*std::move(digest));
    }
  }
  return small;
}

}  // namespace sigward::evidence
