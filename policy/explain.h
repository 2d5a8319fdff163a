#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/evaluate.h"

namespace sigward::policy {

/// ERROR as a sentence about SUBJECT ("the image", or a reference), the reason first:
/// "no-signature: no signature found for SUBJECT". VERDICT tells a refusal from what could not be
/// read, whatever the reason. One line of bounded length.
std::string ReasonFirst(const base::Error& error, Verdict verdict, std::string_view subject);

}  // namespace sigward::policy
