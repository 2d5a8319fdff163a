#include "verifier/trust/trusted_root.h"

#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "verifier/ossl.h"
#include "verifier/proto_json.h"
#include "verifier/trust/key_details.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::Reason;
using base::Result;
using base::Status;

/// Ids are opaque. Those of Rekor v1 and of certificate logs are 32 bytes of SHA-256, those of
/// Rekor v2 are key ids of signed notes, which may be cut to four bytes.
constexpr std::size_t kMaxLogIdBytes = 64;
/// What a key id of a signed note is cut to (C2SP signed-note).
constexpr std::size_t kMinCheckpointKeyId = 4;
constexpr std::size_t kMaxUriInName = 128;
constexpr std::array<std::string_view, 3> kMediaTypes = {
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
};

base::Error Malformed(const std::string& where, std::string_view what) {
  return base::Fail(Reason::kMalformed, where + " " + std::string(what));
}

/// The message NAME, which must be there.
Result<ProtoFields> Message(ProtoFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, parent.Message(name));
  if (value == nullptr) {
    return Malformed(parent.Place(name), "is missing");
  }
  return ProtoFields::Of(*value, parent.Place(name));
}

Result<std::string> Text(ProtoFields& fields, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(std::string text, fields.String(name));
  if (text.size() > kMaxTrustText) {
    return base::Fail(Reason::kTooLarge, fields.Place(name) + " is longer than " +
                                             std::to_string(kMaxTrustText) + " bytes");
  }
  return text;
}

/// One end of a window. What is not to the second makes the window smaller, never wider.
Status ReadEnd(ProtoFields& range, std::string_view name, bool is_start, std::optional<Time>& out) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, range.String(name));
  if (text.empty()) {
    return base::Ok();
  }
  const Result<base::Rfc3339Time> time = base::ParseRfc3339(text);
  if (!time.ok()) {
    return Malformed(range.Place(name), "is " + time.error().detail);
  }
  out = time->seconds + std::chrono::seconds(is_start && time->has_fraction ? 1 : 0);
  return base::Ok();
}

Result<Validity> ReadValidity(ProtoFields& parent) {
  Validity validity;
  SIGWARD_ASSIGN_OR_RETURN(const Json* window, parent.Message("validFor"));
  if (window != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(ProtoFields range, ProtoFields::Of(*window, parent.Place("validFor")));
    SIGWARD_RETURN_IF_ERROR(ReadEnd(range, "start", true, validity.start));
    SIGWARD_RETURN_IF_ERROR(ReadEnd(range, "end", false, validity.end));
    SIGWARD_RETURN_IF_ERROR(range.NoOthers());
  }
  return validity;
}

/// Empty where it is absent.
Result<ByteBuffer> ReadLogId(ProtoFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, parent.Message(name));
  if (value == nullptr) {
    return ByteBuffer();
  }
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields id, ProtoFields::Of(*value, parent.Place(name)));
  SIGWARD_ASSIGN_OR_RETURN(ByteBuffer key_id, id.Bytes("keyId", kMaxLogIdBytes));
  SIGWARD_RETURN_IF_ERROR(id.NoOthers());
  return key_id;
}

/// The ids by which entries and checkpoints name LOG: each stands in for the other
/// (sigstore_trustroot.proto, checkpoint_key_id).
Status ReadLogIds(ProtoFields& fields, TransparencyLog& log) {
  SIGWARD_ASSIGN_OR_RETURN(log.log_id, ReadLogId(fields, "logId"));
  SIGWARD_ASSIGN_OR_RETURN(ByteBuffer checkpoint, ReadLogId(fields, "checkpointKeyId"));
  if (!checkpoint.empty() && checkpoint.size() < kMinCheckpointKeyId) {
    return Malformed(fields.Place("checkpointKeyId"), "is shorter than a key id of a checkpoint");
  }
  if (log.log_id.empty()) {
    log.log_id = checkpoint;
  }
  if (log.log_id.empty()) {
    return Malformed(fields.Place("logId"), "is missing");
  }
  if (!checkpoint.empty()) {
    log.checkpoint_key_id = std::move(checkpoint);
  }
  return base::Ok();
}

/// Sets LOG's key, which may turn out to be of no use here.
Status ReadKey(const ByteBuffer& raw, const std::string& details, const std::string& where,
               TransparencyLog& log) {
  if (raw.empty() || details.empty() || details == "PUBLIC_KEY_DETAILS_UNSPECIFIED") {
    return Malformed(where, "has no key, or does not say of which kind it is");
  }
  Result<DetailedKey> key = ReadDetailedKey(raw, details);
  if (!key.ok()) {
    return base::Within(where, std::move(key).error());
  }
  log.hash = key->hash;
  log.key = std::make_shared<const PublicKey>(std::move(key->key));
  return base::Ok();
}

