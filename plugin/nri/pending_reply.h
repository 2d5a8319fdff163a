#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/nri/nri_door.h"
#include "plugin/nri/runtime_connection.h"

namespace sigward::nri {

/// Longest line that the runtime is given, in bytes.
inline constexpr std::size_t kMaxLineBytes = 4096;

/// Codes of gRPC that a status may carry.
enum class StatusCode : std::int32_t {
  kInvalidArgument = 3,
  kPermissionDenied = 7,
  kUnimplemented = 12,
};

/// Sends the answer PAYLOAD (a message of NRI, encoded) to the request on STREAM.
void SendPayload(RuntimeConnection& connection, std::uint32_t stream, std::string payload);

/// Sends a refusal to the request on STREAM. TEXT is made fit for one line.
void SendStatus(RuntimeConnection& connection, std::uint32_t stream, StatusCode code,
                const std::string& text);

/// Which of the two requests asks for a decision.
enum class Request : std::uint8_t { kCreateContainer, kValidateContainerAdjustment };

/// The answer that one request waits for. Whoever answers first wins; what comes later is dropped.
class PendingReply {
 public:
  PendingReply(std::shared_ptr<RuntimeConnection> connection, std::uint32_t stream, Request request,
               base::Deadline due)
      : connection_(std::move(connection)), stream_(stream), request_(request), due_(due) {}

  Request request() const { return request_; }
  /// When an answer must have been sent.
  const base::Deadline& due() const { return due_; }
  bool answered() const { return answered_; }

  /// An answer that does not allow, or an empty line, refuses.
  void Give(const Answer& answer);
  void Refuse(const base::Error& error);
  /// No answer is owed any more: the connection is gone.
  void Drop() { answered_ = true; }

 private:
  std::shared_ptr<RuntimeConnection> connection_;
  std::uint32_t stream_;
  Request request_;
  base::Deadline due_;
  std::atomic<bool> answered_ = false;
};

}  // namespace sigward::nri
