#pragma once

#include <string_view>

namespace sigward::base {

/// Whether the whole of TEXT is what PATTERN says: `*` stands for any bytes, `?` for any one. On a
/// mismatch only the last star takes more, so the work is bounded by the product of the lengths.
bool MatchesStars(std::string_view pattern, std::string_view text);

}  // namespace sigward::base
