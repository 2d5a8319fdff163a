#include "verifier/transparency/entry_body.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "verifier/dsse.h"
#include "verifier/ossl.h"
#include "verifier/pem.h"
#include "verifier/spki.h"

namespace sigward::verifier {
namespace {

using base::ByteView;
using base::Json;
using base::JsonFields;
using base::Reason;
using base::Result;
using base::Status;

struct KnownKind {
  EntryKind kind;
  std::string_view name;
  std::string_view version;
};
constexpr std::array<KnownKind, 4> kKnownKinds = {{
    {EntryKind::kHashedRekordV001, "hashedrekord", "0.0.1"},
    {EntryKind::kDsseV001, "dsse", "0.0.1"},
    {EntryKind::kIntotoV002, "intoto", "0.0.2"},
    {EntryKind::kHashedRekordV002, "hashedrekord", "0.0.2"},
}};

const KnownKind& NamesOf(EntryKind kind) {
  return kKnownKinds.at(static_cast<std::size_t>(kind) - 1);
}

base::Error Mismatch(const std::string& what) {
  return base::Fail(Reason::kLogMismatch, "log entry: " + what);
}

base::Error Malformed(const std::string& what) {
  return base::Fail(Reason::kMalformed, "log entry: " + what);
}

Result<JsonFields> Open(JsonFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* object, parent.Object(name));
  return JsonFields::Of(*object, parent.where() + "." + std::string(name));
}

/// The one element of the list NAME. More than one signature is more than the evidence has.
Result<JsonFields> OpenOnly(JsonFields& parent, std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* list, parent.Array(name));
  const std::string where = parent.where() + "." + std::string(name);
  if (list->size() != 1) {
    return Malformed(where + " does not hold exactly one element");
  }
  return JsonFields::Of(list->front(), where + "[0]");
}

/// The text NAME must be EXPECTED. Values are compared as they are spelled: base64 and hex of one
/// value have one spelling each.
Status CheckText(JsonFields& fields, std::string_view name, std::string_view expected,
                 const char* what) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  return text == expected ? base::Ok() : Mismatch(std::string(what) + " is another one");
}

/// PEM in base64: exactly one block, with the bytes of the certificate or key.
Status CheckPem(JsonFields& fields, std::string_view name, const LoggedContent& content) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string text, fields.String(name));
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteBuffer pem, base::DecodeBase64(text, kMaxEntryPem * 2));
  SIGWARD_ASSIGN_OR_RETURN(const PemBlock block, ParsePem(base::AsText(pem), kMaxEntryPem));
  const std::string_view label = content.certificate ? "CERTIFICATE" : "PUBLIC KEY";
  const ByteView expected = content.certificate.value_or(content.spki);
  if (block.label != label ||
      !std::equal(block.contents.begin(), block.contents.end(), expected.begin(), expected.end())) {
    return Mismatch("the certificate or key is another one");
  }
  return base::Ok();
}

