#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace sigward::base {

using Json = nlohmann::json;

/// Deepest nesting of arrays and objects that ParseStrictJson accepts.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Values that ParseStrictJson makes of one text unless told otherwise. Four bytes of text can
/// become a value of a hundred, so a bound on bytes alone is none on memory.
inline constexpr std::size_t kMaxJsonValues = 200'000;

/// Parses exactly one JSON text (RFC 8259) of at most MAX_BYTES and MAX_VALUES values. Refuses what
/// the bare library lets pass: duplicate keys, a byte order mark, a zero byte, nesting beyond
/// kMaxJsonDepth, integers beyond 64 bits. Fails with kTooLarge, kDuplicateKey or kMalformed.
Result<Json> ParseStrictJson(std::string_view text, std::size_t max_bytes,
                             std::size_t max_values = kMaxJsonValues);

}  // namespace sigward::base
