#include "verifier/verify_bundle.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/statement.h"

namespace sigward::verifier {

using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxIdentityInError = 256;
/// JSON values of a statement in a bundle that is verified by itself.
constexpr std::size_t kMaxLoneStatementValues = 1'000'000;

Status CheckIdentity(const CertificateIdentity& identity, const ExpectedIdentity& expected) {
  if (identity.issuer != expected.issuer) {
    return Fail(Reason::kIdentityMismatch, "the certificate's issuer is " +
                                               base::OneLine(identity.issuer, kMaxIdentityInError));
  }
  if (identity.subject != expected.subject) {
    return Fail(
        Reason::kIdentityMismatch,
        "the certificate was issued to " + base::OneLine(identity.subject, kMaxIdentityInError));
  }
  return base::Ok();
}

Status CheckSubject(const SignedBytes& encoding, const ArtifactDigests& artifact) {
  SIGWARD_ASSIGN_OR_RETURN(const Statement statement,
                           ParseStatement(encoding, kMaxLoneBundleBytes, kMaxLoneStatementValues));
  for (const HashedMessage& known : artifact.digests) {
    const std::string name =
        std::string(HashAlgorithmName(known.algorithm)) + ":" + base::EncodeHex(known.digest);
    if (std::ranges::find(statement.subject_digests, name) != statement.subject_digests.end()) {
      return base::Ok();
    }
  }
  return Fail(Reason::kDigestMismatch, "the signed statement does not name the artifact");
}

EntityRequirements RequirementsFor(BundleVersion version) {
  EntityRequirements out;
  // Before v0.2 a promise was all that a bundle had to bring.
  out.log->proof = version == BundleVersion::kV01 ? RequiredProof::kPromiseSuffices
                                                  : RequiredProof::kInclusionProof;
  return out;
}

}  // namespace

Result<VerifiedBundle> VerifyBundle(Bundle bundle, const ArtifactDigests& artifact,
                                    const ExpectedSigner& signer, const TrustRoot& root,
                                    ChainMemory& memory) {
  const EntityRequirements requirements = RequirementsFor(bundle.version);
  SIGWARD_ASSIGN_OR_RETURN(const SignedEntity entity, EntityOf(std::move(bundle), artifact));
  const TrustMaterial trust = TrustMaterial::Of(root);
  const auto* const* key = std::get_if<const PublicKey*>(&signer);
  StampChecks stamps(memory);
  auto verified = key != nullptr
                      ? VerifyByKey(entity, **key, std::nullopt, trust, requirements, stamps)
                      : VerifyByCertificate(entity, trust, requirements, memory, stamps);
  if (!verified.ok()) {
    return std::move(verified).error();
  }
  if (const auto* encoding = std::get_if<SignedBytes>(&verified->content())) {
    SIGWARD_RETURN_IF_ERROR(CheckSubject(*encoding, artifact));
  }
  if (key == nullptr) {
    if (!verified->identity()) {
      return Fail(Reason::kInternal, "a certificate without an identity");
    }
    SIGWARD_RETURN_IF_ERROR(
        CheckIdentity(*verified->identity(), *std::get_if<ExpectedIdentity>(&signer)));
  }
  return VerifiedBundle(verified->times());
}

}  // namespace sigward::verifier
