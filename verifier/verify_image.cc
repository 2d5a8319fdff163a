#include "verifier/verify_image.h"

#include <map>
#include <utility>

#include "base/text.h"
#include "verifier/bundle.h"
#include "verifier/dsse.h"
#include "verifier/evidence_objects.h"
#include "verifier/furthest_failure.h"
#include "verifier/legacy_layer.h"
#include "verifier/signature_candidate.h"
#include "verifier/signed_entity.h"
#include "verifier/simple_signing.h"
#include "verifier/statement.h"

namespace sigward::verifier {

using base::Reason;

namespace {

constexpr std::size_t kMaxTypeInError = 96;

/// A failure and how far it came.
struct StagedError {
  FailureStage stage;
  base::Error error;
};

base::Result<SignedEntity> DecodeBundle(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(Bundle bundle, ParseBundle(bytes));
  if (!std::holds_alternative<DsseEnvelope>(bundle.content)) {
    return base::Fail(Reason::kUnsupportedFormat,
                      "the bundle is a message signature, which is no image signature");
  }
  return EntityOf(std::move(bundle), {});
}

/// Enough of DIGEST to find the signature by: what is said of it stands behind, and texts are cut
/// at their end.
std::string ShortText(const Digest& digest) {
  constexpr std::size_t kDigits = 12;
  const std::size_t head = digest.text().size() - digest.hex().size();
  return digest.text().substr(0, head + kDigits) + "\u2026";
}

const AuthorityHash& IdOf(const ImageAuthority& authority) {
  return std::visit([](const auto& one) -> const AuthorityHash& { return one.id; }, authority);
}

std::optional<SignatureFormat> FormatOf(const ImageAuthority& authority) {
  return std::visit([](const auto& one) { return one.format; }, authority);
}

base::Error NamesAnother(const Digest& subject) {
  return base::Fail(Reason::kDigestMismatch, "what is signed does not name " + subject.text());
}

/// What a full success says beside that it is one: the signed docker-reference, or nothing.
using Claim = std::variant<StagedError, std::string>;

Claim CheckLegacyClaim(const SignedBytes& payload, const Digest& subject) {
  base::Result<SimpleSigning> parsed = ParseSimpleSigning(payload);
  if (!parsed.ok()) {
    return StagedError{FailureStage::kSaysOther, std::move(parsed).error()};
  }
  if (parsed->manifest_digest != subject.text()) {
    return StagedError{FailureStage::kSaysOther, NamesAnother(subject)};
  }
  return std::move(parsed->docker_reference);
}

Claim CheckBundleClaim(const SignedBytes& encoding, const Digest& subject) {
  base::Result<Statement> statement = ParseStatement(encoding);
  if (!statement.ok()) {
    return StagedError{FailureStage::kSaysOther, std::move(statement).error()};
  }
  if (statement->predicate_type != kCosignSignPredicate) {
    return StagedError{
        FailureStage::kNoSignature,
        base::Fail(Reason::kNoSignature,
                   "no signature found; an attestation of type " +
                       base::OneLine(statement->predicate_type, kMaxTypeInError) + " is none")};
  }
  if (!statement->NamesSubject(subject)) {
    return StagedError{FailureStage::kSaysOther, NamesAnother(subject)};
  }
  return std::string();
}

/// Objects that prove a signature, in the order that VerifiedSignature::proof promises.
std::vector<Digest> ProofOf(const SignatureCandidate& candidate) {
  std::vector<Digest> proof = {candidate.manifest, candidate.layer.digest};
  if (candidate.subject.index) {
    proof.push_back(*candidate.subject.index);
  }
  return proof;
}

}  // namespace

/// One signature while all authorities look at it: each thing about it is found out once.
class CandidateLook {
 public:
  CandidateLook(const SignatureCandidate& candidate, EvidenceObjects& objects)
      : candidate_(&candidate), objects_(&objects) {}

  /// The signature alone.
  const base::Result<SignedEntity>& Plain() {
    if (!plain_) {
      plain_ = Decode(false);
    }
    return *plain_;
  }

  /// The signature with what stands beside it.
  const base::Result<SignedEntity>& Full() {
    if (candidate_->format == SignatureFormat::kSigstoreBundle) {
      return Plain();
    }
    if (!full_) {
      full_ = Decode(true);
    }
    return *full_;
  }

  const base::Result<VerifiedEntity>& ByCertificate(const SignedEntity& entity,
                                                    const EntityDemands& demands,
                                                    ChainMemory& memory, StampChecks& stamps) {
    const auto known = by_certificate_.find(&demands);
    if (known != by_certificate_.end()) {
      return known->second;
    }
    return by_certificate_
        .emplace(&demands,
                 VerifyByCertificate(entity, demands.trust, demands.requirements, memory, stamps))
        .first->second;
  }

