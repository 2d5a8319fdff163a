#include "base/root_only.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/files.h"
#include "base/unique_fd.h"

namespace sigward::base {
namespace {

Error Refused(const std::string& path, const std::string& why) {
  return Fail(Reason::kPolicyUnavailable, path + " " + why);
}

/// Opens PATH part by part. Each part is opened relative to the one that was checked, so none can
/// be swapped in between. The last must be of TYPE and is opened for reading.
Result<UniqueFd> Walk(const std::string& path, mode_t type) {
  if (!path.starts_with('/')) {
    return Refused(path, "is not an absolute path");
  }
  UniqueFd folder(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string walked = "/";
  SIGWARD_RETURN_IF_ERROR(CheckRootOnly(folder.get(), S_IFDIR, walked));
  std::string_view rest = std::string_view(path).substr(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    if (name.empty() || name == "." || name == "..") {
      return Refused(path, "is not a plain path");
    }
    walked += (walked.size() > 1 ? "/" : "") + name;
    const int kind = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    UniqueFd part(openat(folder.get(), name.c_str(), kind | O_NOFOLLOW | O_CLOEXEC));
    if (!part.valid()) {
      return Refused(walked, errno == ELOOP || errno == ENOTDIR
                                 ? "is a symbolic link or not a folder"
                                 : std::string("cannot be opened: ") + std::strerror(errno));
    }
    SIGWARD_RETURN_IF_ERROR(CheckRootOnly(part.get(), last ? type : S_IFDIR, walked));
    if (last) {
      return part;
    }
    folder = std::move(part);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

Status CheckRootOnly(int fd, mode_t type, const std::string& path) {
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
  return Ok();
}

Result<std::string> ReadRootOnlyFile(const std::string& path, std::size_t max_bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const UniqueFd file, Walk(path, S_IFREG));
  auto content = ReadToEnd(file.get(), max_bytes);
  if (!content.ok()) {
    return Within(path, std::move(content).error());
  }
  return content;
}

Status CheckRootOnlyFile(const std::string& path) {
  SIGWARD_RETURN_IF_ERROR(Walk(path, S_IFREG));
  return Ok();
}

Status CheckRootOnlyFolder(const std::string& path) {
  SIGWARD_RETURN_IF_ERROR(Walk(path, S_IFDIR));
  return Ok();
}

Result<UniqueFd> OpenRootOnlyFolder(const std::string& path) {
  return Walk(path, S_IFDIR);
}

}  // namespace sigward::base
