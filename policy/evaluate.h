#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/snapshot.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"
#include "verifier/verify_image.h"

namespace sigward::worker {
class VerifydAnswer;
}

namespace sigward::policy {

/// Where a question comes from.
enum class Origin : std::uint8_t {
  kPull = 1,
  kCommandLine = 2,
  /// Create, at the runtime door.
  kRuntime = 3,
  /// Create, at the NRI door.
  kNri = 4,
  /// Ahead of a create: an image that is on the node.
  kPrefetch = 5,
  /// A container that runs already.
  kRunning = 6,
};
std::string_view OriginWord(Origin origin);
/// False for a create and for what runs already: they are judged by what lies on the node.
bool MayUseNetwork(Origin origin);

/// What is to run, as a caller says it; so never evidence.
struct Workload {
  Origin origin;
  verifier::ImageRef image;
  verifier::Digest digest;
  /// Media type of what the digest names, as the caller has it; empty when unknown.
  std::string media_type = {};
  /// Further digests that name the same image here: platform manifest and configuration.
  std::vector<verifier::Digest> also = {};
};

/// Proof that AUTHORITY has signed IMAGE. It comes from a witness of verifier/, directly or through
/// the answer of verifyd that is bound to the question's digest and nonce; there is no third door.
class Proof {
 public:
  /// Whom the certificate was issued to that the signature was made with.
  struct Signer {
    std::string issuer;
    std::string subject;

    friend bool operator==(const Signer&, const Signer&) = default;
  };

  static Proof Of(const verifier::VerifiedSignature& signature);

  const verifier::Digest& image() const { return image_; }
  const verifier::AuthorityHash& authority() const { return authority_; }
  /// The digest of the signature's manifest.
  const verifier::Digest& evidence() const { return evidence_; }
  verifier::SignatureFormat format() const { return format_; }
  const std::string& docker_reference() const { return docker_reference_; }
  /// Absent for a signature by a key.
  const std::optional<Signer>& signer() const { return signer_; }

 private:
  friend class worker::VerifydAnswer;
  Proof(verifier::Digest image, verifier::AuthorityHash authority, verifier::Digest evidence,
        verifier::SignatureFormat format, std::string docker_reference,
        std::optional<Signer> signer)
      : image_(std::move(image)),
        authority_(std::move(authority)),
        evidence_(std::move(evidence)),
        format_(format),
        docker_reference_(std::move(docker_reference)),
        signer_(std::move(signer)) {}
  verifier::Digest image_;
  verifier::AuthorityHash authority_;
  verifier::Digest evidence_;
  verifier::SignatureFormat format_;
  std::string docker_reference_;
  std::optional<Signer> signer_;
};

/// What is known about signatures of one image when policies are evaluated.
struct Findings {
  std::vector<Proof> proofs;
  /// Why an authority has no proof. An authority that stands in neither is kNoSignature.
  std::map<verifier::AuthorityHash, base::Error> failures;
  /// Set when some place could not be read: then a missing signature is "could not tell".
  std::optional<base::Error> unread;
  /// The same for one source: it concerns the authorities that look there.
  std::map<SignatureSource, base::Error> unread_at = {};
};

/// What a decision stands on.
enum class Basis : std::uint8_t { kPolicies = 1, kDenyList = 2, kFloor = 3 };

enum class Verdict : std::uint8_t { kDeny = 1, kUndetermined = 2, kAllow = 3 };
std::string_view VerdictWord(Verdict verdict);

struct AuthorityOutcome {
  std::string name;
  Verdict verdict = Verdict::kDeny;
  /// Absent exactly when verdict is kAllow.
  std::optional<base::Error> error;
  /// Where its signatures are looked for.
  SignatureSource source = {};
  /// Who has signed, where a certificate says it.
  std::optional<Proof::Signer> signer = {};
};

struct PolicyOutcome {
  std::string name;
  Mode mode = Mode::kEnforce;
  Verdict verdict = Verdict::kDeny;
  std::optional<base::Error> error;
  std::vector<AuthorityOutcome> authorities;
};

/// The answer to one question, with everything that led to it. Deny until a complete evaluation has
/// said otherwise.
struct Decision {
  Verdict verdict = Verdict::kDeny;
  /// Why not; absent exactly when verdict is kAllow.
  std::optional<base::Error> error = base::Fail(base::Reason::kInternal, "nothing was evaluated");
  /// Bad outcomes of policies in mode warn, and of no-match-policy: warn. One line each.
  std::vector<std::string> warnings;
  std::vector<PolicyOutcome> policies;
  Basis basis = Basis::kPolicies;
  std::uint64_t generation = 0;
};

/// The deny list refuses and, after it, the system floor allows whatever the policies say; both
/// look at every digest of the workload. Otherwise: Evaluates SELECTED (from SNAPSHOT.Select for
/// the same workload): every policy must be satisfied, one authority satisfies a policy. A definite
/// refusal outweighs "could not tell". Bad outcomes of a policy in mode warn become warnings.
/// Nothing selected: the snapshot's no-match rule decides. Proofs for another digest are not looked
/// at.
///
/// The decision's reason: kDenied, kNoMatchingPolicy, kStaticFail, or that of an authority or of
/// FINDINGS.
Decision Evaluate(const PolicySnapshot& snapshot, std::span<const Policy* const> selected,
                  const Workload& workload, const Findings& findings);

/// The line a user sees: "allowed: …", or reason first:
/// "no-signature: no signature found for registry.example/app@sha256:… (policy require-signed)".
std::string DecisionLine(const Decision& decision, const Workload& workload);

/// The authorities in SELECTED that take signatures, each id once.
std::vector<const Authority*> SigningAuthorities(std::span<const Policy* const> selected);

/// Where their signatures are looked for, each place once and in the order of the authorities.
std::vector<SignatureSource> SourcesOf(std::span<const Policy* const> selected);

}  // namespace sigward::policy
