#include "verifier/legacy_layer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "verifier/certificate/certificate_pem.h"
#include "verifier/transparency/rekor_annotation.h"

namespace sigward::verifier {

using base::Reason;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kSignature = "dev.cosignproject.cosign/signature";
constexpr std::string_view kChain = "dev.sigstore.cosign/chain";
constexpr std::string_view kTimestamp = "dev.sigstore.cosign/rfc3161timestamp";

Result<base::ByteBuffer> ParseTimestampAnnotation(std::string_view text) {
  SIGWARD_ASSIGN_OR_RETURN(const base::Json json,
                           base::ParseStrictJson(text, kMaxTimestampAnnotation));
  SIGWARD_ASSIGN_OR_RETURN(base::JsonFields fields, base::JsonFields::Of(json, "time stamp"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string stamp, fields.String("SignedRFC3161Timestamp"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return base::DecodeBase64(stamp, kMaxTimestampAnnotation);
}

Status AddCertificates(const Descriptor& layer, SignedEntity& out) {
  const std::string* leaf = TextAt(layer, kCertificateAnnotation);
  if (leaf == nullptr) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<Certificate> leaves, ParseCertificatesPem(*leaf));
  out.certificates.push_back(leaves.front());
  if (const std::string* chain = TextAt(layer, kChain); chain != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(std::vector<Certificate> rest, ParseCertificatesPem(*chain));
    std::erase_if(rest, [](const Certificate& certificate) {
      return std::ranges::equal(certificate.subject(), certificate.issuer());
    });
    std::ranges::move(rest, std::back_inserter(out.certificates));
  }
  return base::Ok();
}

}  // namespace

const std::string* TextAt(const Descriptor& layer, std::string_view name) {
  const auto found = layer.annotations.find(name);
  return found == layer.annotations.end() || found->second.empty() ? nullptr : &found->second;
}

const std::string* LegacySignatureText(const Descriptor& layer) {
  return TextAt(layer, kSignature);
}

bool SayTheSame(const Descriptor& layer, const Descriptor& other) {
  constexpr std::array kNames = {kSignature, kCertificateAnnotation, kChain, kLogEntryAnnotation,
                                 kTimestamp};
  return std::ranges::all_of(kNames, [&](std::string_view name) {
    const std::string* text = TextAt(layer, name);
    const std::string* other_text = TextAt(other, name);
    return (text == nullptr) == (other_text == nullptr) &&
           (text == nullptr || *text == *other_text);
  });
}

Result<SignedEntity> LegacyEntity(const Descriptor& layer, base::ByteView payload) {
  const std::string* text = LegacySignatureText(layer);
  if (text == nullptr) {
    return base::Fail(Reason::kInternal, "a layer without a signature was chosen");
  }
  SignedEntity out;
  out.hash_rule = HashRule::kSha256;
  out.certificate_beside_key = true;
  SIGWARD_ASSIGN_OR_RETURN(out.signature, base::DecodeBase64(*text, kMaxSignatureText));
  out.message.emplace(payload.begin(), payload.end());
  return out;
}

Result<SignedEntity> FullLegacyEntity(const Descriptor& layer, base::ByteView payload) {
  SIGWARD_ASSIGN_OR_RETURN(SignedEntity out, LegacyEntity(layer, payload));
  out.subject = ArtifactDigests::Of(payload);
  SIGWARD_RETURN_IF_ERROR(AddCertificates(layer, out));
  if (const std::string* entry = TextAt(layer, kLogEntryAnnotation); entry != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(LogEntry parsed, ParseRekorAnnotation(*entry));
    out.log_entries.push_back(std::move(parsed));
  }
  if (const std::string* stamp = TextAt(layer, kTimestamp); stamp != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(base::ByteBuffer der, ParseTimestampAnnotation(*stamp));
    out.timestamps.push_back(std::move(der));
  }
  return out;
}

}  // namespace sigward::verifier
