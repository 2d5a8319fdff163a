#include "rpc/listen_fds.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace sigward::rpc {
namespace {

constexpr int kFirstListenFd = 3;

/// Takes a variable out of the environment.
std::optional<std::string> TakeVariable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::string taken = value;
  unsetenv(name);
  return taken;
}

std::optional<int> ParseDecimal(const std::optional<std::string>& text) {
  int number = 0;
  if (!text) {
    return std::nullopt;
  }
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(colon + 1);
  }
}

/// SO_DOMAIN, SO_TYPE or SO_ACCEPTCONN of a socket; none when FD is not a socket.
std::optional<int> SocketOption(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::vector<ListenFd> TakeListenFds() {
  const std::optional<int> pid = ParseDecimal(TakeVariable("LISTEN_PID"));
  const std::optional<int> count = ParseDecimal(TakeVariable("LISTEN_FDS"));
  const std::optional<std::string> names_text = TakeVariable("LISTEN_FDNAMES");
  if (pid != getpid() || !count || *count <= 0 || *count > static_cast<int>(kMaxListenFds)) {
    return {};
  }
  const auto size = static_cast<std::size_t>(*count);
  std::vector<std::string> names =
      names_text ? Split(*names_text) : std::vector<std::string>(size, "unknown");
  if (names.size() != size) {
    return {};
  }
  for (int fd = kFirstListenFd; fd < kFirstListenFd + *count; ++fd) {
    // A number that is not open is never owned: it may become somebody else's descriptor.
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return {};
    }
  }
  std::vector<ListenFd> taken;
  taken.reserve(size);
  int fd = kFirstListenFd;
  for (std::string& name : names) {
    taken.push_back({std::move(name), base::UniqueFd(fd++)});
  }
  return taken;
}

base::Result<std::optional<base::UniqueFd>> TakeListenerIfAny() {
  std::vector<ListenFd> taken = TakeListenFds();
  if (taken.empty()) {
    return std::optional<base::UniqueFd>();
  }
  if (taken.size() != 1) {
    return base::Fail(
        base::Reason::kConfigInvalid,
        "expected one listening socket in $LISTEN_FDS, got " + std::to_string(taken.size()));
  }
  base::UniqueFd& socket = taken.front().socket;
  if (SocketOption(socket.get(), SO_DOMAIN) != AF_UNIX ||
      SocketOption(socket.get(), SO_TYPE) != SOCK_SEQPACKET ||
      SocketOption(socket.get(), SO_ACCEPTCONN) != 1) {
    return base::Fail(base::Reason::kConfigInvalid,
                      "the descriptor in $LISTEN_FDS is not a listening SOCK_SEQPACKET socket");
  }
  return std::optional(std::move(socket));
}

base::Result<base::UniqueFd> TakeOnlyListener() {
  SIGWARD_ASSIGN_OR_RETURN(std::optional<base::UniqueFd> listener, TakeListenerIfAny());
  if (!listener.has_value()) {
    return base::Fail(base::Reason::kConfigInvalid,
                      "expected one listening socket in $LISTEN_FDS, got 0");
  }
  return *std::move(listener);
}

}  // namespace sigward::rpc
