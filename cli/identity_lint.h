#pragma once

#include <string>
#include <string_view>

namespace sigward::cli {

/// The anchored regular expression that means TEXT with each run of `*` standing for anything.
std::string SafeRegExp(std::string_view text);

/// True when the regular expression PATTERN, which parses, plainly has to match a whole text: every
/// alternative begins with `^` or `\A` and ends with `$`, `\z` or `.*`. When in doubt, false.
bool IsAnchored(std::string_view pattern);

}  // namespace sigward::cli
