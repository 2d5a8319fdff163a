#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/manifest.h"
#include "verifier/signed_entity.h"

namespace sigward::verifier {

/// Longest annotation `dev.sigstore.cosign/rfc3161timestamp`, in bytes.
inline constexpr std::size_t kMaxTimestampAnnotation = 128U << 10;

/// The signer's certificate in PEM, and cosign's words for a log entry (see ParseRekorAnnotation).
inline constexpr std::string_view kCertificateAnnotation = "dev.sigstore.cosign/certificate";
inline constexpr std::string_view kLogEntryAnnotation = "dev.sigstore.cosign/bundle";

/// LAYER's annotation of that NAME. Null when it is absent, or empty, which is how some tools write
/// that.
const std::string* TextAt(const Descriptor& layer, std::string_view name);

/// The text of a cosign legacy signature in LAYER's annotations, or null when it is no signature.
const std::string* LegacySignatureText(const Descriptor& layer);

/// True when two layers say the same in every annotation that a legacy signature is made of.
bool SayTheSame(const Descriptor& layer, const Descriptor& other);

/// The signature of LAYER over PAYLOAD, and nothing of what else LAYER's annotations bring. Fails
/// with kMalformed, kTooLarge, or kInternal when LAYER is no signature.
base::Result<SignedEntity> LegacyEntity(const Descriptor& layer, base::ByteView payload);

/// The same with certificate, chain, log entry and time stamp, where LAYER has them (cosign's
/// annotations dev.sigstore.cosign/certificate, /chain, /bundle, /rfc3161timestamp). Roots in the
/// chain are left out: nobody trusts them. Fails with kMalformed, kDuplicateKey or kTooLarge.
base::Result<SignedEntity> FullLegacyEntity(const Descriptor& layer, base::ByteView payload);

}  // namespace sigward::verifier
