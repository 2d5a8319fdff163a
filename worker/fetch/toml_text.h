#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sigward::worker {

/// The line of the first byte beyond ASCII that stands neither in a string nor in a comment, if
/// there is one. TOML has no place for it, and toml++ 3.3 takes some such letters for impossible,
/// which is undefined behaviour: so it must not see them.
std::optional<std::size_t> LineOfBareNonAscii(std::string_view toml);

}  // namespace sigward::worker
