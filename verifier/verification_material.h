#pragma once

#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::verifier {

/// Checks a bundle's verificationMaterial: exactly a public key beside which log entries and
/// timestamps may stand, each of its proper shape and at most kMaxLogEntries and kMaxTimestamps.
/// Fails with kMalformed, kTooLarge or kUnsupportedFormat (a certificate).
base::Status CheckVerificationMaterial(const base::Json& material);

}  // namespace sigward::verifier
