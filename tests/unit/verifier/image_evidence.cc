#include "image_evidence.h"

#include <utility>

#include "base/base64.h"

namespace sigward::testing {

using base::Json;
using verifier::Digest;
using verifier::ObjectKind;

Digest ImageEvidence::Add(ObjectKind kind, std::string bytes, std::optional<Digest> offered_for) {
  Digest digest = Digest::Of(base::AsBytes(bytes));
  AddAs(digest, kind, std::move(bytes), std::move(offered_for));
  return digest;
}

void ImageEvidence::AddAs(const Digest& digest, ObjectKind kind, std::string bytes,
                          std::optional<Digest> offered_for) {
  memory_.push_back(std::move(bytes));
  evidence_.push_back({kind, digest, base::AsBytes(memory_.back()), std::move(offered_for)});
}

Json DescriptorOf(std::string_view media_type, std::string_view bytes) {
  return {{"mediaType", media_type},
          {"digest", Digest::Of(base::AsBytes(bytes)).text()},
          {"size", bytes.size()}};
}

Json ManifestOf(const std::vector<Json>& layers) {
  return {{"schemaVersion", 2},
          {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
          {"config", DescriptorOf("application/vnd.oci.empty.v1+json", "{}")},
          {"layers", layers}};
}

Json ReferrerOf(const std::vector<Json>& layers, const Digest& subject) {
  Json manifest = ManifestOf(layers);
  manifest["subject"] = {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                         {"digest", subject.text()},
                         {"size", 528}};
  return manifest;
}

Json IndexEntry(const Digest& digest, std::string_view os, std::string_view architecture,
                std::string_view variant) {
  Json platform = {{"os", os}, {"architecture", architecture}};
  if (!variant.empty()) {
    platform["variant"] = variant;
  }
  return {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
          {"digest", digest.text()},
          {"size", 528},
          {"platform", platform}};
}

Json IndexOf(const std::vector<Json>& entries) {
  return {{"schemaVersion", 2},
          {"mediaType", "application/vnd.oci.image.index.v1+json"},
          {"manifests", entries}};
}

Json SimpleSigningFor(std::string_view digest) {
  return {{"critical",
           {{"identity", {{"docker-reference", "registry.example/app"}}},
            {"image", {{"docker-manifest-digest", digest}}},
            {"type", "cosign container image signature"}}},
          {"optional", {{"env", "prod"}}}};
}

Json LegacyLayer(std::string_view payload, const std::string& signature_text) {
  Json layer = DescriptorOf("application/vnd.dev.cosign.simplesigning.v1+json", payload);
  layer["annotations"] = {{kLegacyAnnotation, signature_text}};
  return layer;
}

std::string SignText(const TestKey& key, std::string_view message, verifier::HashAlgorithm hash) {
  return base::EncodeBase64(key.Sign(base::AsBytes(message), hash));
}

Json StatementFor(const Digest& subject) {
  return {{"_type", "https://in-toto.io/Statement/v1"},
          {"subject",
           Json::array({{{"digest", {{std::string(subject.algorithm_name()), subject.hex()}}}}})},
          {"predicateType", "https://sigstore.dev/cosign/sign/v1"},
          {"predicate", Json::object()}};
}

std::string PaeOf(std::string_view type, std::string_view payload) {
  std::string out = "DSSEv1 " + std::to_string(type.size()) + " ";
  out.append(type);
  out += " " + std::to_string(payload.size()) + " ";
  return out.append(payload);
}

Json BundleFor(const TestKey& key, std::string_view payload, verifier::HashAlgorithm hash,
               std::string_view payload_type) {
  return {{"mediaType", kBundleType},
          {"verificationMaterial", {{"publicKey", {{"hint", "bm90IGNoZWNrZWQ="}}}}},
          {"dsseEnvelope",
           {{"payload", base::EncodeBase64(base::AsBytes(payload))},
            {"payloadType", payload_type},
            {"signatures",
             Json::array({{{"sig", SignText(key, PaeOf(payload_type, payload), hash)}}})}}}};
}

Digest AddLegacyText(ImageEvidence& evidence, const Digest& offered_for, const std::string& payload,
                     const std::string& signature_text) {
  evidence.AddBlob(payload);
  return evidence.AddLegacy(ManifestOf({LegacyLayer(payload, signature_text)}), offered_for);
}

Digest AddGoodLegacy(ImageEvidence& evidence, const Digest& subject, const TestKey& key) {
  const std::string payload = SimpleSigningFor(subject.text()).dump();
  return AddLegacyText(evidence, subject, payload, SignText(key, payload));
}

Digest AddBundleText(ImageEvidence& evidence, const Digest& subject, const std::string& bundle) {
  evidence.AddBlob(bundle);
  return evidence.AddReferrer(ReferrerOf({DescriptorOf(kBundleType, bundle)}, subject), subject);
}

Digest AddGoodBundle(ImageEvidence& evidence, const Digest& subject, const TestKey& key) {
  return AddBundleText(evidence, subject, BundleFor(key, StatementFor(subject).dump()).dump());
}

verifier::SignedBytes WitnessOf(std::string_view text) {
  const TestKey& key = TestKey::Shared(verifier::KeyType::kEd25519);
  static const verifier::PublicKey public_key = key.public_key();
  const base::ByteView bytes = base::AsBytes(text);
  return std::move(public_key.Verify(bytes, key.Sign(bytes), verifier::HashAlgorithm::kSha256))
      .value();
}

verifier::ImageAuthority AuthorityOf(const TestKey& key,
                                     std::optional<verifier::HashAlgorithm> hash) {
  verifier::PublicKey public_key = key.public_key();
  verifier::AuthorityHash id = verifier::AuthorityHash::Of(
      key.public_pem() + std::string(hash.has_value() ? verifier::HashAlgorithmName(*hash) : ""));
  return verifier::KeyAuthority{std::move(id), std::move(public_key), hash};
}

const Digest& TestImage() {
  static const Digest image = Digest::Of(base::AsBytes("the image's manifest"));
  return image;
}

verifier::Platform LinuxAmd64() {
  return {"linux", "amd64", ""};
}

std::string OneVerdict::word() const {
  return verified() ? "verified" : std::string(base::ReasonWord(error().reason));
}

OneVerdict VerifyOne(const ImageEvidence& evidence, const TestKey& key, const Digest& image,
                     std::optional<verifier::HashAlgorithm> hash) {
  const verifier::ImageAuthority authority = AuthorityOf(key, hash);
  verifier::ChainMemory memory;
  verifier::ImageVerdict verdict =
      verifier::VerifyImage(image, LinuxAmd64(), evidence.evidence(), {&authority, 1}, memory);
  return {std::move(verdict.authorities.at(0).outcome), verdict.signatures_seen};
}

}  // namespace sigward::testing
