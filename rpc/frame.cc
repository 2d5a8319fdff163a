#include "rpc/frame.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace sigward::rpc {
namespace {

using base::Fail;
using base::Reason;

/// Connections that may wait to be accepted; the kernel's net.core.somaxconn bounds it further.
constexpr int kListenBacklog = 4096;

base::Error Failed(Reason reason, const std::string& what, int error) {
  const char* text = strerrordesc_np(error);
  return Fail(reason, what + ": " + (text == nullptr ? "unknown error" : text));
}

base::Result<sockaddr_un> AddressOf(const std::string& path, Reason reason) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Fail(reason, "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                            " bytes, not " + std::to_string(path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Removes the socket of a process that is gone, so that its place can be bound again.
base::Status RemoveStaleSocket(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? base::Ok() : base::Status(Failed(Reason::kIoFailed, path, errno));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Fail(Reason::kIoFailed, path + " is there and is not a socket");
  }
  const base::UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), Generic(address), sizeof address) == 0 || errno != ECONNREFUSED) {
    return Fail(Reason::kIoFailed, "another process listens at " + path);
  }
  if (unlink(path.c_str()) != 0) {
    return Failed(Reason::kIoFailed, "removing " + path, errno);
  }
  return base::Ok();
}

/// Room for the descriptors and the credentials of one frame.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFrameDescriptors * sizeof(int)) +
                                        CMSG_SPACE(sizeof(ucred))> bytes{};
};

struct Received {
  Frame frame;
  std::optional<ucred> sender;
};

/// Takes over what came beside the bytes. Every descriptor that the kernel has installed is owned
/// before anything is judged, so that no failure leaks one.
void TakeControl(msghdr& header, Received& received) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET) {
      continue;
    }
    const std::size_t size = item->cmsg_len - CMSG_LEN(0);
    if (item->cmsg_type == SCM_RIGHTS) {
      for (std::size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(item) + at, sizeof fd);
        // A socket that lingers would hold up whoever closes it: the sender could stop a thread.
        const linger never{.l_onoff = 0, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &never, sizeof never);
        received.frame.descriptors.emplace_back(fd);
      }
    } else if (item->cmsg_type == SCM_CREDENTIALS && size == sizeof(ucred)) {
      std::memcpy(&received.sender.emplace(), CMSG_DATA(item), sizeof(ucred));
    }
  }
}

base::Result<Received> ReceiveAnything(int socket, const base::Deadline& deadline) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kMaxFrameBytes);
  iovec part{.iov_base = buffer.get(), .iov_len = kMaxFrameBytes};
  Control control;
  msghdr header{};
  ssize_t size = -1;
  for (;;) {
    header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size >= 0) {
      break;
    }
    if (errno == EAGAIN) {
      SIGWARD_RETURN_IF_ERROR(Wait(socket, POLLIN, deadline));
    } else if (errno != EINTR) {
      return Failed(Reason::kProtocol, "receiving a frame", errno);
    }
  }
  Received received;
  TakeControl(header, received);
  if (size == 0) {
    return Fail(Reason::kProtocol, "the peer is gone without a frame");
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
      received.frame.descriptors.size() > kMaxFrameDescriptors) {
    return Fail(Reason::kTooLarge, "a frame has more than " + std::to_string(kMaxFrameBytes) +
                                       " bytes or " + std::to_string(kMaxFrameDescriptors) +
                                       " descriptors");
  }
  received.frame.bytes.assign(buffer.get(), static_cast<std::size_t>(size));
  return received;
}

}  // namespace

base::Result<base::UniqueFd> Listen(const std::string& path) {
  SIGWARD_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path, Reason::kIoFailed));
  SIGWARD_RETURN_IF_ERROR(RemoveStaleSocket(path, address));
  base::UniqueFd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!listener.valid()) {
    return Failed(Reason::kIoFailed, "socket", errno);
  }
  // Before bind, so that the socket is never there with a wider mode; umask would be the whole
  // process's.
  if (fchmod(listener.get(), 0600) != 0 ||
      bind(listener.get(), Generic(address), sizeof address) != 0 ||
      listen(listener.get(), kListenBacklog) != 0) {
    return Failed(Reason::kIoFailed, "listening at " + path, errno);
  }
  return listener;
}

