#pragma once

#include "base/result.h"
#include "base/strict_json.h"
#include "verifier/verification_material.h"

namespace sigward::verifier {

/// Reads a bundle's verificationMaterial by the rules of VERSION (sigstore_bundle.proto): exactly
/// one of key and certificate, where v0.3 has no chains and no version an empty one; at most
/// kMaxLogEntries and kMaxTimestamps. A log entry needs an inclusion promise in v0.1 and an
/// inclusion proof from v0.2 on, a proof needs its checkpoint, and no entry of a log may stand
/// there twice. Fails with kMalformed or kTooLarge.
base::Result<VerificationMaterial> ParseVerificationMaterial(const base::Json& material,
                                                             BundleVersion version);

}  // namespace sigward::verifier
