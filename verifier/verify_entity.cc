#include "verifier/verify_entity.h"

#include <algorithm>
#include <utility>

#include "verifier/certificate/chain.h"
#include "verifier/certificate/sct.h"
#include "verifier/timestamp/verify_timestamp.h"
#include "verifier/transparency/entry_body.h"

namespace sigward::verifier {

using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

namespace {

LoggedContent ContentOf(const SignedEntity& entity, base::ByteView spki) {
  LoggedContent out;
  out.signature = entity.signature;
  out.spki = spki;
  // Under a key, another key's certificate is nothing that the log could have held against it.
  if (!entity.certificates.empty() &&
      std::ranges::equal(entity.certificates.front().spki(), spki)) {
    out.certificate = entity.certificates.front().der();
  }
  if (const auto* envelope = std::get_if<DsseEnvelope>(&entity.subject)) {
    out.subject = LoggedEnvelope{envelope->payload_type, envelope->payload, std::nullopt};
    return out;
  }
  LoggedArtifact artifact;
  for (const HashedMessage& digest : std::get<ArtifactDigests>(entity.subject).digests) {
    artifact.digests.push_back({digest.algorithm, digest.digest});
  }
  out.subject = std::move(artifact);
  return out;
}

/// The hashes that a signature by KEY may be over, likeliest first.
std::vector<HashAlgorithm> HashesFor(HashRule rule, KeyType key) {
  if (rule == HashRule::kByCurve && key == KeyType::kEcdsaP384) {
    return {HashAlgorithm::kSha384, HashAlgorithm::kSha256};
  }
  if (rule == HashRule::kByCurve && key == KeyType::kEcdsaP521) {
    return {HashAlgorithm::kSha512, HashAlgorithm::kSha256};
  }
  return {HashAlgorithm::kSha256};
}

using SignedContent = std::variant<SignedBytes, SignedDigest>;

Result<SignedContent> VerifyOver(const SignedEntity& entity, const PublicKey& key,
                                 HashAlgorithm hash) {
  if (entity.message) {
    SIGWARD_ASSIGN_OR_RETURN(const SignedBytes bytes,
                             key.Verify(*entity.message, entity.signature, hash));
    return SignedContent(bytes);
  }
  const auto* artifact = std::get_if<ArtifactDigests>(&entity.subject);
  const HashedMessage* known = artifact == nullptr ? nullptr : artifact->Find(hash);
  if (known == nullptr) {
    return Fail(Reason::kUnsupportedAlgorithm, "the signature is over a " +
                                                   std::string(HashAlgorithmName(hash)) +
                                                   " digest, by which the artifact is not known");
  }
  SIGWARD_ASSIGN_OR_RETURN(const SignedDigest digest,
                           key.VerifyDigest(known->digest, entity.signature, hash));
  return SignedContent(digest);
}

Result<SignedContent> VerifyContent(const SignedEntity& entity, const PublicKey& key,
                                    std::optional<HashAlgorithm> hash) {
  const std::vector<HashAlgorithm> hashes =
      hash ? std::vector{*hash} : HashesFor(entity.hash_rule, key.type());
  Result<SignedContent> result = Fail(Reason::kInternal, "no hash algorithm");
  for (const HashAlgorithm one : hashes) {
    result = VerifyOver(entity, key, one);
    if (result.ok()) {
      break;
    }
  }
  return result;
}

/// True when a further log or authority could have made the difference.
bool MissesSomebody(Reason reason) {
  return reason == Reason::kNotLogged || reason == Reason::kUntrustedCertificate ||
         reason == Reason::kSctInvalid || reason == Reason::kNoTrustedTime;
}

/// RESULT, whose refusal names whom TRUST has and cannot use.
template <typename T>
Result<T> NamingUnusable(Result<T> result, const TrustMaterial& trust) {
  if (result.ok() || trust.unusable.empty() || !MissesSomebody(result.error().reason)) {
    return result;
  }
  const UnusableInstance& first = trust.unusable.front();
  base::Error error = std::move(result).error();
  error.detail += "; of what the trust root names, " + std::to_string(trust.unusable.size()) +
                  " cannot be used here, such as " + first.name + ": " + first.why.detail;
  return error;
}

}  // namespace

TrustMaterial TrustMaterial::Of(const TrustRoot& root) {
  return {root.certificate_authorities(), root.ct_logs(), root.logs(), root.timestamp_authorities(),
          root.unusable()};
}

/// The look at one entity, in the order in which its parts are verified.
class EntityVerification {
 public:
  EntityVerification(const SignedEntity& entity, const TrustMaterial& trust,
                     const EntityRequirements& requirements, StampChecks& stamps)
      : entity_(entity), trust_(trust), requirements_(requirements), stamps_(stamps) {}

  /// Fills entries and times. SPKI is of the signer's key. At least TIMES_NEEDED times must be
  /// proven.
  Status VerifyTimes(base::ByteView spki, std::size_t times_needed) {
    if (requirements_.log) {
      SIGWARD_ASSIGN_OR_RETURN(
          entries_, VerifyLogEntries(entity_.log_entries, ContentOf(entity_, spki), trust_.logs,
                                     *requirements_.log));
    }
    for (const LoggedEntry& entry : entries_) {
      if (entry.trusted_time()) {
        times_.push_back(*entry.trusted_time());
      }
    }
    SIGWARD_RETURN_IF_ERROR(VerifyStamps(times_needed - std::min(times_needed, times_.size())));
    for (const LoggedEntry& entry : entries_) {
      SIGWARD_RETURN_IF_ERROR(CheckLogWasInUse(entry, times_));
    }
    return base::Ok();
  }

