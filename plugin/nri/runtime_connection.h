#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "rpc/nri_multiplexer.h"
#include "rpc/ttrpc.h"

namespace sigward::nri {

/// How long the runtime may not read before the connection is given up.
inline constexpr std::chrono::seconds kSendPatience{2};
/// Most bytes that wait to be sent.
inline constexpr std::size_t kMaxUnsentBytes = 4U << 20;

/// The socket to the runtime. Send and Break may be called from any thread, Receive from one.
class RuntimeConnection {
 public:
  /// Connects to the stream socket PATH. Fails with kContainerdUnreachable when nobody listens, and
  /// when the socket or its listener is not root's (or of this process's own user): whoever could
  /// put a socket there would be told of containers.
  static base::Result<std::shared_ptr<RuntimeConnection>> Open(const std::string& path);

  explicit RuntimeConnection(base::UniqueFd socket) : socket_(std::move(socket)) {}

  /// To wait on with poll(2).
  int fd() const { return socket_.get(); }

  /// Appends what has arrived to BYTES, without waiting; nothing when nothing has. Fails with
  /// kProtocol when the connection is closed, and with what broke it after Break or a failed Send.
  base::Status Receive(std::string& bytes);

  /// Sends MESSAGE, or leaves it to the thread that is sending. A failure breaks the connection,
  /// which Receive then tells.
  void Send(rpc::NriConnection connection, const rpc::TtrpcMessage& message);

  /// Ends the connection for everybody; the first reason is kept.
  void Break(base::Error why);

 private:
  base::Status Write(std::string_view bytes);
  void BreakLocked(base::Error why);

  base::UniqueFd socket_;
  std::mutex mutex_;
  /// What waits to be sent for the plugin's and the runtime's connection. Answers that wait
  /// together go in one frame: the runtime closes a connection on which it is behind by 256 frames.
  std::array<std::string, 2> unsent_;
  bool sending_ = false;
  std::optional<base::Error> broken_;
};

}  // namespace sigward::nri
