#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "verifier/certificate/certificate_identity.h"
#include "verifier/certificate/chain_memory.h"
#include "verifier/public_key.h"
#include "verifier/signed_entity.h"
#include "verifier/timestamp/stamp_checks.h"
#include "verifier/transparency/verify_entry.h"
#include "verifier/trust/trusted_root.h"
#include "verifier/validity.h"

namespace sigward::verifier {

/// Who is trusted for which part. A policy may name different trust roots for them.
struct TrustMaterial {
  std::span<const CertificateAuthority> certificate_authorities;
  std::span<const TransparencyLog> ct_logs;
  std::span<const TransparencyLog> logs;
  std::span<const CertificateAuthority> timestamp_authorities;
  /// Whom the roots name and nothing can be verified by: only refusals speak of them.
  std::span<const UnusableInstance> unusable = {};

  /// Views into ROOT.
  static TrustMaterial Of(const TrustRoot& root);
};

/// What a signature must bring beside itself. What weakens is a value of its own.
struct EntityRequirements {
  /// Certificate transparency logs that promised to publish the certificate; 0 does without.
  std::size_t ct_logs = 1;
  /// Absent: log entries are not looked at, and give no time.
  std::optional<LogRequirement> log = LogRequirement{};
  /// Time stamp authorities whose stamp must be there. Beyond them, stamps of trusted ones count as
  /// times.
  std::size_t timestamps = 0;
};

/// Witness: the signature is valid, by the certificate or key it was held against, with all that
/// was required beside it. Only the two functions below make one.
class VerifiedEntity {
 public:
  /// What is signed. For an envelope its pre-authentication encoding, in the entity's memory.
  const std::variant<SignedBytes, SignedDigest>& content() const { return content_; }
  /// Whom the certificate was issued to; absent for a key.
  const std::optional<CertificateIdentity>& identity() const { return identity_; }
  /// When the signature existed, by logs and time stamp authorities; may be empty for a key.
  const std::vector<Time>& times() const { return times_; }

 private:
  friend class EntityVerification;
  explicit VerifiedEntity(std::variant<SignedBytes, SignedDigest> content) : content_(content) {}
  std::variant<SignedBytes, SignedDigest> content_;
  std::optional<CertificateIdentity> identity_;
  std::vector<Time> times_;
};

/// Verifies ENTITY as signed with the key of its certificate, in the order of sigstore's
/// client-spec §4: log entries, time stamps, the chain at every time that those prove (at least one
/// must be), SCTs, the signature. Entries of unknown logs and stamps of unknown authorities count
/// nothing; an entry of a known log that is wrong fails the whole. A time that a log entry claims
/// must lie in the leaf's validity, also where nothing proves it. STAMPS bounds what the time
/// stamps of all signatures of one question may cost.
///
/// Fails with kBadSignature, also when the entity brings no certificate, kNotLogged, kLogMismatch,
/// kTimestampInvalid, kNoTrustedTime, kUntrustedCertificate, kExpired, kSctInvalid,
/// kMalformed, kDuplicateKey, kTooLarge, kUnsupportedAlgorithm, kWeakKey, kInternal.
base::Result<VerifiedEntity> VerifyByCertificate(const SignedEntity& entity,
                                                 const TrustMaterial& trust,
                                                 const EntityRequirements& requirements,
                                                 ChainMemory& memory, StampChecks& stamps);
/// The same as a question of its own.
base::Result<VerifiedEntity> VerifyByCertificate(const SignedEntity& entity,
                                                 const TrustMaterial& trust,
                                                 const EntityRequirements& requirements,
                                                 ChainMemory& memory);

/// Verifies ENTITY as signed with KEY, the signature first. HASH absent: by the entity's own rule.
/// Times are proven where there are some and none has to be. Fails as VerifyByCertificate does;
/// kBadSignature when a bundle brings a certificate. Beside a signature of cosign's older format a
/// certificate of KEY may stand, which is then what the log has; one of another key says nothing.
base::Result<VerifiedEntity> VerifyByKey(const SignedEntity& entity, const PublicKey& key,
                                         std::optional<HashAlgorithm> hash,
                                         const TrustMaterial& trust,
                                         const EntityRequirements& requirements,
                                         StampChecks& stamps);
/// The same as a question of its own.
base::Result<VerifiedEntity> VerifyByKey(const SignedEntity& entity, const PublicKey& key,
                                         std::optional<HashAlgorithm> hash,
                                         const TrustMaterial& trust,
                                         const EntityRequirements& requirements);

}  // namespace sigward::verifier
