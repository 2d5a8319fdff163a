#include "base/text.h"

#include <cstdint>

namespace sigward::base {
namespace {

/// Length of the well-formed UTF-8 sequence at the start of TEXT, 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const std::uint8_t second = at(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_high = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_high ? 0 : length;
}

/// Control characters, and those that make a terminal show a line in another order than it has
/// (Unicode UAX #9 §2): U+061C, U+200E, U+200F, U+202A…U+202E, U+2066…U+2069.
bool IsControl(std::string_view character) {
  const auto first = static_cast<std::uint8_t>(character[0]);
  if (character.size() == 1) {
    return first < 0x20 || first == 0x7f;
  }
  return (character >= "\u0080" && character < "\u00a0") || character == "\u061c" ||
         character == "\u200e" || character == "\u200f" ||
         (character >= "\u202a" && character <= "\u202e") ||
         (character >= "\u2066" && character <= "\u2069");
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string OneLine(std::string_view text, std::size_t max) {
  constexpr std::string_view kEllipsis = "\u2026";
  std::string out;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const std::size_t taken = length == 0 ? 1 : length;
    const std::string_view character = text.substr(0, taken);
    const std::string_view piece = length == 0 || IsControl(character) ? "?" : character;
    if (out.size() + piece.size() > max) {
      while (!out.empty() && out.size() + kEllipsis.size() > max) {
        do {
          const bool continuation = (static_cast<std::uint8_t>(out.back()) & 0xc0) == 0x80;
          out.pop_back();
          if (!continuation) {
            break;
          }
        } while (!out.empty());
      }
      return max >= kEllipsis.size() ? out.append(kEllipsis) : out;
    }
    out.append(piece);
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace sigward::base
