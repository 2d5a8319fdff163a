#include "verifier/verification_material_json.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "verifier/certificate/certificate.h"
#include "verifier/evidence.h"
#include "verifier/proto_json.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::Reason;
using base::Result;
using base::Status;

/// What follows in an error is as long as a hash or an id may be.
constexpr std::size_t kMaxIdBytes = 64;

base::Error Malformed(std::string_view where, std::string_view what) {
  return base::Fail(Reason::kMalformed, std::string(where) + " " + std::string(what));
}

/// The bytes that a message holds in its only field.
Result<ByteBuffer> OnlyBytes(const Json& value, std::string where, std::string_view name,
                             std::size_t max) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, std::move(where)));
  SIGWARD_ASSIGN_OR_RETURN(ByteBuffer bytes, fields.Bytes(name, max));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return bytes;
}

Result<std::string> OnlyText(const Json& value, std::string where, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, std::move(where)));
  SIGWARD_ASSIGN_OR_RETURN(std::string text, fields.String(name));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return text;
}

Result<InclusionProof> ParseProof(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "inclusionProof"));
  InclusionProof out;
  SIGWARD_ASSIGN_OR_RETURN(out.log_index, fields.Unsigned("logIndex"));
  SIGWARD_ASSIGN_OR_RETURN(out.tree_size, fields.Unsigned("treeSize"));
  SIGWARD_ASSIGN_OR_RETURN(out.root_hash, fields.Bytes("rootHash", kMaxIdBytes));
  SIGWARD_ASSIGN_OR_RETURN(const Json* hashes, fields.Repeated("hashes", kMaxProofHashes));
  for (const Json& hash : *hashes) {
    SIGWARD_ASSIGN_OR_RETURN(ByteBuffer bytes, ProtoBytes(hash, "hashes", kMaxIdBytes));
    out.hashes.push_back(std::move(bytes));
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* checkpoint, fields.Message("checkpoint"));
  if (checkpoint != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.checkpoint, OnlyText(*checkpoint, "checkpoint", "envelope"));
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  if (out.checkpoint.empty()) {
    return Malformed("inclusionProof", "has no checkpoint");
  }
  return out;
}

Status ParseKind(const Json& value, LogEntry& out) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "kindVersion"));
  SIGWARD_ASSIGN_OR_RETURN(out.kind, fields.String("kind"));
  SIGWARD_ASSIGN_OR_RETURN(out.version, fields.String("version"));
  return fields.NoOthers();
}

/// Whatever a message may bring beside its own fields.
Status ParseParts(ProtoFields& fields, LogEntry& out) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* log, fields.Message("logId"));
  if (log != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.log_id, OnlyBytes(*log, "logId", "keyId", kMaxIdBytes));
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* kind, fields.Message("kindVersion"));
  if (kind != nullptr) {
    SIGWARD_RETURN_IF_ERROR(ParseKind(*kind, out));
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* promise, fields.Message("inclusionPromise"));
  if (promise != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(ByteBuffer set, OnlyBytes(*promise, "inclusionPromise",
                                                       "signedEntryTimestamp", kMaxBundleBytes));
    if (!set.empty()) {
      out.signed_entry_timestamp = std::move(set);
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(const Json* proof, fields.Message("inclusionProof"));
  if (proof != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.inclusion_proof, ParseProof(*proof));
  }
  return base::Ok();
}

Result<LogEntry> ParseEntry(const Json& value) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "tlogEntries"));
  LogEntry out;
  SIGWARD_ASSIGN_OR_RETURN(out.log_index, fields.Unsigned("logIndex"));
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t seconds, fields.Int64("integratedTime"));
  if (seconds != 0) {
    out.integrated_time = Time(std::chrono::seconds(seconds));
  }
  SIGWARD_ASSIGN_OR_RETURN(out.canonicalized_body,
                           fields.Bytes("canonicalizedBody", kMaxBundleBytes));
  SIGWARD_RETURN_IF_ERROR(ParseParts(fields, out));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return out;
}

Status CheckBy(BundleVersion version, const LogEntry& entry) {
  if (version == BundleVersion::kV01) {
    return entry.signed_entry_timestamp
               ? base::Ok()
               : Malformed("tlogEntries", "has an entry without an inclusion promise");
  }
  return entry.inclusion_proof
             ? base::Ok()
             : Malformed("tlogEntries", "has an entry without an inclusion proof");
}