Result<TransparencyLog> ReadLog(const Json& value, const std::string& where, std::string& uri) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, where));
  TransparencyLog log;
  SIGWARD_ASSIGN_OR_RETURN(log.base_url, Text(fields, "baseUrl"));
  uri = log.base_url;
  SIGWARD_ASSIGN_OR_RETURN(log.operated_by, Text(fields, "operator"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string hash, Text(fields, "hashAlgorithm"));
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields key, Message(fields, "publicKey"));
  SIGWARD_ASSIGN_OR_RETURN(const ByteBuffer raw, key.Bytes("rawBytes", kMaxTrustedRootBytes));
  SIGWARD_ASSIGN_OR_RETURN(const std::string details, Text(key, "keyDetails"));
  SIGWARD_ASSIGN_OR_RETURN(log.validity, ReadValidity(key));
  SIGWARD_RETURN_IF_ERROR(key.NoOthers());
  SIGWARD_RETURN_IF_ERROR(ReadLogIds(fields, log));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (!log.validity.start) {
    return Malformed(fields.Place("publicKey"), "does not say since when it is valid");
  }
  if (hash.empty() || hash == "HASH_ALGORITHM_UNSPECIFIED") {
    return Malformed(fields.Place("hashAlgorithm"), "is missing");
  }
  // All that is form is right by now; what follows may be of no use here and right elsewhere.
  SIGWARD_RETURN_IF_ERROR(ReadKey(raw, details, fields.Place("publicKey"), log));
  if (hash != "SHA2_256") {
    return base::Fail(Reason::kUnsupportedAlgorithm, where + ".hashAlgorithm is not SHA2_256");
  }
  return log;
}

/// The subject is said by the certificates; here it is only for people.
Status CheckSubject(ProtoFields& parent) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* value, parent.Message("subject"));
  if (value == nullptr) {
    return base::Ok();
  }
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields subject, ProtoFields::Of(*value, parent.Place("subject")));
  SIGWARD_RETURN_IF_ERROR(Text(subject, "organization"));
  SIGWARD_RETURN_IF_ERROR(Text(subject, "commonName"));
  return subject.NoOthers();
}

Result<Certificate> ReadCertificate(const Json& value, const std::string& where) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, where));
  SIGWARD_ASSIGN_OR_RETURN(const ByteBuffer der, fields.Bytes("rawBytes", kMaxTrustedRootBytes));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  Result<Certificate> certificate = Certificate::Parse(der);
  if (!certificate.ok()) {
    return base::Within(where, std::move(certificate).error());
  }
  return certificate;
}

Result<std::vector<Certificate>> ReadChain(ProtoFields& parent) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, Message(parent, "certChain"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* certificates,
                           fields.Repeated("certificates", kMaxChainLength));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  const std::string where = parent.Place("certChain");
  if (certificates->empty()) {
    return Malformed(where, "has no certificates");
  }
  std::vector<Certificate> chain;
  for (const Json& value : *certificates) {
    SIGWARD_ASSIGN_OR_RETURN(
        Certificate certificate,
        ReadCertificate(value, where + "[" + std::to_string(chain.size()) + "]"));
    if (!chain.empty() && X509_NAME_cmp(X509_get_issuer_name(chain.back().x509()),
                                        X509_get_subject_name(certificate.x509())) != 0) {
      return Malformed(where, "is not in order: each certificate's issuer stands next");
    }
    chain.push_back(std::move(certificate));
  }
  return chain;
}

Result<CertificateAuthority> ReadAuthority(const Json& value, const std::string& where,
                                           std::string& uri) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, where));
  CertificateAuthority authority;
  SIGWARD_RETURN_IF_ERROR(CheckSubject(fields));
  SIGWARD_ASSIGN_OR_RETURN(authority.uri, Text(fields, "uri"));
  uri = authority.uri;
  SIGWARD_ASSIGN_OR_RETURN(authority.operated_by, Text(fields, "operator"));
  SIGWARD_ASSIGN_OR_RETURN(authority.chain, ReadChain(fields));
  SIGWARD_ASSIGN_OR_RETURN(authority.validity, ReadValidity(fields));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  for (const Certificate& certificate : authority.chain) {
    if (Result<PublicKey> key = certificate.Key(); !key.ok()) {
      return base::Within(fields.Place("certChain"), std::move(key).error());
    }
  }
  return authority;
}

/// True for what another program may be able to use: a key or hash that is not verified here.
bool IsOfNoUseHere(const base::Error& error) {
  return error.reason == Reason::kUnsupportedAlgorithm || error.reason == Reason::kWeakKey;
}

std::string NameOf(const std::string& where, const std::string& uri) {
  return uri.empty() ? where : where + " (" + base::OneLine(uri, kMaxUriInName) + ")";
}

template <typename T>
Status ReadAll(ProtoFields& root, std::string_view name,
               Result<T> (*read)(const Json& value, const std::string& where, std::string& uri),
               std::vector<T>& out, std::vector<UnusableInstance>& unusable) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* values, root.Repeated(name, kMaxTrustInstances));
  std::size_t number = 0;
  for (const Json& value : *values) {
    const std::string where = std::string(name) + "[" + std::to_string(number++) + "]";
    std::string uri;
    Result<T> instance = read(value, where, uri);
    if (instance.ok()) {
      out.push_back(*std::move(instance));
    } else if (IsOfNoUseHere(instance.error())) {
      unusable.push_back({NameOf(where, uri), std::move(instance).error()});
    } else {
      return std::move(instance).error();
    }
  }
  return base::Ok();
}

Status CheckMediaType(ProtoFields& root) {
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
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(document, "trusted root"));
  SIGWARD_RETURN_IF_ERROR(CheckMediaType(fields));
  TrustRoot root;
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "tlogs", ReadLog, root.logs_, root.unusable_));
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "ctlogs", ReadLog, root.ct_logs_, root.unusable_));
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "certificateAuthorities", ReadAuthority,
                                  root.certificate_authorities_, root.unusable_));
  SIGWARD_RETURN_IF_ERROR(ReadAll(fields, "timestampAuthorities", ReadAuthority,
                                  root.timestamp_authorities_, root.unusable_));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  root.hash_ = HashOf(json, HashAlgorithm::kSha256);
  return root;
}

}  // namespace sigward::verifier
