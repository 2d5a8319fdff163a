#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rpc/ttrpc.h"

namespace sigward::rpc {

// The one stream between an NRI runtime and its plugin carries two logical connections
// (containerd/nri, pkg/net/multiplex): frames of connection id and payload length, 4 bytes each and
// big-endian, then the payload. What is inside is a stream of bytes; a message may be cut over
// several frames, and a frame may hold several messages.

enum class NriConnection : std::uint8_t {
  /// The plugin serves, the runtime calls.
  kPlugin = 1,
  /// The runtime serves, the plugin calls.
  kRuntime = 2,
};

inline constexpr std::size_t kNriHeaderBytes = 8;
/// Longest payload that is taken.
inline constexpr std::size_t kMaxNriPayload = kMaxTtrpcMessage;
/// Longest payload that is sent. The runtime's reader hands a payload to a buffer of 4096 bytes,
/// and closes the connection when it does not fit.
inline constexpr std::size_t kMaxNriPayloadSent = 4096;

/// Appends BYTES for CONNECTION to OUT, in as many frames as they need.
void AppendNriFrames(std::string& out, NriConnection connection, std::string_view bytes);

/// A piece of what a logical connection carries.
struct NriPart {
  NriConnection connection = NriConnection::kPlugin;
  std::string_view bytes;
};

/// Takes the frames off bytes that arrive in any pieces. Holds no payload.
class NriDemultiplexer {
 public:
  /// Takes bytes from the front of INPUT and returns the payload among them, which points into
  /// INPUT's bytes, or takes them all and returns none. Fails with kProtocol for a connection that
  /// is not ours and kTooLarge for a payload beyond kMaxNriPayload, as soon as that is announced;
  /// the demultiplexer is of no use afterwards.
  base::Result<std::optional<NriPart>> Next(std::string_view& input);

  /// True when a frame has begun and not ended.
  bool midway() const { return header_size_ > 0; }

 private:
  base::Status BeginFrame();

  std::array<char, kNriHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  NriConnection connection_ = NriConnection::kPlugin;
  std::size_t left_ = 0;
};

}  // namespace sigward::rpc