base::Result<base::UniqueFd> Connect(const std::string& path, const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path, Reason::kGateUnreachable));
  base::UniqueFd connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!connection.valid()) {
    return Failed(Reason::kGateUnreachable, "socket", errno);
  }
  for (;;) {
    const auto left = deadline.Left();
    if (left.count() == 0) {
      return Fail(Reason::kTimeout, "connecting took too long");
    }
    // Where the listener's queue is full, the kernel lets a blocking connect wait for this long.
    const timeval span{.tv_sec = static_cast<time_t>(left.count() / 1000),
                       .tv_usec = static_cast<suseconds_t>(left.count() % 1000 * 1000)};
    if (setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &span, sizeof span) != 0) {
      return Failed(Reason::kGateUnreachable, "setsockopt", errno);
    }
    if (connect(connection.get(), Generic(address), sizeof address) == 0) {
      return connection;
    }
    if (errno != EINTR && errno != EAGAIN) {
      return Failed(Reason::kGateUnreachable, "connecting", errno);
    }
  }
}

base::Status Send(int socket, std::string_view bytes, const std::vector<int>& descriptors,
                  const base::Deadline& deadline) {
  if (bytes.empty()) {
    return Fail(Reason::kProtocol, "an empty frame cannot be sent");
  }
  if (bytes.size() > kMaxFrameBytes || descriptors.size() > kMaxFrameDescriptors) {
    return Fail(Reason::kTooLarge, "a frame of " + std::to_string(bytes.size()) + " bytes and " +
                                       std::to_string(descriptors.size()) +
                                       " descriptors cannot be sent");
  }
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  Control control;
  if (!descriptors.empty()) {
    const std::size_t size = descriptors.size() * sizeof(int);
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(item), descriptors.data(), size);
  }
  for (;;) {
    if (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
      return base::Ok();
    }
    if (errno == EAGAIN) {
      SIGWARD_RETURN_IF_ERROR(Wait(socket, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return Failed(Reason::kProtocol, "sending a frame", errno);
    }
  }
}

base::Result<Frame> Receive(int socket, const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(Received received, ReceiveAnything(socket, deadline));
  return std::move(received.frame);
}

base::Status RequestSenders(int socket) {
  const int on = 1;
  if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return Failed(Reason::kIoFailed, "asking for credentials", errno);
  }
  return base::Ok();
}

base::Result<Frame> ReceiveFromRoot(int socket, const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(Received received, ReceiveAnything(socket, deadline));
  if (!received.sender) {
    return Fail(Reason::kProtocol, "a frame does not show who sent it");
  }
  if (received.sender->uid != 0) {
    return Fail(Reason::kProtocol, "a frame was sent by user " +
                                       std::to_string(received.sender->uid) + ", not by root");
  }
  return std::move(received.frame);
}

base::Status CheckPeer(int socket) {
  return CheckPeerOr(geteuid(), socket);
}

base::Status CheckPeerOr(uid_t other, int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Failed(Reason::kProtocol, "asking who the peer is", errno);
  }
  if (peer.uid != 0 && peer.uid != geteuid() && peer.uid != other) {
    return Fail(Reason::kProtocol, "the peer runs as user " + std::to_string(peer.uid));
  }
  return base::Ok();
}

base::Status Wait(int socket, short events, const base::Deadline& deadline) {
  for (;;) {
    const auto left = std::min<std::chrono::milliseconds::rep>(deadline.Left().count(), INT_MAX);
    pollfd item{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&item, 1, static_cast<int>(left));
    if (ready > 0) {
      return base::Ok();
    }
    if (ready == 0 && left == 0) {
      return Fail(Reason::kTimeout, "the peer took too long");
    }
    if (ready < 0 && errno != EINTR) {
      return Failed(Reason::kProtocol, "poll", errno);
    }
  }
}

}  // namespace sigward::rpc
