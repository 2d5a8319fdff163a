#include "base/files.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace sigward::base {
namespace {

Error Failed(const std::string& what) {
  return Fail(Reason::kIoFailed, what + ": " + std::strerror(errno));
}

/// WriteNewFile, and to the disk before it returns when DURABLE.
Status Write(const std::string& path, std::string_view bytes, bool durable) {
  const UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return Failed("cannot write " + path);
  }
  while (!bytes.empty()) {
    const ssize_t written = write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return Failed("cannot write " + path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (durable && fsync(fd.get()) != 0) {
    return Failed("cannot write " + path);
  }
  return Ok();
}

/// Reads until the end; BEFORE_EACH may end that before each read.
template <typename BeforeEach>
Result<std::string> ReadAll(int fd, std::size_t max_bytes, BeforeEach before_each) {
  std::string bytes;
  std::array<char, 16384> chunk{};
  while (true) {
    SIGWARD_RETURN_IF_ERROR(before_each());
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Failed("cannot read");
    }
    if (got == 0) {
      return bytes;
    }
    if (bytes.size() + static_cast<std::size_t>(got) > max_bytes) {
      return Fail(Reason::kTooLarge, "more than " + std::to_string(max_bytes) + " bytes");
    }
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> ReadToEnd(int fd, std::size_t max_bytes) {
  return ReadAll(fd, max_bytes, [] { return Ok(); });
}

Result<std::string> ReadToEnd(int fd, std::size_t max_bytes, const Deadline& deadline) {
  return ReadAll(fd, max_bytes, [&]() -> Status {
    pollfd watched{fd, POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(deadline.Left().count())) != 1) {
      return Fail(Reason::kTimeout, "nothing more came to be read");
    }
    return Ok();
  });
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid()) {
    return Failed("cannot open " + path);
  }
  auto bytes = ReadToEnd(fd.get(), max_bytes);
  if (!bytes.ok()) {
    return Within(path, std::move(bytes).error());
  }
  return bytes;
}

Status WriteNewFile(const std::string& path, std::string_view bytes) {
  return Write(path, bytes, /*durable=*/false);
}

Status ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  SIGWARD_RETURN_IF_ERROR(Write(fresh, bytes, /*durable=*/true));
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    return Failed("cannot replace " + path);
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd dir(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.valid()) {
    (void)fsync(dir.get());
  }
  return Ok();
}

}  // namespace sigward::base
