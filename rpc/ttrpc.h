#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::rpc {

// ttrpc's frames (containerd/ttrpc, PROTOCOL.md 1.2): data length and stream id, 4 bytes each and
// big-endian, type and flags, one byte each, then the data. Requests and responses only: nothing
// that we speak streams.

inline constexpr std::size_t kTtrpcHeaderBytes = 10;
/// Longest data of one message, and the longest message.
inline constexpr std::size_t kMaxTtrpcData = 4U << 20;
inline constexpr std::size_t kMaxTtrpcMessage = kTtrpcHeaderBytes + kMaxTtrpcData;

/// Types of messages. Others may come; the specification keeps them for later, so they are skipped.
inline constexpr std::uint8_t kTtrpcRequest = 1;
inline constexpr std::uint8_t kTtrpcResponse = 2;
inline constexpr std::uint8_t kTtrpcData = 3;
/// Flag of a request whose client goes on sending: not a call with one request and one answer.
inline constexpr std::uint8_t kTtrpcRemoteOpen = 2;

struct TtrpcMessage {
  std::uint32_t stream = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::string data;
};

/// The bytes of one message. Fails with kTooLarge beyond kMaxTtrpcData.
base::Result<std::string> Encode(const TtrpcMessage& message);

/// Puts messages together from bytes that arrive in any pieces. Holds at most one message, and no
/// more memory than bytes have arrived.
class TtrpcDecoder {
 public:
  /// Takes bytes from the front of INPUT up to the end of the next message and returns that, or
  /// takes them all and returns none. Fails with kTooLarge when a length beyond kMaxTtrpcData is
  /// announced, before any of it is kept; the decoder is of no use afterwards.
  base::Result<std::optional<TtrpcMessage>> Next(std::string_view& input);

  /// True when a message has begun and not ended.
  bool midway() const { return header_size_ > 0; }

 private:
  std::array<char, kTtrpcHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  std::size_t data_size_ = 0;
  std::string data_;
};

}  // namespace sigward::rpc
