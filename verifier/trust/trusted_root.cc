#include "verifier/trust/trusted_root.h"

#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "base/json_fields.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "verifier/ossl.h"
#include "verifier/trust/key_details.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;
using base::Status;

constexpr std::size_t kLogIdBytes = 32;
/// A key id of a signed note (C2SP signed-note), which may be given longer, as the hash it is of.
constexpr std::size_t kMinCheckpointKeyId = 4;
constexpr std::array<std::string_view, 3> kMediaTypes = {
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
};

base::Error Malformed(const std::string& where, std::string_view what) {
  return base::Fail(Reason::kMalformed, where + " " + std::string(what));
}

Result<JsonFields> Message(JsonFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, parent.Object(name));
  return JsonFields::Of(*value, parent.where() + "." + std::string(name));
}

/// A string that proto3 JSON may leave out when it is empty.
Result<std::string> Text(JsonFields& fields, std::string_view name) {
  if (!fields.Has(name)) {
    return std::string();
  }
  SIGWARD_ASSIGN_OR_RETURN(std::string text, fields.String(name));
  if (text.size() > kMaxTrustText) {
    return base::Fail(Reason::kTooLarge, fields.where() + "." + std::string(name) +
                                             " is longer than " + std::to_string(kMaxTrustText) +
                                             " bytes");
  }
  return text;
}

Result<ByteBuffer> Bytes(JsonFields& fields, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  Result<ByteBuffer> bytes = base::DecodeBase64(text, kMaxTrustedRootBytes);
  if (!bytes.ok()) {
    return Malformed(fields.where(), std::string(name) + " is not base64");
  }
  return bytes;
}

/// One end of a window. What is not to the second makes the window smaller, never wider.
Status ReadEnd(JsonFields& range, std::string_view name, bool is_start, std::optional<Time>& out) {
  if (!range.Has(name)) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, range.String(name));
  const Result<base::Rfc3339Time> time = base::ParseRfc3339(text);
  if (!time.ok()) {
    return Malformed(range.where(), std::string(name) + " is " + time.error().detail);
  }
  out = time->seconds + std::chrono::seconds(is_start && time->has_fraction ? 1 : 0);
  return base::Ok();
}

Result<Validity> ReadValidity(JsonFields& parent) {
  Validity validity;
  if (parent.Has("validFor")) {
    SIGWARD_ASSIGN_OR_RETURN(JsonFields range, Message(parent, "validFor"));
    SIGWARD_RETURN_IF_ERROR(ReadEnd(range, "start", true, validity.start));
    SIGWARD_RETURN_IF_ERROR(ReadEnd(range, "end", false, validity.end));
    SIGWARD_RETURN_IF_ERROR(range.NoOthers());
  }
  return validity;
}

Result<ByteBuffer> ReadLogId(JsonFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields id, Message(parent, name));
  SIGWARD_ASSIGN_OR_RETURN(ByteBuffer key_id, Bytes(id, "keyId"));
  SIGWARD_RETURN_IF_ERROR(id.NoOthers());
  return key_id;
}

Status ReadKey(JsonFields& parent, TransparencyLog& log) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, Message(parent, "publicKey"));
  SIGWARD_ASSIGN_OR_RETURN(const ByteBuffer raw, Bytes(fields, "rawBytes"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string details, fields.String("keyDetails"));
  SIGWARD_ASSIGN_OR_RETURN(log.validity, ReadValidity(fields));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  Result<DetailedKey> key = ReadDetailedKey(raw, details);
  if (!key.ok()) {
    return base::Within(fields.where(), std::move(key).error());
  }
  if (!log.validity.start) {
    return Malformed(fields.where(), "does not say since when it is valid");
  }
  log.hash = key->hash;
  log.key = std::make_shared<const PublicKey>(std::move(key->key));
  return base::Ok();
}

