#include "plugin/nri/runtime_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "rpc/frame.h"

namespace sigward::nri {
namespace {

using base::Fail;
using base::Reason;

constexpr std::size_t kReadBytes = 64U << 10;

base::Error Failed(Reason reason, const std::string& what, int error) {
  const char* text = strerrordesc_np(error);
  return Fail(reason, what + ": " + (text == nullptr ? "unknown error" : text));
}

base::Status CheckSocketFile(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return Failed(Reason::kContainerdUnreachable, path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Fail(Reason::kContainerdUnreachable, path + " is not a socket");
  }
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return Fail(Reason::kContainerdUnreachable,
                path + " belongs to user " + std::to_string(status.st_uid) + ", not to root");
  }
  return base::Ok();
}

}  // namespace

base::Result<std::shared_ptr<RuntimeConnection>> RuntimeConnection::Open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Fail(Reason::kContainerdUnreachable, "the NRI socket's path is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  SIGWARD_RETURN_IF_ERROR(CheckSocketFile(path));
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) {
    return Failed(Reason::kContainerdUnreachable, "socket", errno);
  }
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Failed(Reason::kContainerdUnreachable, "connecting to " + path, errno);
  }
  if (const auto peer = rpc::CheckPeer(socket.get()); !peer.ok()) {
    return Fail(Reason::kContainerdUnreachable, path + ": " + peer.error().detail);
  }
  return std::make_shared<RuntimeConnection>(std::move(socket));
}

base::Status RuntimeConnection::Receive(std::string& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + kReadBytes);
  const ssize_t size = recv(socket_.get(), bytes.data() + before, kReadBytes, MSG_DONTWAIT);
  const int error = errno;
  bytes.resize(before + (size > 0 ? static_cast<std::size_t>(size) : 0));
  if (size > 0 || (size < 0 && (error == EAGAIN || error == EINTR))) {
    return base::Ok();
  }
  const std::lock_guard lock(mutex_);
  if (broken_) {
    return *broken_;
  }
  if (size == 0) {
    return Fail(Reason::kProtocol, "the runtime closed the connection");
  }
  return Failed(Reason::kProtocol, "receiving", error);
}

void RuntimeConnection::Send(rpc::NriConnection connection, const rpc::TtrpcMessage& message) {
  auto bytes = rpc::Encode(message);
  std::unique_lock lock(mutex_);
  if (!bytes.ok()) {
    BreakLocked(std::move(bytes).error());
    return;
  }
  if (broken_) {
    return;
  }
  std::string& unsent = unsent_.at(connection == rpc::NriConnection::kPlugin ? 0 : 1);
  if (unsent.size() + bytes->size() > kMaxUnsentBytes) {
    BreakLocked(Fail(Reason::kTimeout, "the runtime does not read its answers"));
    return;
  }
  unsent += *bytes;
  if (sending_) {
    return;
  }
  sending_ = true;
  while (!broken_ && !(unsent_[0].empty() && unsent_[1].empty())) {
    std::string frames;
    rpc::AppendNriFrames(frames, rpc::NriConnection::kPlugin, unsent_[0]);
    rpc::AppendNriFrames(frames, rpc::NriConnection::kRuntime, unsent_[1]);
    unsent_[0].clear();
    unsent_[1].clear();
    lock.unlock();
    auto written = Write(frames);
    lock.lock();
    if (!written.ok()) {
      BreakLocked(std::move(written).error());
    }
  }
  sending_ = false;
}

base::Status RuntimeConnection::Write(std::string_view bytes) {
  const auto deadline = base::Deadline::After(kSendPatience);
  while (!bytes.empty()) {
    const ssize_t size =
        send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      if (auto ready = rpc::Wait(socket_.get(), POLLOUT, deadline); !ready.ok()) {
        return Within("sending to the runtime", std::move(ready).error());
      }
    } else if (errno != EINTR) {
      return Failed(Reason::kProtocol, "sending to the runtime", errno);
    }
  }
  return base::Ok();
}

void RuntimeConnection::Break(base::Error why) {
  const std::lock_guard lock(mutex_);
  BreakLocked(std::move(why));
}

void RuntimeConnection::BreakLocked(base::Error why) {
  if (!broken_) {
    broken_ = std::move(why);
    (void)shutdown(socket_.get(), SHUT_RDWR);
  }
}

}  // namespace sigward::nri
