#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/certificate/certificate.h"

namespace sigward::verifier {

/// The issuer of a Fulcio certificate: extension 1.3.6.1.4.1.57264.1.8 (DER) or .1 (bare bytes).
/// Fails with kMalformed when there is none, or two that differ, and as the two below do.
base::Result<std::string> ReadIssuer(const Certificate& leaf);

/// The further claims of a Fulcio certificate by name: .2 to .6 (bare bytes), .9 to .24 (DER).
/// Others under 1.3.6.1.4.1.57264.1 are passed over, as newer Fulcios may add some. Fails as the
/// two below do.
base::Result<std::map<std::string, std::string, std::less<>>> ReadClaims(const Certificate& leaf);

/// The names that ReadClaims gives.
std::vector<std::string_view> ClaimNames();

/// True when NAME is one of them.
bool IsClaimName(std::string_view name);

/// The text of exactly one DER UTF8String. Fails with kMalformed, also for bytes behind it, and as
/// ReadBareText does.
base::Result<std::string> ReadDerText(base::ByteView der);

/// BYTES as a text: well-formed UTF-8 without a zero byte. Fails with kMalformed, and with
/// kTooLarge beyond kMaxIdentityText bytes.
base::Result<std::string> ReadBareText(base::ByteView bytes);

}  // namespace sigward::verifier