Result<TransparencyLog> ReadLog(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  TransparencyLog log;
  SIGWARD_ASSIGN_OR_RETURN(log.base_url, Text(fields, "baseUrl"));
  SIGWARD_ASSIGN_OR_RETURN(log.operated_by, Text(fields, "operator"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string hash, fields.String("hashAlgorithm"));
  if (hash != "SHA2_256") {
    return base::Fail(Reason::kUnsupportedAlgorithm, where + ".hashAlgorithm is not SHA2_256");
  }
  SIGWARD_RETURN_IF_ERROR(ReadKey(fields, log));
  SIGWARD_ASSIGN_OR_RETURN(log.log_id, ReadLogId(fields, "logId"));
  if (log.log_id.size() != kLogIdBytes) {
    return Malformed(where, "has a log id of other than 32 bytes");
  }
  if (fields.Has("checkpointKeyId")) {
    SIGWARD_ASSIGN_OR_RETURN(log.checkpoint_key_id, ReadLogId(fields, "checkpointKeyId"));
    if (log.checkpoint_key_id->size() < kMinCheckpointKeyId ||
        log.checkpoint_key_id->size() > kLogIdBytes) {
      return Malformed(where, "has a checkpoint key id of other than 4 to 32 bytes");
    }
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return log;
}

/// The subject is said by the certificates; here it is only for people.
Status CheckSubject(JsonFields& parent) {
  if (!parent.Has("subject")) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields subject, Message(parent, "subject"));
  SIGWARD_RETURN_IF_ERROR(Text(subject, "organization"));
  SIGWARD_RETURN_IF_ERROR(Text(subject, "commonName"));
  return subject.NoOthers();
}

Result<Certificate> ReadCertificate(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(const ByteBuffer der, Bytes(fields, "rawBytes"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  Result<Certificate> certificate = Certificate::Parse(der);
  if (!certificate.ok()) {
    return base::Within(where, std::move(certificate).error());
  }
  if (Result<PublicKey> key = certificate->Key(); !key.ok()) {
    return base::Within(where, std::move(key).error());
  }
  return certificate;
}

Result<std::vector<Certificate>> ReadChain(JsonFields& parent) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, Message(parent, "certChain"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* certificates, fields.Array("certificates"));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (certificates->empty()) {
    return Malformed(fields.where(), "has no certificates");
  }
  if (certificates->size() > kMaxChainLength) {
    return base::Fail(Reason::kTooLarge, fields.where() + " has more than " +
                                             std::to_string(kMaxChainLength) + " certificates");
  }
  std::vector<Certificate> chain;
  for (const Json& value : *certificates) {
    SIGWARD_ASSIGN_OR_RETURN(
        Certificate certificate,
        ReadCertificate(value, fields.where() + "[" + std::to_string(chain.size()) + "]"));
    if (!chain.empty() && X509_NAME_cmp(X509_get_issuer_name(chain.back().x509()),
                                        X509_get_subject_name(certificate.x509())) != 0) {
      return Malformed(fields.where(), "is not in order: each certificate's issuer stands next");
    }
    chain.push_back(std::move(certificate));
  }
  return chain;
}

Result<CertificateAuthority> ReadAuthority(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(value, where));
  CertificateAuthority authority;
  SIGWARD_RETURN_IF_ERROR(CheckSubject(fields));
  SIGWARD_ASSIGN_OR_RETURN(authority.uri, Text(fields, "uri"));
  SIGWARD_ASSIGN_OR_RETURN(authority.operated_by, Text(fields, "operator"));
  SIGWARD_ASSIGN_OR_RETURN(authority.chain, ReadChain(fields));
  SIGWARD_ASSIGN_OR_RETURN(authority.validity, ReadValidity(fields));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return authority;
}

template <typename T>
Status ReadAll(JsonFields& root, std::string_view name,
               Result<T> (*read)(const Json& value, const std::string& where),
               std::vector<T>& out) {
  if (!root.Has(name)) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* values, root.Array(name));
  if (values->size() > kMaxTrustInstances) {
    return base::Fail(Reason::kTooLarge, std::string(name) + " has more than " +
                                             std::to_string(kMaxTrustInstances) + " elements");
  }
  for (const Json& value : *values) {
    SIGWARD_ASSIGN_OR_RETURN(
        T instance, read(value, std::string(name) + "[" + std::to_string(out.size()) + "]"));
    out.push_back(std::move(instance));
  }
  return base::Ok();
}

Status CheckMediaType(JsonFields& root) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string type, root.String("mediaType"));
  if (std::find(kMediaTypes.begin(), kMediaTypes.end(), type) == kMediaTypes.end()) {
    return base::Fail(Reason::kUnsupportedFormat,
                      "media type " + base::OneLine(type, kMaxTrustText) +
                          " is not a trusted root of version 0.1 or 0.2");
  }
  return base::Ok();
}

}  // namespace

Result<TrustRoot> TrustRoot::Parse(base::ByteView json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json document,
                           base::ParseStrictJson(base::AsText(json), kMaxTrustedRootBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(document, "trusted root"));
  SIGWARD_RETURN_IF_ERROR(CheckMediaType(fields));
  TrustRoot root;
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "tlogs", ReadLog, root.logs_));
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "ctlogs", ReadLog, root.ct_logs_));
  SIGWARD_RETURN_IF_ERROR(
      ReadAll(fields, "certificateAuthorities", ReadAuthority, root.certificate_authorities_));
  SIGWARD_RETURN_IF_ERROR(
      ReadAll(fields, "timestampAuthorities", ReadAuthority, root.timestamp_authorities_));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  root.hash_ = HashOf(json, HashAlgorithm::kSha256);
  return root;
}

}  // namespace sigward::verifier
