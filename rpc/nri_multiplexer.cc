#include "rpc/nri_multiplexer.h"

#include <algorithm>

#include "rpc/big_endian.h"

namespace sigward::rpc {

using base::Fail;
using base::Reason;

void AppendNriFrames(std::string& out, NriConnection connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view payload = bytes.substr(0, kMaxNriPayloadSent);
    bytes.remove_prefix(payload.size());
    AppendBigEndian(out, static_cast<std::uint32_t>(connection));
    AppendBigEndian(out, static_cast<std::uint32_t>(payload.size()));
    out += payload;
  }
}

base::Status NriDemultiplexer::BeginFrame() {
  const std::uint32_t id = ReadBigEndian({header_.data(), 4});
  if (id != static_cast<std::uint32_t>(NriConnection::kPlugin) &&
      id != static_cast<std::uint32_t>(NriConnection::kRuntime)) {
    return Fail(Reason::kProtocol, "a frame is for connection " + std::to_string(id));
  }
  connection_ = static_cast<NriConnection>(id);
  left_ = ReadBigEndian({header_.data() + 4, 4});
  if (left_ > kMaxNriPayload) {
    return Fail(Reason::kTooLarge, "a frame has " + std::to_string(left_) + " bytes, at most " +
                                       std::to_string(kMaxNriPayload) + " are allowed");
  }
  return base::Ok();
}

base::Result<std::optional<NriPart>> NriDemultiplexer::Next(std::string_view& input) {
  while (!input.empty()) {
    if (header_size_ < kNriHeaderBytes) {
      const std::size_t taken = std::min(kNriHeaderBytes - header_size_, input.size());
      std::copy_n(input.begin(), taken,
                  header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
      header_size_ += taken;
      input.remove_prefix(taken);
      if (header_size_ < kNriHeaderBytes) {
        break;
      }
      SIGWARD_RETURN_IF_ERROR(BeginFrame());
    }
    const std::string_view payload = input.substr(0, left_);
    input.remove_prefix(payload.size());
    left_ -= payload.size();
    if (left_ == 0) {
      header_size_ = 0;
    }
    if (!payload.empty()) {
      return std::optional(NriPart{connection_, payload});
    }
  }
  return std::optional<NriPart>();
}

}  // namespace sigward::rpc