/// The object NAME must hold HASH of BYTES.
Status CheckSha256(JsonFields& parent, std::string_view name, ByteView bytes, const char* what) {
  SIGWARD_ASSIGN_OR_RETURN(JsonFields hash, Open(parent, name));
  SIGWARD_RETURN_IF_ERROR(CheckText(hash, "algorithm", "sha256", "the algorithm of a hash"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(hash, "value", base::EncodeHex(HashOf(bytes, HashAlgorithm::kSha256)), what));
  return hash.NoOthers();
}

/// The hash of an envelope, which is compared where the envelope's bytes are known and must be one
/// anyway.
Status CheckEnvelopeHash(JsonFields& parent, std::string_view name,
                         const LoggedEnvelope& envelope) {
  if (envelope.blob) {
    return CheckSha256(parent, name, *envelope.blob, "the envelope");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields hash, Open(parent, name));
  SIGWARD_RETURN_IF_ERROR(CheckText(hash, "algorithm", "sha256", "the algorithm of a hash"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string value, hash.String("value"));
  if (!base::DecodeHex(value, 32).ok()) {
    return Malformed(hash.where() + ".value is no SHA-256 in lower-case hex");
  }
  return hash.NoOthers();
}

const ArtifactDigest* FindDigest(const LoggedArtifact& artifact, HashAlgorithm algorithm) {
  const auto found =
      std::find_if(artifact.digests.begin(), artifact.digests.end(),
                   [&](const ArtifactDigest& digest) { return digest.algorithm == algorithm; });
  return found == artifact.digests.end() ? nullptr : &*found;
}

base::Error UnknownDigest(std::string_view algorithm) {
  return base::Fail(Reason::kUnsupportedAlgorithm,
                    "log entry: it names the artifact by " +
                        base::OneLine(algorithm, base::kMaxNameInError) +
                        ", by which the artifact is not known here");
}

Status CheckHashedRekordV001(JsonFields& spec, const LoggedContent& content) {
  const auto* artifact = std::get_if<LoggedArtifact>(&content.subject);
  if (artifact == nullptr) {
    return Mismatch("a hashedrekord entry of Rekor v1 stands beside an envelope");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields signature, Open(spec, "signature"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(signature, "content", base::EncodeBase64(content.signature), "the signature"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields key, Open(signature, "publicKey"));
  SIGWARD_RETURN_IF_ERROR(CheckPem(key, "content", content));
  SIGWARD_RETURN_IF_ERROR(key.NoOthers());
  SIGWARD_RETURN_IF_ERROR(signature.NoOthers());

  SIGWARD_ASSIGN_OR_RETURN(JsonFields data, Open(spec, "data"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields hash, Open(data, "hash"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string algorithm, hash.String("algorithm"));
  const Result<HashAlgorithm> known = ParseHashAlgorithm(algorithm);
  const ArtifactDigest* digest = known.ok() ? FindDigest(*artifact, *known) : nullptr;
  if (digest == nullptr || algorithm != HashAlgorithmName(*known)) {
    return UnknownDigest(algorithm);
  }
  SIGWARD_RETURN_IF_ERROR(
      CheckText(hash, "value", base::EncodeHex(digest->digest), "the artifact's digest"));
  SIGWARD_RETURN_IF_ERROR(hash.NoOthers());
  return data.NoOthers();
}

Status CheckDsseV001(JsonFields& spec, const LoggedContent& content) {
  const auto* envelope = std::get_if<LoggedEnvelope>(&content.subject);
  if (envelope == nullptr) {
    return Mismatch("a dsse entry stands beside a message signature");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields signature, OpenOnly(spec, "signatures"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(signature, "signature", base::EncodeBase64(content.signature), "the signature"));
  SIGWARD_RETURN_IF_ERROR(CheckPem(signature, "verifier", content));
  SIGWARD_RETURN_IF_ERROR(signature.NoOthers());
  SIGWARD_RETURN_IF_ERROR(CheckSha256(spec, "payloadHash", envelope->payload, "the payload"));
  return CheckEnvelopeHash(spec, "envelopeHash", *envelope);
}

/// The log encoded once more what was base64 already.
std::string TwiceBase64(ByteView bytes) {
  return base::EncodeBase64(base::AsBytes(base::EncodeBase64(bytes)));
}

Status CheckIntotoEnvelope(JsonFields& envelope, const LoggedContent& content,
                           const LoggedEnvelope& expected) {
  SIGWARD_RETURN_IF_ERROR(
      CheckText(envelope, "payloadType", expected.payload_type, "the payload's type"));
  // The public log leaves the payload out; its hash stands beside the envelope.
  if (envelope.Has("payload")) {
    SIGWARD_RETURN_IF_ERROR(
        CheckText(envelope, "payload", TwiceBase64(expected.payload), "the payload"));
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields signature, OpenOnly(envelope, "signatures"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(signature, "sig", TwiceBase64(content.signature), "the signature"));
  SIGWARD_RETURN_IF_ERROR(CheckPem(signature, "publicKey", content));
  if (signature.Has("keyid")) {
    SIGWARD_RETURN_IF_ERROR(signature.String("keyid"));
  }
  SIGWARD_RETURN_IF_ERROR(signature.NoOthers());
  return envelope.NoOthers();
}

Status CheckIntotoV002(JsonFields& spec, const LoggedContent& content) {
  const auto* expected = std::get_if<LoggedEnvelope>(&content.subject);
  if (expected == nullptr) {
    return Mismatch("an intoto entry stands beside a message signature");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields inner, Open(spec, "content"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields envelope, Open(inner, "envelope"));
  SIGWARD_RETURN_IF_ERROR(CheckIntotoEnvelope(envelope, content, *expected));
  SIGWARD_RETURN_IF_ERROR(CheckSha256(inner, "payloadHash", expected->payload, "the payload"));
  SIGWARD_RETURN_IF_ERROR(CheckEnvelopeHash(inner, "hash", *expected));
  return inner.NoOthers();
}

/// How Rekor v2 names a key and the hash that goes with it (sigstore's algorithm-registry).
struct KeyDetails {
  KeyType type;
  /// RSA only.
  std::size_t bits;
  std::string_view name;
  HashAlgorithm hash;
  std::string_view hash_name;
};
constexpr std::array<KeyDetails, 6> kKeyDetails = {{
    {KeyType::kEcdsaP256, 0, "PKIX_ECDSA_P256_SHA_256", HashAlgorithm::kSha256, "SHA2_256"},
    {KeyType::kEcdsaP384, 0, "PKIX_ECDSA_P384_SHA_384", HashAlgorithm::kSha384, "SHA2_384"},
    {KeyType::kEcdsaP521, 0, "PKIX_ECDSA_P521_SHA_512", HashAlgorithm::kSha512, "SHA2_512"},
    {KeyType::kRsa, 2048, "PKIX_RSA_PKCS1V15_2048_SHA256", HashAlgorithm::kSha256, "SHA2_256"},
    {KeyType::kRsa, 3072, "PKIX_RSA_PKCS1V15_3072_SHA256", HashAlgorithm::kSha256, "SHA2_256"},
    {KeyType::kRsa, 4096, "PKIX_RSA_PKCS1V15_4096_SHA256", HashAlgorithm::kSha256, "SHA2_256"},
}};

Result<KeyDetails> DetailsOf(ByteView spki) {
  SIGWARD_ASSIGN_OR_RETURN(const KeyParts parts, ParseSpki(spki));
  // ParseSpki gives the modulus without leading zeros.
  const std::size_t bits =
      parts.modulus.empty()
          ? 0
          : parts.modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(parts.modulus[0]));
  const auto* found = std::find_if(
      kKeyDetails.begin(), kKeyDetails.end(),
      [&](const KeyDetails& known) { return known.type == parts.type && known.bits == bits; });
  if (found == kKeyDetails.end()) {
    return base::Fail(Reason::kUnsupportedAlgorithm,
                      "log entry: Rekor v2 logs no signature of such a key that could be verified");
  }
  return *found;
}

/// The digest that an entry of Rekor v2 must name.
Result<base::ByteBuffer> DigestFor(const LoggedContent& content, const KeyDetails& details) {
  if (const auto* envelope = std::get_if<LoggedEnvelope>(&content.subject)) {
    const DsseEnvelope copy{std::string(envelope->payload_type),
                            {envelope->payload.begin(), envelope->payload.end()},
                            {}};
    return HashOf(PreAuthEncoding(copy), details.hash);
  }
  const ArtifactDigest* digest =
      FindDigest(std::get<LoggedArtifact>(content.subject), details.hash);
  if (digest == nullptr) {
    return UnknownDigest(details.hash_name);
  }
  return base::ByteBuffer(digest->digest.begin(), digest->digest.end());
}

Status CheckVerifierV002(JsonFields& verifier, const LoggedContent& content,
                         const KeyDetails& details) {
  const std::string_view name = content.certificate ? "x509Certificate" : "publicKey";
  if (!verifier.Has(name)) {
    return Mismatch("it is of a key where the evidence has a certificate, or the reverse");
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields key, Open(verifier, name));
  SIGWARD_RETURN_IF_ERROR(CheckText(key, "rawBytes",
                                    base::EncodeBase64(content.certificate.value_or(content.spki)),
                                    "the certificate or key"));
  SIGWARD_RETURN_IF_ERROR(key.NoOthers());
  SIGWARD_RETURN_IF_ERROR(CheckText(verifier, "keyDetails", details.name, "the key's algorithm"));
  return verifier.NoOthers();
}

Status CheckHashedRekordV002(JsonFields& spec, const LoggedContent& content) {
  SIGWARD_ASSIGN_OR_RETURN(const KeyDetails details, DetailsOf(content.spki));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields record, Open(spec, "hashedRekordV002"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields signature, Open(record, "signature"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(signature, "content", base::EncodeBase64(content.signature), "the signature"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields verifier, Open(signature, "verifier"));
  SIGWARD_RETURN_IF_ERROR(CheckVerifierV002(verifier, content, details));
  SIGWARD_RETURN_IF_ERROR(signature.NoOthers());

  SIGWARD_ASSIGN_OR_RETURN(JsonFields data, Open(record, "data"));
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteBuffer digest, DigestFor(content, details));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(data, "algorithm", details.hash_name, "the digest's algorithm"));
  SIGWARD_RETURN_IF_ERROR(
      CheckText(data, "digest", base::EncodeBase64(digest), "the artifact's digest"));
  SIGWARD_RETURN_IF_ERROR(data.NoOthers());
  return record.NoOthers();
}

Status CheckSpec(JsonFields& spec, EntryKind kind, const LoggedContent& content) {
  switch (kind) {
    case EntryKind::kHashedRekordV001:
      return CheckHashedRekordV001(spec, content);
    case EntryKind::kDsseV001:
      return CheckDsseV001(spec, content);
    case EntryKind::kIntotoV002:
      return CheckIntotoV002(spec, content);
    case EntryKind::kHashedRekordV002:
      return CheckHashedRekordV002(spec, content);
  }
  base::AbortOnMisuse("unknown kind of log entry");
}

}  // namespace

Result<EntryKind> ParseEntryKind(std::string_view kind, std::string_view version) {
  const auto* known = std::find_if(
      kKnownKinds.begin(), kKnownKinds.end(),
      [&](const KnownKind& names) { return names.name == kind && names.version == version; });
  if (known == kKnownKinds.end()) {
    return base::Fail(Reason::kUnsupportedFormat,
                      "log entries of kind " + base::OneLine(kind, base::kMaxNameInError) + " " +
                          base::OneLine(version, base::kMaxNameInError) + " are not read");
  }
  return known->kind;
}

Status CheckEntryBody(ByteView body, EntryKind kind, const LoggedContent& content) {
  const std::string_view text = base::AsText(body);
  base::Result<Json> json = base::ParseStrictJson(text, kMaxEntryBodyBytes, kMaxEntryBodyValues);
  if (!json.ok()) {
    return base::Within("log entry", std::move(json).error());
  }
  SIGWARD_ASSIGN_OR_RETURN(JsonFields entry, JsonFields::Of(*json, "log entry"));
  SIGWARD_RETURN_IF_ERROR(CheckText(entry, "kind", NamesOf(kind).name, "the kind"));
  SIGWARD_RETURN_IF_ERROR(CheckText(entry, "apiVersion", NamesOf(kind).version, "the version"));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields spec, Open(entry, "spec"));
  SIGWARD_RETURN_IF_ERROR(CheckSpec(spec, kind, content));
  SIGWARD_RETURN_IF_ERROR(spec.NoOthers());
  SIGWARD_RETURN_IF_ERROR(entry.NoOthers());
  // With every field compared, this makes a body of Rekor v2 the one that the evidence rebuilds, to
  // the byte (RFC 8785; all of it is ASCII).
  if (kind == EntryKind::kHashedRekordV002 && json->dump() != text) {
    return Malformed("it is not in canonical form");
  }
  return base::Ok();
}

}  // namespace sigward::verifier
