#pragma once

#include <span>
#include <string>

#include "private_sigstore/signature_formats.h"
#include "private_sigstore/sigstore.h"
#include "verifier/verify_bundle.h"

namespace sigward::testing {

enum class Content { kMessage, kEnvelope };
enum class Signer { kCertificate, kKey };
/// What stands beside the signature and its entry.
enum class Beside { kPromise, kProof, kPromiseAndProof, kProofAndStamp, kPromiseProofAndStamp };

/// One way in which a complete bundle can be made.
struct BundleKind {
  const char* name = nullptr;
  verifier::BundleVersion version = verifier::BundleVersion::kV03;
  Content content = Content::kMessage;
  Signer signer = Signer::kCertificate;
  verifier::EntryKind entry = verifier::EntryKind::kHashedRekordV001;
  Beside beside = Beside::kPromiseAndProof;
  verifier::KeyType key = verifier::KeyType::kEcdsaP256;
};

/// Every kind that verifies. Rekor v2 makes no promises and logs everything as hashedrekord 0.0.2;
/// without a promise only a stamp gives the time that a certificate needs.
std::span<const BundleKind> BundleKinds();
/// The one with this name.
const BundleKind& KindNamed(std::string_view name);

/// One Sigstore for the whole test program, and its trusted root.
PrivateSigstore& Sigstore();
const verifier::TrustRoot& SigstoreRoot();

/// The artifact of which everything is a signature: the bytes whose digest is TestImage().
std::string_view ArtifactText();
verifier::ArtifactDigests Artifact();
/// Whom LeafPlan's certificates are for.
verifier::ExpectedIdentity Expected();

/// A plan for KIND. In an envelope is cosign's statement about TestImage().
SigningPlan PlanOf(const BundleKind& kind, const PrivateSigstore& sigstore = Sigstore());
SignatureParts PartsOf(const BundleKind& kind, const SigningPlan& plan,
                       PrivateSigstore& sigstore = Sigstore());
inline SignatureParts PartsOf(const BundleKind& kind) {
  return PartsOf(kind, PlanOf(kind));
}

/// "verified", or the word of the reason why not. For a key the one that PlanOf signs with.
struct Question {
  verifier::ExpectedSigner signer = Expected();
  verifier::ArtifactDigests artifact = Artifact();
  const verifier::TrustRoot* root = &SigstoreRoot();
};
Question QuestionFor(const BundleKind& kind);
std::string Ask(std::string_view bundle, const Question& question);
std::string Ask(const SignatureParts& parts, verifier::BundleVersion version,
                const Question& question = {});

}  // namespace sigward::testing
