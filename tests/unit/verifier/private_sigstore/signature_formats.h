#pragma once

#include <string>

#include "base/strict_json.h"
#include "private_sigstore/sigstore.h"
#include "verifier/verification_material.h"

namespace sigward::testing {

/// PARTS as a sigstore bundle: before v0.3 a certificate stands in a chain with its issuers.
base::Json BundleOf(const SignatureParts& parts, verifier::BundleVersion version);

/// PARTS as cosign's legacy layer over the payload, with those annotations for which there is
/// something: certificate, chain, bundle (the first entry, which needs a promise), time stamp.
base::Json LegacyLayerOf(const SignatureParts& parts);

/// The texts of the annotations.
base::Json RekorAnnotationOf(const verifier::LogEntry& entry);
base::Json TimestampAnnotationOf(base::ByteView stamp);

inline constexpr const char* kCertificateAnnotation = "dev.sigstore.cosign/certificate";
inline constexpr const char* kChainAnnotation = "dev.sigstore.cosign/chain";
inline constexpr const char* kRekorAnnotation = "dev.sigstore.cosign/bundle";
inline constexpr const char* kTimestampAnnotation = "dev.sigstore.cosign/rfc3161timestamp";

}  // namespace sigward::testing
