#include "verifier/bundle.h"

#include <utility>

#include "base/base64.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/evidence.h"
#include "verifier/verification_material.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::JsonFields;
using base::Reason;

constexpr std::size_t kMaxTypeInError = 96;

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

base::Result<base::ByteBuffer> Bytes(JsonFields& fields, std::string_view name, std::size_t max) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  base::Result<base::ByteBuffer> bytes = base::DecodeBase64(text, max);
  if (!bytes.ok()) {
    return base::Within(fields.where() + "." + std::string(name), std::move(bytes).error());
  }
  return bytes;
}

base::Result<base::ByteBuffer> ParseSignatures(const Json& signatures) {
  if (signatures.size() != 1) {
    return base::Fail(Reason::kMalformed, "dsseEnvelope has " + std::to_string(signatures.size()) +
                                              " signatures instead of one");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(signatures[0], "signatures[0]"));
  SIGWARD_ASSIGN_OR_RETURN(base::ByteBuffer signature, Bytes(fields, "sig", kMaxSignatureText));
  if (fields.Has("keyid")) {
    SIGWARD_RETURN_IF_ERROR(fields.String("keyid"));
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return signature;
}

base::Result<DsseEnvelope> ParseEnvelope(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, "dsseEnvelope"));
  DsseEnvelope out;
  SIGWARD_ASSIGN_OR_RETURN(out.payload_type, fields.String("payloadType"));
  SIGWARD_ASSIGN_OR_RETURN(out.payload, Bytes(fields, "payload", kMaxBundleBytes));
  SIGWARD_ASSIGN_OR_RETURN(const Json* signatures, fields.Array("signatures"));
  SIGWARD_ASSIGN_OR_RETURN(out.signature, ParseSignatures(*signatures));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return out;
}

}  // namespace

base::Result<DsseEnvelope> ParseBundle(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(bytes), kMaxBundleBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "bundle"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string media_type, fields.String("mediaType"));
  SIGWARD_ASSIGN_OR_RETURN(const BundleVersion version, VersionOf(media_type));
  const bool has_envelope = fields.Has("dsseEnvelope");
  if (fields.Has("messageSignature")) {
    return has_envelope
               ? base::Fail(Reason::kMalformed, "bundle holds two kinds of signature at once")
               : base::Fail(Reason::kUnsupportedFormat,
                            "the bundle is a message signature, which is no image signature");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* material, fields.Object("verificationMaterial"));
  SIGWARD_RETURN_IF_ERROR(CheckVerificationMaterial(*material, version));
  SIGWARD_ASSIGN_OR_RETURN(const Json* envelope, fields.Object("dsseEnvelope"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return ParseEnvelope(*envelope);
}

}  // namespace sigward::verifier