 private:
  base::Result<SignedEntity> Decode(bool full) {
    const Descriptor& layer = candidate_->layer;
    if (layer.has_urls) {
      return base::Fail(Reason::kUnsupportedFormat, "its layer points outside the registry");
    }
    const bool legacy = candidate_->format == SignatureFormat::kCosignLegacy;
    SIGWARD_ASSIGN_OR_RETURN(
        const base::ByteView blob,
        objects_->Blob(layer.digest, layer.size, legacy ? kMaxPayloadBytes : kMaxBundleBytes));
    if (!legacy) {
      return DecodeBundle(blob);
    }
    return full ? FullLegacyEntity(layer, blob) : LegacyEntity(layer, blob);
  }

  const SignatureCandidate* candidate_;
  EvidenceObjects* objects_;
  std::optional<base::Result<SignedEntity>> plain_;
  std::optional<base::Result<SignedEntity>> full_;
  std::map<const EntityDemands*, base::Result<VerifiedEntity>> by_certificate_;
};

/// The look at one image.
class ImageVerification {
 public:
  ImageVerification(const Digest& image, const Platform& platform, const Evidence& evidence,
                    ChainMemory& memory)
      : image_(image),
        objects_(evidence),
        candidates_(FindSignatures(image, platform, objects_)),
        memory_(memory),
        stamps_(memory) {
    looks_.reserve(candidates_.chosen.size());
    for (const SignatureCandidate& candidate : candidates_.chosen) {
      looks_.emplace_back(candidate, objects_);
    }
  }

  /// One verdict per authority. Signature by signature, and each for all authorities that have none
  /// yet: what comes early is found before time is spent on what stands behind it.
  std::vector<AuthorityVerdict> Verify(std::span<const ImageAuthority> authorities) {
    std::vector<FurthestFailure> failures(authorities.size(), candidates_.failure);
    std::vector<std::optional<VerifiedSignature>> found(authorities.size());
    std::size_t open = authorities.size();
    for (std::size_t i = 0; i < candidates_.chosen.size() && open > 0; ++i) {
      stamps_.BeginSignature(candidates_.chosen.size() - i - 1);
      for (std::size_t a = 0; a < authorities.size(); ++a) {
        if (found[a].has_value()) {
          continue;
        }
        auto outcome = VerifyOne(i, authorities[a]);
        if (auto* verified = std::get_if<VerifiedSignature>(&outcome); verified != nullptr) {
          found[a] = std::move(*verified);
          --open;
          continue;
        }
        auto& [stage, error] = *std::get_if<StagedError>(&outcome);
        failures[a].Note(stage, std::move(error));
      }
    }
    std::vector<AuthorityVerdict> verdicts;
    verdicts.reserve(authorities.size());
    for (std::size_t a = 0; a < authorities.size(); ++a) {
      if (found[a].has_value()) {
        verdicts.push_back({IdOf(authorities[a]), *std::move(found[a])});
      } else {
        verdicts.push_back({IdOf(authorities[a]), Final(failures[a])});
      }
    }
    return verdicts;
  }

  std::size_t signatures_seen() const { return candidates_.chosen.size(); }

 private:
  base::Error Final(const FurthestFailure& failure) const {
    base::Error error = failure.error();
    if (candidates_.found > candidates_.chosen.size()) {
      error.detail += " (looked at " + std::to_string(candidates_.chosen.size()) + " of " +
                      std::to_string(candidates_.found) + " signatures)";
    }
    return error;
  }

  std::variant<StagedError, VerifiedSignature> VerifyOne(std::size_t i,
                                                         const ImageAuthority& authority) {
    const SignatureCandidate& candidate = candidates_.chosen[i];
    if (FormatOf(authority).value_or(candidate.format) != candidate.format) {
      return StagedError{FailureStage::kNoSignature,
                         base::Fail(Reason::kNoSignature,
                                    "no signature found in the format that the policy asks for")};
    }
    std::variant<StagedError, VerifiedSignature> outcome =
        std::holds_alternative<KeyAuthority>(authority)
            ? ByKey(i, *std::get_if<KeyAuthority>(&authority))
            : ByCertificate(i, *std::get_if<KeylessAuthority>(&authority));
    if (auto* failed = std::get_if<StagedError>(&outcome);
        failed != nullptr && failed->stage != FailureStage::kNoSignature) {
      failed->error = base::Within(std::string(SignatureFormatName(candidate.format)) +
                                       " signature " + ShortText(candidate.layer.digest),
                                   std::move(failed->error));
    }
    return outcome;
  }

