#include "plugin/sync/local_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/files.h"
#include "base/unique_fd.h"
#include "policy/snapshot.h"

namespace sigward::sync {
namespace {

using base::Fail;
using base::Reason;
using base::UniqueFd;

base::Error Refused(const std::string& path, const std::string& why) {
  return Fail(Reason::kPolicyUnavailable, path + " " + why);
}

/// Checks that FD, opened from PATH, is of TYPE (S_IFDIR, S_IFREG) and that only root can change it.
base::Status CheckOwned(int fd, mode_t type, const std::string& path) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    return Refused(path, std::string("cannot be examined: ") + std::strerror(errno));
  }
  if (status.st_uid != 0) {
    return Refused(path, "is not owned by root");
  }
  const bool sticky_folder = type == S_IFDIR && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky_folder) {
    return Refused(path, "may be written by group or others");
  }
  if ((status.st_mode & S_IFMT) != type) {
    return Refused(path, type == S_IFDIR ? "is not a folder" : "is not a regular file");
  }
  return base::Ok();
}

}  // namespace

base::Result<std::string> ReadLocalPolicy(const std::string& path) {
  if (!path.starts_with('/')) {
    return Refused(path, "is not an absolute path");
  }
  UniqueFd folder(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string walked = "/";
  SIGWARD_RETURN_IF_ERROR(CheckOwned(folder.get(), S_IFDIR, walked));
  std::string_view rest = std::string_view(path).substr(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    if (name.empty() || name == "." || name == "..") {
      return Refused(path, "is not a plain path");
    }
    walked += (walked.size() > 1 ? "/" : "") + name;
    // Each part is opened relative to the one that was checked, so none can be swapped in between.
    const int kind = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    UniqueFd part(openat(folder.get(), name.c_str(), kind | O_NOFOLLOW | O_CLOEXEC));
    if (!part.valid()) {
      return Refused(walked, errno == ELOOP || errno == ENOTDIR
                                 ? "is a symbolic link or not a folder"
                                 : std::string("cannot be opened: ") + std::strerror(errno));
    }
    SIGWARD_RETURN_IF_ERROR(CheckOwned(part.get(), last ? S_IFREG : S_IFDIR, walked));
    if (last) {
      auto content = base::ReadToEnd(part.get(), policy::kMaxCompiledBytes);
      return content.ok() ? std::move(content)
                          : base::Result<std::string>(Within(path, std::move(content).error()));
    }
    folder = std::move(part);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace sigward::sync
