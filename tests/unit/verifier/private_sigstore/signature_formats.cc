#include "private_sigstore/signature_formats.h"

#include "base/base64.h"
#include "image_evidence.h"

namespace sigward::testing {
namespace {

using base::EncodeBase64;
using base::Json;
using verifier::BundleVersion;
using verifier::LogEntry;

const char* TypeOf(BundleVersion version) {
  switch (version) {
    case BundleVersion::kV01:
      return "application/vnd.dev.sigstore.bundle+json;version=0.1";
    case BundleVersion::kV02:
      return "application/vnd.dev.sigstore.bundle+json;version=0.2";
    case BundleVersion::kV03:
      return "application/vnd.dev.sigstore.bundle.v0.3+json";
  }
  std::abort();
}

Json RawBytes(base::ByteView der) {
  return {{"rawBytes", EncodeBase64(der)}};
}

Json ProofOf(const verifier::InclusionProof& proof) {
  Json hashes = Json::array();
  for (const base::ByteBuffer& hash : proof.hashes) {
    hashes.push_back(EncodeBase64(hash));
  }
  return {{"logIndex", std::to_string(proof.log_index)},
          {"treeSize", std::to_string(proof.tree_size)},
          {"rootHash", EncodeBase64(proof.root_hash)},
          {"hashes", hashes},
          {"checkpoint", {{"envelope", proof.checkpoint}}}};
}

Json EntryOf(const LogEntry& entry) {
  Json out = {{"logIndex", std::to_string(entry.log_index)},
              {"logId", {{"keyId", EncodeBase64(entry.log_id)}}},
              {"kindVersion", {{"kind", entry.kind}, {"version", entry.version}}},
              {"canonicalizedBody", EncodeBase64(entry.canonicalized_body)}};
  if (entry.integrated_time) {
    out["integratedTime"] = std::to_string(entry.integrated_time->time_since_epoch().count());
  }
  if (entry.signed_entry_timestamp) {
    out["inclusionPromise"]["signedEntryTimestamp"] = EncodeBase64(*entry.signed_entry_timestamp);
  }
  if (entry.inclusion_proof) {
    out["inclusionProof"] = ProofOf(*entry.inclusion_proof);
  }
  return out;
}

Json MaterialOf(const SignatureParts& parts, BundleVersion version) {
  Json out = {{"tlogEntries", Json::array()}};
  for (const LogEntry& entry : parts.entries) {
    out["tlogEntries"].push_back(EntryOf(entry));
  }
  if (!parts.stamps.empty()) {
    Json& stamps = out["timestampVerificationData"]["rfc3161Timestamps"] = Json::array();
    for (const base::ByteBuffer& stamp : parts.stamps) {
      stamps.push_back({{"signedTimestamp", EncodeBase64(stamp)}});
    }
  }
  if (!parts.logged.certificate) {
    out["publicKey"]["hint"] = "a hint";
  } else if (version == BundleVersion::kV03) {
    out["certificate"] = RawBytes(*parts.logged.certificate);
  } else {
    Json& chain = out["x509CertificateChain"]["certificates"] = Json::array();
    chain.push_back(RawBytes(*parts.logged.certificate));
    for (const base::ByteBuffer& issuer : parts.issuers) {
      chain.push_back(RawBytes(issuer));
    }
  }
  return out;
}

}  // namespace

Json BundleOf(const SignatureParts& parts, BundleVersion version) {
  Json out = {{"mediaType", TypeOf(version)}, {"verificationMaterial", MaterialOf(parts, version)}};
  const LoggedSignature& logged = parts.logged;
  if (logged.payload_type.empty()) {
    out["messageSignature"] = {
        {"messageDigest", {{"algorithm", "SHA2_256"}, {"digest", EncodeBase64(logged.sha256)}}},
        {"signature", EncodeBase64(logged.signature)}};
    return out;
  }
  out["dsseEnvelope"] = {{"payload", EncodeBase64(base::AsBytes(logged.payload))},
                         {"payloadType", logged.payload_type},
                         {"signatures", Json::array({{{"sig", EncodeBase64(logged.signature)}}})}};
  return out;
}

Json RekorAnnotationOf(const LogEntry& entry) {
  return {{"SignedEntryTimestamp", EncodeBase64(entry.signed_entry_timestamp.value())},
          {"Payload",
           {{"body", EncodeBase64(entry.canonicalized_body)},
            {"integratedTime", entry.integrated_time.value().time_since_epoch().count()},
            {"logIndex", entry.log_index},
            {"logID", base::EncodeHex(entry.log_id)}}}};
}

Json TimestampAnnotationOf(base::ByteView stamp) {
  return {{"SignedRFC3161Timestamp", EncodeBase64(stamp)}};
}

Json LegacyLayerOf(const SignatureParts& parts) {
  Json layer = LegacyLayer(parts.logged.payload, EncodeBase64(parts.logged.signature));
  Json& annotations = layer["annotations"];
  if (parts.logged.certificate) {
    annotations[kCertificateAnnotation] = PemOf("CERTIFICATE", *parts.logged.certificate);
  }
  std::string chain;
  for (const base::ByteBuffer& issuer : parts.issuers) {
    chain += PemOf("CERTIFICATE", issuer);
  }
  if (!chain.empty()) {
    annotations[kChainAnnotation] = chain;
  }
  if (!parts.entries.empty()) {
    annotations[kRekorAnnotation] = RekorAnnotationOf(parts.entries.front()).dump();
  }
  if (!parts.stamps.empty()) {
    annotations[kTimestampAnnotation] = TimestampAnnotationOf(parts.stamps.front()).dump();
  }
  return layer;
}

}  // namespace sigward::testing
