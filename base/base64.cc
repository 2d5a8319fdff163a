#include "base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sigward::base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> Reversed(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr auto kFromBase64 = Reversed(kAlphabet);
constexpr auto kFromHex = Reversed(kHex);

}  // namespace

Result<ByteBuffer> DecodeBase64(std::string_view text, std::size_t max_text) {
  if (text.size() > max_text) {
    return Fail(Reason::kTooLarge, "base64 text is longer than " + std::to_string(max_text));
  }
  if (text.size() % 4 != 0) {
    return Fail(Reason::kMalformed, "base64 text is not a multiple of four characters");
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  ByteBuffer out(text.size() / 4 * 3);
  for (std::size_t from = 0, to = 0; from < text.size(); from += 4, to += 3) {
    const std::size_t digits = from + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t value =
          i < digits ? kFromBase64[static_cast<std::uint8_t>(text[from + i])] : 0;
      seen |= value;
      group = group << 6 | value;
    }
    // A digit is below 64, kNone is not.
    if ((seen & 0xc0) != 0) {
      return Fail(Reason::kMalformed, "base64 text holds a character outside its alphabet");
    }
    if ((group & ((1U << 8 * (4 - digits)) - 1)) != 0) {
      return Fail(Reason::kMalformed, "base64 text has bits set after its last byte");
    }
    out[to] = static_cast<std::uint8_t>(group >> 16);
    out[to + 1] = static_cast<std::uint8_t>(group >> 8 & 0xff);
    out[to + 2] = static_cast<std::uint8_t>(group & 0xff);
  }
  out.resize(out.size() - padding);
  return out;
}

std::string EncodeBase64(ByteView bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  for (std::size_t from = 0, to = 0; from < bytes.size(); from += 3, to += 4) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - from);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < n ? bytes[from + i] : 0U);
    }
    for (std::size_t i = 0; i <= n; ++i) {
      out[to + i] = kAlphabet[(group >> (18 - 6 * i)) & 0x3f];
    }
  }
  return out;
}

std::string EncodeHex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out.push_back(kHex[b >> 4]);
    out.push_back(kHex[b & 0xf]);
  }
  return out;
}

Result<ByteBuffer> DecodeHex(std::string_view text, std::size_t size) {
  if (text.size() != size * 2) {
    return Fail(Reason::kMalformed, "expected " + std::to_string(size * 2) + " hex digits");
  }
  ByteBuffer out;
  out.reserve(size);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t high = kFromHex[static_cast<std::uint8_t>(text[i])];
    const std::uint8_t low = kFromHex[static_cast<std::uint8_t>(text[i + 1])];
    if (high == kNone || low == kNone) {
      return Fail(Reason::kMalformed, "not lower-case hexadecimal");
    }
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace sigward::base
