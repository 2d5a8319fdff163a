#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::policy {

/// ERROR as a sentence about SUBJECT ("the image", or a reference), the reason first:
/// "no-signature: no signature found for SUBJECT". One line of bounded length.
std::string ReasonFirst(const base::Error& error, std::string_view subject);

}  // namespace sigward::policy
