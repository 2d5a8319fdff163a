#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::base {

/// Reads a whole regular file of at most MAX_BYTES. Fails with kIoFailed, or kTooLarge.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

/// Reads from an open descriptor to its end, at most MAX_BYTES. Fails with kIoFailed, or kTooLarge.
Result<std::string> ReadToEnd(int fd, std::size_t max_bytes);

/// The same for a pipe or socket whose other end may never write; fails with kTimeout at DEADLINE.
Result<std::string> ReadToEnd(int fd, std::size_t max_bytes, const Deadline& deadline);

/// Writes BYTES to a file that does not exist yet, or is replaced, mode 0600. Fails with kIoFailed.
Status WriteNewFile(const std::string& path, std::string_view bytes);

/// Puts BYTES at PATH in one step: a reader, also after a crash, sees the old file or the new one,
/// whole. Fails with kIoFailed; the old file is still there then.
Status ReplaceFile(const std::string& path, std::string_view bytes);

}  // namespace sigward::base
