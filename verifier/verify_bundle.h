#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "verifier/artifact_digests.h"
#include "verifier/bundle.h"
#include "verifier/certificate/chain_memory.h"
#include "verifier/public_key.h"
#include "verifier/trust/trusted_root.h"
#include "verifier/validity.h"
#include "verifier/verify_entity.h"

namespace sigward::verifier {

/// Whom a certificate must have been issued to: both compared as they stand. An empty one is met by
/// no certificate.
struct ExpectedIdentity {
  std::string subject;
  std::string issuer;
};

/// By whom a bundle must be signed. The key outlives the question.
using ExpectedSigner = std::variant<ExpectedIdentity, const PublicKey*>;

/// Witness: a bundle is a valid signature of an artifact by the expected signer. Only VerifyBundle
/// makes one.
class VerifiedBundle {
 public:
  /// When the signature existed, by logs and time stamp authorities.
  const std::vector<Time>& times() const { return times_; }

 private:
  friend base::Result<VerifiedBundle> VerifyBundle(Bundle bundle, const ArtifactDigests& artifact,
                                                   const ExpectedSigner& signer,
                                                   const TrustRoot& root, ChainMemory& memory);
  explicit VerifiedBundle(std::vector<Time> times) : times_(std::move(times)) {}
  std::vector<Time> times_;
};

/// Verifies BUNDLE as sigstore's client-spec §4 has it, offline: signed by SIGNER, in a
/// transparency log of ROOT, for a certificate with an SCT and at a proven time. A message
/// signature is over ARTIFACT; an envelope holds an in-toto statement one of whose subjects has one
/// of ARTIFACT's digests.
///
/// Fails as VerifyByCertificate, VerifyByKey and EntityOf do, with kIdentityMismatch, or with
/// kDigestMismatch or kWrongType for what an envelope holds.
base::Result<VerifiedBundle> VerifyBundle(Bundle bundle, const ArtifactDigests& artifact,
                                          const ExpectedSigner& signer, const TrustRoot& root,
                                          ChainMemory& memory);

}  // namespace sigward::verifier
