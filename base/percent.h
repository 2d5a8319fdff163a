#pragma once

#include <string>
#include <string_view>

namespace sigward::base {

/// TEXT with everything but letters, digits and "-._~" in percent-encoding (RFC 3986 §2.1, §2.3):
/// one element of a path, one value of a query or a form.
std::string PercentEncode(std::string_view text);

}  // namespace sigward::base
