#include "verifier/verify_image.h"

#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/bundle.h"
#include "verifier/dsse.h"
#include "verifier/evidence_objects.h"
#include "verifier/furthest_failure.h"
#include "verifier/signature_candidate.h"
#include "verifier/simple_signing.h"
#include "verifier/statement.h"

namespace sigward::verifier {

using base::Reason;

namespace {

constexpr std::size_t kMaxTypeInError = 96;

/// What a signature is over, and the signature.
struct Decoded {
  base::ByteBuffer signature;
  /// Legacy: the payload, in the evidence's own memory.
  base::ByteView payload;
  /// Bundle: the pre-authentication encoding, which is never empty.
  base::ByteBuffer encoding;

  base::ByteView message() const { return encoding.empty() ? payload : base::ByteView(encoding); }
};

/// A failure and how far it came.
struct StagedError {
  FailureStage stage;
  base::Error error;
};

/// The hash algorithms that a signature may have been made with, likeliest first. Without a word
/// from the authority these are cosign's own defaults: SHA-256 in the legacy format, by curve and
/// then SHA-256 in bundles.
std::vector<HashAlgorithm> HashesFor(const KeyAuthority& authority, SignatureFormat format) {
  if (authority.hash) {
    return {*authority.hash};
  }
  if (format == SignatureFormat::kSigstoreBundle) {
    if (authority.key.type() == KeyType::kEcdsaP384) {
      return {HashAlgorithm::kSha384, HashAlgorithm::kSha256};
    }
    if (authority.key.type() == KeyType::kEcdsaP521) {
      return {HashAlgorithm::kSha512, HashAlgorithm::kSha256};
    }
  }
  return {HashAlgorithm::kSha256};
}

base::Result<SignedBytes> VerifySignature(const Decoded& decoded, const KeyAuthority& authority,
                                          SignatureFormat format) {
  base::Result<SignedBytes> result = base::Fail(Reason::kInternal, "no hash algorithm");
  for (const HashAlgorithm hash : HashesFor(authority, format)) {
    result = authority.key.Verify(decoded.message(), decoded.signature, hash);
    if (result.ok()) {
      return result;
    }
  }
  return result;
}

base::Result<Decoded> DecodeLegacy(const Descriptor& layer, base::ByteView payload) {
  const std::string* text = LegacySignatureText(layer);
  if (text == nullptr) {
    return base::Fail(Reason::kInternal, "a layer without a signature was chosen");
  }
  Decoded out;
  SIGWARD_ASSIGN_OR_RETURN(out.signature, base::DecodeBase64(*text, kMaxSignatureText));
  out.payload = payload;
  return out;
}

base::Result<Decoded> DecodeBundle(base::ByteView bytes) {
  SIGWARD_ASSIGN_OR_RETURN(DsseEnvelope envelope, ParseBundle(bytes));
  Decoded out;
  out.encoding = PreAuthEncoding(envelope);
  out.signature = std::move(envelope.signature);
  return out;
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

/// The look at one image. What does not depend on the authority is done once for all of them.
class ImageVerification {
 public:
  ImageVerification(const Digest& image, const Platform& platform, const Evidence& evidence)
      : image_(image),
        objects_(evidence),
        candidates_(FindSignatures(image, platform, objects_)),
        decoded_(candidates_.chosen.size()) {}

  /// One verdict per authority. Signature by signature, and each for all authorities that have none
  /// yet: what comes early is found before time is spent on what stands behind it.
  std::vector<AuthorityVerdict> Verify(std::span<const KeyAuthority> authorities) {
    std::vector<FurthestFailure> failures(authorities.size(), candidates_.failure);
    std::vector<std::optional<VerifiedSignature>> found(authorities.size());
    std::size_t open = authorities.size();
    for (std::size_t i = 0; i < candidates_.chosen.size() && open > 0; ++i) {
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
        verdicts.push_back({authorities[a].id, *std::move(found[a])});
      } else {
        verdicts.push_back({authorities[a].id, Final(failures[a])});
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
                                                         const KeyAuthority& authority) {
    const SignatureCandidate& candidate = candidates_.chosen[i];
    const auto fail = [&](FailureStage stage, base::Error error) {
      if (stage != FailureStage::kNoSignature) {
        error = base::Within(std::string(SignatureFormatName(candidate.format)) + " signature " +
                                 candidate.layer.digest.text(),
                             std::move(error));
      }
      return StagedError{stage, std::move(error)};
    };
    const base::Result<Decoded>& decoded = DecodedAt(i);
    if (!decoded.ok()) {
      const bool missing = decoded.error().reason == Reason::kEvidenceMissing;
      return fail(missing ? FailureStage::kMissing : FailureStage::kUnreadable, decoded.error());
    }
    base::Result<SignedBytes> signed_bytes = VerifySignature(*decoded, authority, candidate.format);
    if (!signed_bytes.ok()) {
      return fail(FailureStage::kNotByThisKey, std::move(signed_bytes).error());
    }
    Claim claim = candidate.format == SignatureFormat::kCosignLegacy
                      ? CheckLegacyClaim(*signed_bytes, candidate.subject.digest)
                      : CheckBundleClaim(*signed_bytes, candidate.subject.digest);
    if (auto* refused = std::get_if<StagedError>(&claim); refused != nullptr) {
      return fail(refused->stage, std::move(refused->error));
    }
    return VerifiedSignature(image_, candidate.subject.digest, authority.id, candidate.format,
                             std::move(*std::get_if<std::string>(&claim)), ProofOf(candidate));
  }

  const base::Result<Decoded>& DecodedAt(std::size_t i) {
    if (!decoded_[i]) {
      decoded_[i] = Decode(candidates_.chosen[i]);
    }
    return *decoded_[i];
  }

  base::Result<Decoded> Decode(const SignatureCandidate& candidate) {
    if (candidate.layer.has_urls) {
      return base::Fail(Reason::kUnsupportedFormat, "its layer points outside the registry");
    }
    const bool legacy = candidate.format == SignatureFormat::kCosignLegacy;
    SIGWARD_ASSIGN_OR_RETURN(const base::ByteView blob,
                             objects_.Blob(candidate.layer.digest, candidate.layer.size,
                                           legacy ? kMaxPayloadBytes : kMaxBundleBytes));
    return legacy ? DecodeLegacy(candidate.layer, blob) : DecodeBundle(blob);
  }

  const Digest& image_;
  EvidenceObjects objects_;
  SignatureCandidates candidates_;
  std::vector<std::optional<base::Result<Decoded>>> decoded_;
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
                         std::span<const KeyAuthority> authorities) {
  ImageVerdict verdict;
  if (const base::Status size = EvidenceObjects::CheckSize(evidence); !size.ok()) {
    for (const KeyAuthority& authority : authorities) {
      verdict.authorities.push_back({authority.id, size.error()});
    }
    return verdict;
  }
  ImageVerification verification(image, platform, evidence);
  verdict.signatures_seen = verification.signatures_seen();
  verdict.authorities = verification.Verify(authorities);
  return verdict;
}

}  // namespace sigward::verifier
