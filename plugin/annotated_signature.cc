#include "plugin/annotated_signature.h"

#include <string>
#include <utility>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/sealed_memory.h"
#include "base/strict_json.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"

namespace sigward {
namespace {

using base::Json;
using verifier::Digest;
using verifier::ObjectKind;

constexpr const char* kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr const char* kSignatureOfLayer = "dev.cosignproject.cosign/signature";
constexpr const char* kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";

Json DescriptorOf(const char* media_type, std::string_view bytes) {
  return {{"mediaType", media_type},
          {"digest", Digest::Of(base::AsBytes(bytes)).text()},
          {"size", bytes.size()}};
}

Json ManifestOf(const Json& layer) {
  return {{"schemaVersion", 2},
          {"mediaType", verifier::kOciManifestType},
          {"config", DescriptorOf(kConfigType, "{}")},
          {"layers", Json::array({layer})}};
}

/// MANIFEST of KIND with its one LAYER, offered for DIGEST.
base::Result<worker::EvidenceSet> Evidence(ObjectKind kind, const std::string& manifest,
                                           std::string_view layer, const Digest& digest) {
  const std::string all = manifest + std::string(layer);
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(base::AsBytes(all)));
  SIGWARD_ASSIGN_OR_RETURN(
      base::SealedMemory memory,
      base::SealedMemory::Open(std::move(sealed), verifier::kMaxEvidenceBytes));
  return worker::EvidenceSet{std::move(memory),
                             {{kind, Digest::Of(base::AsBytes(manifest)), 0, manifest.size(),
                               digest.text(), std::string(verifier::kOciManifestType)},
                              {ObjectKind::kBlob, Digest::Of(base::AsBytes(layer)), manifest.size(),
                               layer.size(), "", ""}},
                             {}};
}

}  // namespace

std::string AnnotatedPayload(const verifier::ImageRef& image, const Digest& digest) {
  // cosign's library writes Docker Hub so. Names and digests hold nothing that JSON would escape.
  const std::string registry =
      image.registry() == "docker.io" ? "index.docker.io" : image.registry();
  return R"({"critical":{"identity":{"docker-reference":")" + registry + "/" + image.repository() +
         R"("},"image":{"docker-manifest-digest":")" + digest.text() +
         R"("},"type":"cosign container image signature"},"optional":null})";
}

base::Result<worker::EvidenceSet> EvidenceOfAnnotation(std::string_view signature,
                                                       const verifier::ImageRef& image,
                                                       const Digest& digest) {
  const bool is_bundle = signature.starts_with('{');
  if (signature.size() > (is_bundle ? kMaxAnnotatedBundle : kMaxAnnotatedSignature)) {
    return base::Fail(base::Reason::kTooLarge, "the annotation's signature is too long");
  }
  if (is_bundle) {
    Json manifest = ManifestOf(DescriptorOf(kBundleType, signature));
    manifest["subject"] = {
        {"mediaType", verifier::kOciManifestType}, {"digest", digest.text()}, {"size", 0}};
    return Evidence(ObjectKind::kReferrerManifest, manifest.dump(), signature, digest);
  }
  if (const auto decoded = base::DecodeBase64(signature, kMaxAnnotatedSignature); !decoded.ok()) {
    return decoded.error();
  }
  const std::string payload = AnnotatedPayload(image, digest);
  Json layer = DescriptorOf(kPayloadType, payload);
  layer["annotations"] = {{kSignatureOfLayer, signature}};
  return Evidence(ObjectKind::kLegacyManifest, ManifestOf(layer).dump(), payload, digest);
}

}  // namespace sigward
