#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "base/unique_fd.h"
#include "rpc/frame.h"

namespace sigward::rpc {

/// A protobuf message that came as a frame or, where it is longer than one, in sealed memory.
class Message {
 public:
  Message(Frame frame, std::optional<base::SealedMemory> memory)
      : frame_(std::move(frame)), memory_(std::move(memory)) {}

  std::string_view bytes() const;
  /// The descriptors that the sender gave along.
  std::vector<base::UniqueFd>& descriptors() { return frame_.descriptors; }

 private:
  Frame frame_;
  std::optional<base::SealedMemory> memory_;
};

/// Sends BYTES, a non-empty protobuf message, as a frame. What is longer than a frame goes as a
/// sealed memfd behind DESCRIPTORS, and the frame is one zero byte: no protobuf message starts with
/// that. Fails as Send does, and with kIoFailed.
base::Status SendMessage(int socket, std::string_view bytes, const std::vector<int>& descriptors,
                         const base::Deadline& deadline);

/// Receives what SendMessage sent, of at most MAX_BYTES. Fails as Receive does, with kProtocol when
/// the memory is missing or not sealed, and with kTooLarge when it holds more than MAX_BYTES.
base::Result<Message> ReceiveMessage(int socket, std::size_t max_bytes,
                                     const base::Deadline& deadline);

}  // namespace sigward::rpc
