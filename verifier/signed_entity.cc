#include "verifier/signed_entity.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sigward::verifier {

using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

namespace {

Result<std::vector<Certificate>> ParseCertificates(const BundledCertificates& bundled) {
  std::vector<Certificate> out;
  for (const base::ByteBuffer& der : bundled.der) {
    Result<Certificate> certificate = Certificate::Parse(der);
    if (!certificate.ok()) {
      return base::Within("certificate " + std::to_string(out.size() + 1),
                          std::move(certificate).error());
    }
    if (!out.empty() && std::ranges::equal(certificate->subject(), certificate->issuer())) {
      return Fail(Reason::kMalformed, "the bundle brings a root certificate");
    }
    out.push_back(*std::move(certificate));
  }
  return out;
}

Status CheckSaidDigest(const MessageSignature& message, const ArtifactDigests& artifact) {
  if (!message.digest) {
    return base::Ok();
  }
  const HashedMessage* known = artifact.Find(message.digest->algorithm);
  if (known == nullptr) {
    return Fail(Reason::kUnsupportedAlgorithm,
                "the bundle names the artifact by " +
                    std::string(HashAlgorithmName(message.digest->algorithm)) +
                    ", by which it is not known");
  }
  if (known->digest != message.digest->digest) {
    return Fail(Reason::kDigestMismatch, "the bundle is about another artifact");
  }
  return base::Ok();
}

}  // namespace

Result<SignedEntity> EntityOf(Bundle bundle, const ArtifactDigests& artifact) {
  SignedEntity out;
  if (const auto* bundled = std::get_if<BundledCertificates>(&bundle.material.signer)) {
    SIGWARD_ASSIGN_OR_RETURN(out.certificates, ParseCertificates(*bundled));
  }
  out.log_entries = std::move(bundle.material.log_entries);
  out.timestamps = std::move(bundle.material.timestamps);
  if (auto* message = std::get_if<MessageSignature>(&bundle.content)) {
    SIGWARD_RETURN_IF_ERROR(CheckSaidDigest(*message, artifact));
    out.signature = std::move(message->signature);
    out.subject = artifact;
    return out;
  }
  auto& envelope = std::get<DsseEnvelope>(bundle.content);
  out.message = PreAuthEncoding(envelope);
  out.signature = envelope.signature;
  out.subject = std::move(envelope);
  return out;
}

}  // namespace sigward::verifier
