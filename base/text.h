#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sigward::base {

/// True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool IsUtf8(std::string_view text);

/// TEXT made fit for one line of a log or a terminal: at most MAX bytes, control characters, those
/// that reorder a line and broken UTF-8 replaced by '?', so that foreign bytes cannot forge a
/// second line, move a cursor or make a line read differently.
std::string OneLine(std::string_view text, std::size_t max);

/// Bytes that an error shows of a name that somebody else chose.
inline constexpr std::size_t kMaxNameInError = 64;

}  // namespace sigward::base