  std::variant<StagedError, VerifiedSignature> ByKey(std::size_t i, const KeyAuthority& authority) {
    static const EntityDemands kNothing = {{}, {0, std::nullopt, 0}};
    const EntityDemands& demands = authority.demands == nullptr ? kNothing : *authority.demands;
    const base::Result<SignedEntity>& entity =
        authority.demands == nullptr ? looks_[i].Plain() : looks_[i].Full();
    if (!entity.ok()) {
      return Undecodable(entity.error());
    }
    base::Result<VerifiedEntity> verified = VerifyByKey(
        *entity, authority.key, authority.hash, demands.trust, demands.requirements, stamps_);
    if (!verified.ok()) {
      return StagedError{FailureStage::kNotByThisKey, std::move(verified).error()};
    }
    return Conclude(i, authority.id, *verified);
  }

  std::variant<StagedError, VerifiedSignature> ByCertificate(std::size_t i,
                                                             const KeylessAuthority& authority) {
    const base::Result<SignedEntity>& entity = looks_[i].Full();
    if (!entity.ok()) {
      return Undecodable(entity.error());
    }
    const base::Result<VerifiedEntity>& verified =
        looks_[i].ByCertificate(*entity, *authority.demands, memory_, stamps_);
    if (!verified.ok()) {
      return StagedError{FailureStage::kNotByThisKey, verified.error()};
    }
    auto outcome = Conclude(i, authority.id, *verified);
    if (std::holds_alternative<VerifiedSignature>(outcome)) {
      if (!verified->identity()) {
        return StagedError{FailureStage::kSaysOther,
                           base::Fail(Reason::kInternal, "a certificate without an identity")};
      }
      if (base::Status fits = authority.check_identity(*verified->identity()); !fits.ok()) {
        return StagedError{FailureStage::kSaysOther, std::move(fits).error()};
      }
    }
    return outcome;
  }

  static StagedError Undecodable(const base::Error& error) {
    return {error.reason == Reason::kEvidenceMissing ? FailureStage::kMissing
                                                     : FailureStage::kUnreadable,
            error};
  }

  /// VERIFIED is a signature; whether it is one of the image is what it says.
  std::variant<StagedError, VerifiedSignature> Conclude(std::size_t i, const AuthorityHash& id,
                                                        const VerifiedEntity& verified) {
    const SignatureCandidate& candidate = candidates_.chosen[i];
    const auto* signed_bytes = std::get_if<SignedBytes>(&verified.content());
    if (signed_bytes == nullptr) {
      return StagedError{FailureStage::kSaysOther,
                         base::Fail(Reason::kInternal, "nothing is known of what is signed")};
    }
    Claim claim = candidate.format == SignatureFormat::kCosignLegacy
                      ? CheckLegacyClaim(*signed_bytes, candidate.subject.digest)
                      : CheckBundleClaim(*signed_bytes, candidate.subject.digest);
    if (auto* refused = std::get_if<StagedError>(&claim); refused != nullptr) {
      return std::move(*refused);
    }
    return VerifiedSignature(image_, candidate.subject.digest, id, candidate.format,
                             std::move(*std::get_if<std::string>(&claim)), verified.identity(),
                             ProofOf(candidate));
  }

  const Digest& image_;
  EvidenceObjects objects_;
  SignatureCandidates candidates_;
  std::vector<CandidateLook> looks_;
  ChainMemory& memory_;
  StampChecks stamps_;
};

std::string_view SignatureFormatName(SignatureFormat format) {
  switch (format) {
    case SignatureFormat::kCosignLegacy:
      return "cosign-legacy";
    case SignatureFormat::kSigstoreBundle:
      return "sigstore-bundle";
  }
  base::AbortOnMisuse("unknown signature format");
}

ImageVerdict VerifyImage(const Digest& image, const Platform& platform, const Evidence& evidence,
                         std::span<const ImageAuthority> authorities, ChainMemory& memory) {
  ImageVerdict verdict;
  if (const base::Status size = EvidenceObjects::CheckSize(evidence); !size.ok()) {
    for (const ImageAuthority& authority : authorities) {
      verdict.authorities.push_back({IdOf(authority), size.error()});
    }
    return verdict;
  }
  ImageVerification verification(image, platform, evidence, memory);
  verdict.signatures_seen = verification.signatures_seen();
  verdict.authorities = verification.Verify(authorities);
  return verdict;
}

}  // namespace sigward::verifier
