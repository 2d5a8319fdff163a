#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::base {

// What only root can have written is a trust of its own ("local-root") and needs no signature. A
// path is root's alone when it is absolute and plain, and when each of its parts, from / to the
// last, is owned by root, is no symbolic link and cannot be written by group or others. A folder
// with the sticky bit may be writable: there nobody can replace what is another's.

/// Reads a regular file of at most MAX_BYTES at a path that is root's alone.
/// Fails with kPolicyUnavailable, naming the part of the path that is wrong, or kTooLarge.
Result<std::string> ReadRootOnlyFile(const std::string& path, std::size_t max_bytes);

/// Fails with kPolicyUnavailable unless PATH is a regular file that is root's alone.
Status CheckRootOnlyFile(const std::string& path);

/// Fails with kPolicyUnavailable unless PATH is a folder that is root's alone.
Status CheckRootOnlyFolder(const std::string& path);

/// The folder at PATH, opened for reading. Fails as CheckRootOnlyFolder does.
Result<UniqueFd> OpenRootOnlyFolder(const std::string& path);

/// Fails with kPolicyUnavailable unless FD, which messages call PATH, is of TYPE (S_IFDIR,
/// S_IFREG), owned by root and cannot be written by others. It says nothing of the folders above.
Status CheckRootOnly(int fd, mode_t type, const std::string& path);

}  // namespace sigward::base
