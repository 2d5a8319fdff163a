#include "rpc/ttrpc.h"

#include <algorithm>
#include <utility>

#include "rpc/big_endian.h"

namespace sigward::rpc {
namespace {

using base::Fail;
using base::Reason;

base::Error TooLong(std::size_t size) {
  return Fail(Reason::kTooLarge, "a ttrpc message has " + std::to_string(size) +
                                     " bytes of data, at most " + std::to_string(kMaxTtrpcData) +
                                     " are allowed");
}

}  // namespace

base::Result<std::string> Encode(const TtrpcMessage& message) {
  if (message.data.size() > kMaxTtrpcData) {
    return TooLong(message.data.size());
  }
  std::string bytes;
  bytes.reserve(kTtrpcHeaderBytes + message.data.size());
  AppendBigEndian(bytes, static_cast<std::uint32_t>(message.data.size()));
  AppendBigEndian(bytes, message.stream);
  bytes += static_cast<char>(message.type);
  bytes += static_cast<char>(message.flags);
  bytes += message.data;
  return bytes;
}

base::Result<std::optional<TtrpcMessage>> TtrpcDecoder::Next(std::string_view& input) {
  if (header_size_ < kTtrpcHeaderBytes) {
    const std::size_t taken = std::min(kTtrpcHeaderBytes - header_size_, input.size());
    std::copy_n(input.begin(), taken, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
    header_size_ += taken;
    input.remove_prefix(taken);
    if (header_size_ < kTtrpcHeaderBytes) {
      return std::optional<TtrpcMessage>();
    }
    data_size_ = ReadBigEndian({header_.data(), 4});
    if (data_size_ > kMaxTtrpcData) {
      return TooLong(data_size_);
    }
  }
  const std::size_t taken = std::min(data_size_ - data_.size(), input.size());
  data_.append(input.substr(0, taken));
  input.remove_prefix(taken);
  if (data_.size() < data_size_) {
    return std::optional<TtrpcMessage>();
  }
  header_size_ = 0;
  return std::optional(TtrpcMessage{.stream = ReadBigEndian({header_.data() + 4, 4}),
                                    .type = static_cast<std::uint8_t>(header_[8]),
                                    .flags = static_cast<std::uint8_t>(header_[9]),
                                    .data = std::exchange(data_, {})});
}

}  // namespace sigward::rpc
