#include "verifier/bundle.h"

#include <string>
#include <utility>

#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/proto_json.h"
#include "verifier/verification_material_json.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;

constexpr std::size_t kMaxTypeInError = 96;
/// SHA-512.
constexpr std::size_t kMaxDigestBytes = 64;

/// What a bundle may call itself (sigstore_bundle.proto, media_type), each in its one spelling.
constexpr std::pair<std::string_view, BundleVersion> kBundleTypes[] = {
    {"application/vnd.dev.sigstore.bundle+json;version=0.1", BundleVersion::kV01},
    {"application/vnd.dev.sigstore.bundle+json;version=0.2", BundleVersion::kV02},
    {"application/vnd.dev.sigstore.bundle+json;version=0.3", BundleVersion::kV03},
    {"application/vnd.dev.sigstore.bundle.v0.1+json", BundleVersion::kV01},
    {"application/vnd.dev.sigstore.bundle.v0.2+json", BundleVersion::kV02},
    {"application/vnd.dev.sigstore.bundle.v0.3+json", BundleVersion::kV03},
};

base::Result<BundleVersion> VersionOf(std::string_view media_type) {
  for (const auto& [type, version] : kBundleTypes) {
    if (media_type == type) {
      return version;
    }
  }
  return base::Fail(Reason::kUnsupportedFormat,
                    "bundle type " + base::OneLine(media_type, kMaxTypeInError) +
                        "; only versions 0.1, 0.2 and 0.3 are supported");
}

base::Result<base::ByteBuffer> ParseSignatures(const Json& signatures) {
  if (signatures.size() != 1) {
    return base::Fail(Reason::kMalformed, "dsseEnvelope has " + std::to_string(signatures.size()) +
                                              " signatures instead of one");
  }
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(signatures[0], "signatures[0]"));
  SIGWARD_ASSIGN_OR_RETURN(base::ByteBuffer signature, fields.Bytes("sig", kMaxSignatureBytes));
  SIGWARD_RETURN_IF_ERROR(fields.String("keyid"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return signature;
}

base::Result<DsseEnvelope> ParseEnvelope(const Json& value, std::size_t max_payload) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "dsseEnvelope"));
  DsseEnvelope out;
  SIGWARD_ASSIGN_OR_RETURN(out.payload_type, fields.String("payloadType"));
  SIGWARD_ASSIGN_OR_RETURN(out.payload, fields.Bytes("payload", max_payload));
  SIGWARD_ASSIGN_OR_RETURN(const Json* signatures,
                           fields.Repeated("signatures", base::kMaxJsonValues));
  SIGWARD_ASSIGN_OR_RETURN(out.signature, ParseSignatures(*signatures));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (out.payload_type.empty() || out.payload.empty() || out.signature.empty()) {
    return base::Fail(Reason::kMalformed, "dsseEnvelope lacks its type, payload or signature");
  }
  return out;
}

/// The names of sigstore_common.proto's HashAlgorithm.
base::Result<HashAlgorithm> ParseAlgorithm(const std::string& name) {
  if (name == "SHA2_256") {
    return HashAlgorithm::kSha256;
  }
  if (name == "SHA2_384") {
    return HashAlgorithm::kSha384;
  }
  if (name == "SHA2_512") {
    return HashAlgorithm::kSha512;
  }
  return base::Fail(Reason::kUnsupportedAlgorithm,
                    "messageDigest.algorithm " + base::OneLine(name, kMaxTypeInError));
}

base::Result<HashedMessage> ParseMessageDigest(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "messageDigest"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string name, fields.String("algorithm"));
  SIGWARD_ASSIGN_OR_RETURN(base::ByteBuffer digest, fields.Bytes("digest", kMaxDigestBytes));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  SIGWARD_ASSIGN_OR_RETURN(const HashAlgorithm algorithm, ParseAlgorithm(name));
  return HashedMessage{algorithm, std::move(digest)};
}

base::Result<MessageSignature> ParseMessageSignature(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "messageSignature"));
  MessageSignature out;
  SIGWARD_ASSIGN_OR_RETURN(const Json* digest, fields.Message("messageDigest"));
  if (digest != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.digest, ParseMessageDigest(*digest));
  }
  SIGWARD_ASSIGN_OR_RETURN(out.signature, fields.Bytes("signature", kMaxSignatureBytes));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (out.signature.empty()) {
    return base::Fail(Reason::kMalformed, "messageSignature lacks its signature");
  }
  return out;
}

using Content = std::variant<DsseEnvelope, MessageSignature>;

base::Result<Content> ParseContent(ProtoFields& fields, std::size_t max_payload) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* envelope, fields.Message("dsseEnvelope"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* message, fields.Message("messageSignature"));
  if ((envelope == nullptr) == (message == nullptr)) {
    return base::Fail(Reason::kMalformed, envelope == nullptr
                                              ? "the bundle holds no signature"
                                              : "the bundle holds two kinds of signature at once");
  }
  if (envelope != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(DsseEnvelope content, ParseEnvelope(*envelope, max_payload));
    return Content(std::move(content));
  }
  SIGWARD_ASSIGN_OR_RETURN(MessageSignature content, ParseMessageSignature(*message));
  return Content(std::move(content));
}

}  // namespace

base::Result<Bundle> ParseBundle(base::ByteView bytes, std::size_t max_bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), max_bytes));
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(document, "bundle"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string media_type, fields.String("mediaType"));
  SIGWARD_ASSIGN_OR_RETURN(const BundleVersion version, VersionOf(media_type));
  SIGWARD_ASSIGN_OR_RETURN(const Json* material, fields.Message("verificationMaterial"));
  if (material == nullptr) {
    return base::Fail(Reason::kMalformed, "the bundle holds no verificationMaterial");
  }
  SIGWARD_ASSIGN_OR_RETURN(VerificationMaterial checked,
                           ParseVerificationMaterial(*material, version));
  SIGWARD_ASSIGN_OR_RETURN(Content content, ParseContent(fields, max_bytes));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return Bundle{version, std::move(checked), std::move(content)};
}

}  // namespace sigward::verifier
