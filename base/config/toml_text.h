#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sigward::base {

/// Puts '?' for what is beyond ASCII in the comments of TOML. Returns the line of the first other
/// byte beyond ASCII, if there is one: toml++ 3.3 takes some letters, in a text that is no TOML,
/// for impossible, which is undefined behaviour, so it must not see any.
std::optional<std::size_t> LineOfNonAscii(std::string& toml);

}  // namespace sigward::base