  Status VerifyStamps(std::size_t missing_times) {
    const std::size_t needed = std::max(requirements_.timestamps, missing_times);
    if (needed == 0 && trust_.timestamp_authorities.empty()) {
      return base::Ok();
    }
    SIGWARD_ASSIGN_OR_RETURN(const std::vector<VerifiedTimestamp> stamps,
                             VerifyTimestamps(entity_.timestamps, entity_.signature,
                                              trust_.timestamp_authorities, needed, stamps_));
    for (const VerifiedTimestamp& stamp : stamps) {
      times_.push_back(stamp.time());
    }
    return base::Ok();
  }

  Result<VerifiedEntity> ByCertificate(ChainMemory& memory) {
    const Certificate& leaf = entity_.certificates.front();
    SIGWARD_RETURN_IF_ERROR(VerifyTimes(leaf.spki(), 1));
    SIGWARD_RETURN_IF_ERROR(CheckClaimedTimes(leaf));
    const std::span<const Certificate> rest = std::span(entity_.certificates).subspan(1);
    SIGWARD_ASSIGN_OR_RETURN(
        const VerifiedChain chain,
        VerifyChain(leaf, rest, trust_.certificate_authorities, times_, memory));
    if (requirements_.ct_logs > 0) {
      SIGWARD_RETURN_IF_ERROR(VerifyScts(chain, trust_.ct_logs, requirements_.ct_logs));
    }
    SIGWARD_ASSIGN_OR_RETURN(const PublicKey key, leaf.Key());
    SIGWARD_ASSIGN_OR_RETURN(const SignedContent content,
                             VerifyContent(entity_, key, std::nullopt));
    VerifiedEntity out = Conclude(content);
    SIGWARD_ASSIGN_OR_RETURN(out.identity_, ReadCertificateIdentity(chain.leaf()));
    return out;
  }

  Result<VerifiedEntity> ByKey(const PublicKey& key, std::optional<HashAlgorithm> hash) {
    // The signature first: what stands beside it is looked at for one key, not for every wrong one.
    SIGWARD_ASSIGN_OR_RETURN(const SignedContent content, VerifyContent(entity_, key, hash));
    SIGWARD_RETURN_IF_ERROR(VerifyTimes(key.spki(), 0));
    return Conclude(content);
  }

 private:
  /// No source of time, but a certificate that was not valid when the log says it had the signature
  /// is not the one that signed.
  Status CheckClaimedTimes(const Certificate& leaf) const {
    for (const LoggedEntry& entry : entries_) {
      if (entry.claimed_time() && !leaf.validity().Contains(*entry.claimed_time())) {
        return Fail(Reason::kExpired, "the certificate was not valid when the log entry was made");
      }
    }
    return base::Ok();
  }

  VerifiedEntity Conclude(const SignedContent& content) {
    VerifiedEntity out(content);
    out.times_ = std::move(times_);
    return out;
  }

  const SignedEntity& entity_;
  const TrustMaterial& trust_;
  const EntityRequirements& requirements_;
  StampChecks& stamps_;
  std::vector<LoggedEntry> entries_;
  std::vector<Time> times_;
};

Result<VerifiedEntity> VerifyByCertificate(const SignedEntity& entity, const TrustMaterial& trust,
                                           const EntityRequirements& requirements,
                                           ChainMemory& memory, StampChecks& stamps) {
  if (entity.certificates.empty()) {
    return Fail(Reason::kBadSignature, "it is signed with a key, not with a certificate");
  }
  return NamingUnusable(
      EntityVerification(entity, trust, requirements, stamps).ByCertificate(memory), trust);
}

Result<VerifiedEntity> VerifyByCertificate(const SignedEntity& entity, const TrustMaterial& trust,
                                           const EntityRequirements& requirements,
                                           ChainMemory& memory) {
  StampChecks stamps(memory);
  return VerifyByCertificate(entity, trust, requirements, memory, stamps);
}

Result<VerifiedEntity> VerifyByKey(const SignedEntity& entity, const PublicKey& key,
                                   std::optional<HashAlgorithm> hash, const TrustMaterial& trust,
                                   const EntityRequirements& requirements, StampChecks& stamps) {
  if (!entity.certificates.empty() && !entity.certificate_beside_key) {
    return Fail(Reason::kBadSignature, "it is signed with a certificate, not with a key");
  }
  return NamingUnusable(EntityVerification(entity, trust, requirements, stamps).ByKey(key, hash),
                        trust);
}

Result<VerifiedEntity> VerifyByKey(const SignedEntity& entity, const PublicKey& key,
                                   std::optional<HashAlgorithm> hash, const TrustMaterial& trust,
                                   const EntityRequirements& requirements) {
  ChainMemory memory;
  StampChecks stamps(memory);
  return VerifyByKey(entity, key, hash, trust, requirements, stamps);
}

}  // namespace sigward::verifier
