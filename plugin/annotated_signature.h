#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"
#include "worker/client/evidence_set.h"

namespace sigward {

/// A signature of its image in a pod's annotations, which reach the node on the pod template only.
/// What is absent is empty.
struct AnnotatedSignature {
  /// `cosign.sigstore.dev/signature`: base64 as cosign prints it, or a whole sigstore bundle (what
  /// begins with a brace), beside which the others play no part.
  std::string signature;
  /// `cosign.sigstore.dev/certificate`: the certificate that it was made with, in PEM or, as cosign
  /// prints it, that in base64.
  std::string certificate = {};
  /// `cosign.sigstore.dev/chain`: the certificates behind that one, likewise.
  std::string chain = {};
  /// `cosign.sigstore.dev/bundle`: the log's entry, as cosign writes it beside a signature.
  std::string log_entry = {};
  /// `cosign.sigstore.dev/rfc3161timestamp`: a time stamp, likewise.
  std::string timestamp = {};

  static AnnotatedSignature In(const std::map<std::string, std::string, std::less<>>& annotations);
};

/// Longest annotation that is looked at, in bytes: an RSA-16384 signature in base64 has 2732.
inline constexpr std::size_t kMaxAnnotatedSignature = 4096;
/// Longest text of the other annotations, and longest bundle, in bytes; Kubernetes takes 256 KiB of
/// annotations in all.
inline constexpr std::size_t kMaxAnnotatedBundle = 64U << 10;

/// The payload that the annotation's signature is over, byte for byte what cosign signs for IMAGE's
/// repository (Docker Hub is index.docker.io there) and DIGEST, without further annotations:
/// {"critical":{"identity":{"docker-reference":"REGISTRY/REPOSITORY"},"image":
/// {"docker-manifest-digest":"DIGEST"},"type":"cosign container image signature"},"optional":null}
std::string AnnotatedPayload(const verifier::ImageRef& image, const verifier::Digest& digest);

/// SIGNATURE as evidence, in the form in which cosign stores signatures and bundles in a registry.
/// It is checked as all evidence is: nothing of it is parsed here. Fails with kMalformed (the
/// signature is neither a bundle nor base64, the certificate neither PEM nor base64), kTooLarge or
/// kIoFailed.
base::Result<worker::EvidenceSet> EvidenceOfAnnotation(const AnnotatedSignature& signature,
                                                       const verifier::ImageRef& image,
                                                       const verifier::Digest& digest);

}  // namespace sigward
