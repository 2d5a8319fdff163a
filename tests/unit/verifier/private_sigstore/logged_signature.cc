#include "private_sigstore/logged_signature.h"

#include <cstdlib>
#include <utility>

#include "base/base64.h"
#include "verifier/dsse.h"
#include "verifier/ossl.h"
#include "verifier/spki.h"

namespace sigward::testing {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Json;
using verifier::HashAlgorithm;
using verifier::HashOf;
using verifier::KeyType;

HashAlgorithm HashFor(KeyType type) {
  return type == KeyType::kEcdsaP384   ? HashAlgorithm::kSha384
         : type == KeyType::kEcdsaP521 ? HashAlgorithm::kSha512
                                       : HashAlgorithm::kSha256;
}

ByteBuffer SignedBytesOf(const LoggedSignature& signature) {
  if (signature.payload_type.empty()) {
    return {signature.payload.begin(), signature.payload.end()};
  }
  return verifier::PreAuthEncoding(
      {signature.payload_type, {signature.payload.begin(), signature.payload.end()}, {}});
}

Json Sha256Of(ByteView bytes) {
  return {{"algorithm", "sha256"},
          {"value", base::EncodeHex(HashOf(bytes, HashAlgorithm::kSha256))}};
}

std::string Base64Pem(const LoggedSignature& signature) {
  const std::string pem = signature.certificate ? PemOf("CERTIFICATE", *signature.certificate)
                                                : PemOf("PUBLIC KEY", signature.spki);
  return base::EncodeBase64(base::AsBytes(pem));
}

std::string Twice(ByteView bytes) {
  return base::EncodeBase64(base::AsBytes(base::EncodeBase64(bytes)));
}

std::string KeyDetailsOf(const LoggedSignature& signature) {
  const verifier::KeyParts parts = std::move(verifier::ParseSpki(signature.spki)).value();
  switch (parts.type) {
    case KeyType::kEcdsaP256:
      return "PKIX_ECDSA_P256_SHA_256";
    case KeyType::kEcdsaP384:
      return "PKIX_ECDSA_P384_SHA_384";
    case KeyType::kEcdsaP521:
      return "PKIX_ECDSA_P521_SHA_512";
    case KeyType::kEd25519:
      return "PKIX_ED25519_PH";
    case KeyType::kRsa:
      return "PKIX_RSA_PKCS1V15_" + std::to_string(parts.modulus.size() * 8) + "_SHA256";
  }
  std::abort();
}

std::string HashNameOf(HashAlgorithm hash) {
  return hash == HashAlgorithm::kSha384   ? "SHA2_384"
         : hash == HashAlgorithm::kSha512 ? "SHA2_512"
                                          : "SHA2_256";
}

}  // namespace

LoggedSignature LoggedSignature::By(const TestKey& key, std::string payload,
                                    std::string payload_type) {
  LoggedSignature out;
  out.spki = key.spki();
  out.payload = std::move(payload);
  out.payload_type = std::move(payload_type);
  out.hash = HashFor(key.public_key().type());
  out.signature = key.Sign(SignedBytesOf(out), out.hash);
  const ByteView artifact = base::AsBytes(out.payload);
  out.sha256 = HashOf(artifact, HashAlgorithm::kSha256);
  out.sha384 = HashOf(artifact, HashAlgorithm::kSha384);
  out.sha512 = HashOf(artifact, HashAlgorithm::kSha512);
  return out;
}

std::string LoggedSignature::envelope_sent() const {
  return "envelope of " + payload;
}

verifier::LoggedContent LoggedSignature::content() const {
  verifier::LoggedContent content{signature, {}, spki, {}};
  if (certificate) {
    content.certificate = *certificate;
  }
  if (payload_type.empty()) {
    content.subject = verifier::LoggedArtifact{{{HashAlgorithm::kSha256, sha256},
                                                {HashAlgorithm::kSha384, sha384},
                                                {HashAlgorithm::kSha512, sha512}}};
  } else {
    content.subject = verifier::LoggedEnvelope{payload_type, base::AsBytes(payload), {}};
  }
  return content;
}

Json HashedRekordBody(const LoggedSignature& signature) {
  Json spec;
  spec["data"]["hash"] = Sha256Of(base::AsBytes(signature.payload));
  spec["signature"]["content"] = base::EncodeBase64(signature.signature);
  spec["signature"]["publicKey"]["content"] = Base64Pem(signature);
  return {{"apiVersion", "0.0.1"}, {"kind", "hashedrekord"}, {"spec", spec}};
}

Json DsseBody(const LoggedSignature& signature) {
  Json one;
  one["signature"] = base::EncodeBase64(signature.signature);
  one["verifier"] = Base64Pem(signature);
  Json spec;
  spec["envelopeHash"] = Sha256Of(base::AsBytes(signature.envelope_sent()));
  spec["payloadHash"] = Sha256Of(base::AsBytes(signature.payload));
  spec["signatures"] = Json::array({one});
  return {{"apiVersion", "0.0.1"}, {"kind", "dsse"}, {"spec", spec}};
}

Json IntotoBody(const LoggedSignature& signature) {
  Json one;
  one["publicKey"] = Base64Pem(signature);
  one["sig"] = Twice(signature.signature);
  Json content;
  content["envelope"]["payload"] = Twice(base::AsBytes(signature.payload));
  content["envelope"]["payloadType"] = signature.payload_type;
  content["envelope"]["signatures"] = Json::array({one});
  content["hash"] = Sha256Of(base::AsBytes(signature.envelope_sent()));
  content["payloadHash"] = Sha256Of(base::AsBytes(signature.payload));
  return {{"apiVersion", "0.0.2"}, {"kind", "intoto"}, {"spec", {{"content", content}}}};
}

Json HashedRekordV002Body(const LoggedSignature& signature) {
  const char* kind = signature.certificate ? "x509Certificate" : "publicKey";
  Json record;
  record["data"]["algorithm"] = HashNameOf(signature.hash);
  record["data"]["digest"] = base::EncodeBase64(HashOf(SignedBytesOf(signature), signature.hash));
  record["signature"]["content"] = base::EncodeBase64(signature.signature);
  Json& verifier = record["signature"]["verifier"];
  verifier["keyDetails"] = KeyDetailsOf(signature);
  verifier[kind]["rawBytes"] = base::EncodeBase64(signature.certificate.value_or(signature.spki));
  return {
      {"apiVersion", "0.0.2"}, {"kind", "hashedrekord"}, {"spec", {{"hashedRekordV002", record}}}};
}

}  // namespace sigward::testing
