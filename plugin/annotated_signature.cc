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
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";

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
  if (signature.size() > kMaxAnnotatedSignature) {
    return base::Fail(base::Reason::kTooLarge, "the annotation's signature is too long");
  }
  if (const auto decoded = base::DecodeBase64(signature, kMaxAnnotatedSignature); !decoded.ok()) {
    return decoded.error();
  }
  const std::string payload = AnnotatedPayload(image, digest);
  const Digest payload_digest = Digest::Of(base::AsBytes(payload));
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", verifier::kOciManifestType},
                         {"config",
                          {{"mediaType", kConfigType},
                           {"digest", Digest::Of(base::AsBytes("{}")).text()},
                           {"size", 2}}},
                         {"layers",
                          {{{"mediaType", kPayloadType},
                            {"digest", payload_digest.text()},
                            {"size", payload.size()},
                            {"annotations", {{kSignatureOfLayer, signature}}}}}}};
  const std::string text = manifest.dump();
  const std::string all = text + payload;
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd sealed, base::SealBytes(base::AsBytes(all)));
  SIGWARD_ASSIGN_OR_RETURN(
      base::SealedMemory memory,
      base::SealedMemory::Open(std::move(sealed), verifier::kMaxEvidenceBytes));
  return worker::EvidenceSet{
      std::move(memory),
      {{ObjectKind::kLegacyManifest, Digest::Of(base::AsBytes(text)), 0, text.size(), digest.text(),
        std::string(verifier::kOciManifestType)},
       {ObjectKind::kBlob, payload_digest, text.size(), payload.size(), "", ""}},
      {}};
}

}  // namespace sigward