Result<std::vector<LogEntry>> ParseEntries(const Json& entries, BundleVersion version) {
  std::vector<LogEntry> out;
  std::set<std::pair<ByteBuffer, std::uint64_t>> seen;
  for (const Json& value : entries) {
    SIGWARD_ASSIGN_OR_RETURN(LogEntry entry, ParseEntry(value));
    SIGWARD_RETURN_IF_ERROR(CheckBy(version, entry));
    if (!seen.emplace(entry.log_id, entry.log_index).second) {
      return Malformed("tlogEntries", "names one entry of a log twice");
    }
    out.push_back(std::move(entry));
  }
  return out;
}

Result<std::vector<ByteBuffer>> ParseTimestamps(const Json& data) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(data, "timestampVerificationData"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* stamps,
                           fields.Repeated("rfc3161Timestamps", kMaxTimestamps));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  std::vector<ByteBuffer> out;
  for (const Json& stamp : *stamps) {
    SIGWARD_ASSIGN_OR_RETURN(
        ByteBuffer der, OnlyBytes(stamp, "rfc3161Timestamps", "signedTimestamp", kMaxBundleBytes));
    out.push_back(std::move(der));
  }
  return out;
}

Result<BundledCertificates> ParseChain(const Json& value, BundleVersion version) {
  if (version == BundleVersion::kV03) {
    return Malformed("verificationMaterial", "holds a chain of certificates in version 0.3");
  }
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(value, "x509CertificateChain"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* list,
                           fields.Repeated("certificates", kMaxBundleCertificates));
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  BundledCertificates out;
  for (const Json& certificate : *list) {
    SIGWARD_ASSIGN_OR_RETURN(
        ByteBuffer der, OnlyBytes(certificate, "certificates", "rawBytes", kMaxCertificateBytes));
    out.der.push_back(std::move(der));
  }
  if (out.der.empty()) {
    return Malformed("x509CertificateChain", "is empty");
  }
  return out;
}

Result<std::variant<KeyHint, BundledCertificates>> ParseSigner(ProtoFields& fields,
                                                               BundleVersion version) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* key, fields.Message("publicKey"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* certificate, fields.Message("certificate"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* chain, fields.Message("x509CertificateChain"));
  const int count = int{key != nullptr} + int{certificate != nullptr} + int{chain != nullptr};
  if (count != 1) {
    return Malformed("verificationMaterial", count == 0
                                                 ? "holds neither a key nor a certificate"
                                                 : "holds more than one of key and certificates");
  }
  if (key != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(std::string hint, OnlyText(*key, "publicKey", "hint"));
    return std::variant<KeyHint, BundledCertificates>(KeyHint{std::move(hint)});
  }
  if (chain != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(BundledCertificates certificates, ParseChain(*chain, version));
    return std::variant<KeyHint, BundledCertificates>(std::move(certificates));
  }
  SIGWARD_ASSIGN_OR_RETURN(
      ByteBuffer der, OnlyBytes(*certificate, "certificate", "rawBytes", kMaxCertificateBytes));
  return std::variant<KeyHint, BundledCertificates>(BundledCertificates{{std::move(der)}});
}

}  // namespace

Result<VerificationMaterial> ParseVerificationMaterial(const Json& material,
                                                       BundleVersion version) {
  SIGWARD_ASSIGN_OR_RETURN(ProtoFields fields, ProtoFields::Of(material, "verificationMaterial"));
  SIGWARD_ASSIGN_OR_RETURN(auto signer, ParseSigner(fields, version));
  VerificationMaterial out{std::move(signer), {}, {}};
  SIGWARD_ASSIGN_OR_RETURN(const Json* entries, fields.Repeated("tlogEntries", kMaxLogEntries));
  SIGWARD_ASSIGN_OR_RETURN(out.log_entries, ParseEntries(*entries, version));
  SIGWARD_ASSIGN_OR_RETURN(const Json* stamps, fields.Message("timestampVerificationData"));
  if (stamps != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(out.timestamps, ParseTimestamps(*stamps));
  }
  SIGWARD_RETURN_IF_ERROR(fields.NoOthers());
  return out;
}

}  // namespace sigward::verifier
