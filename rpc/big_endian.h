#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sigward::rpc {

/// The first four bytes of BYTES, which has as many, as a number in network order.
inline std::uint32_t ReadBigEndian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, sizeof number)) {
    number = number << 8U | static_cast<std::uint8_t>(byte);
  }
  return number;
}

inline void AppendBigEndian(std::string& out, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out += static_cast<char>(number >> shift & 0xffU);
  }
}

}  // namespace sigward::rpc
