#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/strict_json.h"

namespace sigward::verifier {

enum class BundleVersion : std::uint8_t { kV01 = 1, kV02 = 2, kV03 = 3 };

/// Checks a bundle's verificationMaterial: exactly a public key beside which log entries and
/// timestamps may stand, each of its proper shape and at most kMaxLogEntries and kMaxTimestamps.
/// A log entry needs an inclusion promise in v0.1 and an inclusion proof from v0.2 on
/// (sigstore_rekor.proto), a proof needs its checkpoint, and no entry of a log may stand there
/// twice. Fails with kMalformed, kTooLarge or kUnsupportedFormat (a certificate).
base::Status CheckVerificationMaterial(const base::Json& material, BundleVersion version);

}  // namespace sigward::verifier
