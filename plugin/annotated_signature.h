#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"
#include "worker/client/evidence_set.h"

namespace sigward {

/// A pod's annotation that holds a signature of its image: base64 as cosign prints it, or a whole
/// sigstore bundle (what begins with a brace). It reaches the node on the pod template only.
inline constexpr std::string_view kSignatureAnnotation = "cosign.sigstore.dev/signature";
/// Longest annotation that is looked at, in bytes: an RSA-16384 signature in base64 has 2732.
inline constexpr std::size_t kMaxAnnotatedSignature = 4096;
/// Longest bundle there, in bytes; Kubernetes takes 256 KiB of annotations in all.
inline constexpr std::size_t kMaxAnnotatedBundle = 64U << 10;

/// The payload that the annotation's signature is over, byte for byte what cosign signs for IMAGE's
/// repository (Docker Hub is index.docker.io there) and DIGEST, without further annotations:
/// {"critical":{"identity":{"docker-reference":"REGISTRY/REPOSITORY"},"image":
/// {"docker-manifest-digest":"DIGEST"},"type":"cosign container image signature"},"optional":null}
std::string AnnotatedPayload(const verifier::ImageRef& image, const verifier::Digest& digest);

/// SIGNATURE as evidence, in the form in which cosign stores signatures and bundles in a registry.
/// It is checked as all evidence is: no bundle is parsed here. Fails with kMalformed (neither a
/// bundle nor base64), kTooLarge or kIoFailed.
base::Result<worker::EvidenceSet> EvidenceOfAnnotation(std::string_view signature,
                                                       const verifier::ImageRef& image,
                                                       const verifier::Digest& digest);

}  // namespace sigward
