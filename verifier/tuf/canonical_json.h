#pragma once

#include <string>

#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::verifier::tuf {

/// VALUE in the one spelling that TUF's signatures are over (TUF §4.1: OLPC's canonical JSON):
/// names in the order of their bytes, no white space, and of the characters in strings only `"` and
/// `\` escaped. It is no JSON any more where a string holds a control character. VALUE is what
/// ParseStrictJson gives, so its nesting is bounded. Fails with kMalformed for a number that is no
/// integer: it has no such spelling.
base::Result<std::string> CanonicalJson(const base::Json& value);

}  // namespace sigward::verifier::tuf
