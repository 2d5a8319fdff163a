#include "plugin/annotated_signature.h"

#include <string>
#include <utility>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/sealed_memory.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"

namespace sigward {
namespace {

using base::Json;
using verifier::Digest;
using verifier::ObjectKind;

constexpr const char* kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr const char* kSignatureOfLayer = "dev.cosignproject.cosign/signature";
constexpr const char* kCertificateOfLayer = "dev.sigstore.cosign/certificate";
constexpr const char* kChainOfLayer = "dev.sigstore.cosign/chain";
constexpr const char* kLogEntryOfLayer = "dev.sigstore.cosign/bundle";
constexpr const char* kTimestampOfLayer = "dev.sigstore.cosign/rfc3161timestamp";
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

/// PEM, which may be wrapped in base64 once more.
base::Result<std::string> PemOf(const std::string& certificate) {
  if (certificate.empty() || certificate.starts_with('-')) {
    return certificate;
  }
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteBuffer pem,
                           base::DecodeBase64(certificate, kMaxAnnotatedBundle));
  // It goes into JSON, which is UTF-8.
  if (!base::IsUtf8(base::AsText(pem))) {
    return base::Fail(base::Reason::kMalformed, "the annotation's certificate is no PEM");
  }
  return std::string(base::AsText(pem));
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

AnnotatedSignature AnnotatedSignature::In(
    const std::map<std::string, std::string, std::less<>>& annotations) {
  AnnotatedSignature found;
  for (const auto& [name, place] :
       {std::pair("signature", &found.signature), std::pair("certificate", &found.certificate),
        std::pair("chain", &found.chain), std::pair("bundle", &found.log_entry),
        std::pair("rfc3161timestamp", &found.timestamp)}) {
    if (const auto said = annotations.find("cosign.sigstore.dev/" + std::string(name));
        said != annotations.end()) {
      *place = said->second;
    }
  }
  return found;
}

base::Result<worker::EvidenceSet> EvidenceOfAnnotation(const AnnotatedSignature& signature,
                                                       const verifier::ImageRef& image,
                                                       const Digest& digest) {
  const bool is_bundle = signature.signature.starts_with('{');
  if (signature.signature.size() > (is_bundle ? kMaxAnnotatedBundle : kMaxAnnotatedSignature) ||
      signature.certificate.size() > kMaxAnnotatedBundle ||
      signature.chain.size() > kMaxAnnotatedBundle ||
      signature.log_entry.size() > kMaxAnnotatedBundle ||
      signature.timestamp.size() > kMaxAnnotatedBundle) {
    return base::Fail(base::Reason::kTooLarge, "the annotation's signature is too long");
  }
  if (is_bundle) {
    Json manifest = ManifestOf(DescriptorOf(kBundleType, signature.signature));
    manifest["subject"] = {
        {"mediaType", verifier::kOciManifestType}, {"digest", digest.text()}, {"size", 0}};
    return Evidence(ObjectKind::kReferrerManifest, manifest.dump(), signature.signature, digest);
  }
  if (const auto decoded = base::DecodeBase64(signature.signature, kMaxAnnotatedSignature);
      !decoded.ok()) {
    return decoded.error();
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string certificate, PemOf(signature.certificate));
  SIGWARD_ASSIGN_OR_RETURN(const std::string chain, PemOf(signature.chain));
  const std::string payload = AnnotatedPayload(image, digest);
  Json layer = DescriptorOf(kPayloadType, payload);
  for (const auto& [name, text] :
       {std::pair(kSignatureOfLayer, &signature.signature),
        std::pair(kCertificateOfLayer, &certificate), std::pair(kChainOfLayer, &chain),
        std::pair(kLogEntryOfLayer, &signature.log_entry),
        std::pair(kTimestampOfLayer, &signature.timestamp)}) {
    if (!text->empty()) {
      layer["annotations"][name] = *text;
    }
  }
  return Evidence(ObjectKind::kLegacyManifest, ManifestOf(layer).dump(), payload, digest);
}

}  // namespace sigward
