#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/ct_log.h"
#include "private_sigstore/logged_signature.h"
#include "private_sigstore/rekor_log.h"
#include "private_sigstore/timestamp_authority.h"
#include "test_key.h"
#include "verifier/transparency/entry_body.h"
#include "verifier/transparency/log_entry.h"
#include "verifier/trust/trusted_root.h"
#include "verifier/validity.h"

namespace sigward::testing {

/// A signature with all that stands beside it, in no format yet. Tests change one part.
struct SignatureParts {
  LoggedSignature logged;
  /// DER of what follows the leaf where a format has chains.
  std::vector<base::ByteBuffer> issuers;
  std::vector<verifier::LogEntry> entries;
  std::vector<base::ByteBuffer> stamps;
};

/// What is signed, by whom and when.
struct SigningPlan {
  std::string payload;
  /// Empty for a message signature.
  std::string payload_type;
  verifier::EntryKind entry = verifier::EntryKind::kHashedRekordV001;
  const TestKey* key = &TestKey::Shared(verifier::KeyType::kEcdsaP256);
  /// Absent where the key stands for itself.
  std::optional<CertificatePlan> leaf;
  verifier::Time logged = TimestampAuthority::kNow;
  std::optional<verifier::Time> stamped;
};

/// A whole private Sigstore: a certificate authority, a CT log, a Rekor v1, a Rekor v2 and a time
/// stamp authority, and the trusted root that names them. Everything happens at kNow.
class PrivateSigstore {
 public:
  static constexpr auto kValidFor = std::chrono::minutes(9);

  PrivateSigstore();

  /// One of each part under trusted_root.json's names; `tlogs` holds Rekor v1, then v2.
  base::Json root_json() const;
  static verifier::TrustRoot RootOf(const base::Json& json);

  /// A certificate of kSubjectUri by kIssuer, for a minute before and kValidFor after kNow, with an
  /// SCT.
  CertificatePlan LeafPlan() const;

  /// What PLAN says: signed, logged in the Rekor that has such entries, and stamped.
  SignatureParts Make(const SigningPlan& plan);
  /// What Rekor makes of LOGGED.
  verifier::LogEntry Log(const LoggedSignature& logged, verifier::EntryKind kind,
                         verifier::Time time = TimestampAuthority::kNow);
  base::ByteBuffer Stamp(base::ByteView signature,
                         verifier::Time time = TimestampAuthority::kNow) const;

  const PrivateAuthority& authority() const { return authority_; }
  const CtLog& ct_log() const { return ct_log_; }
  const RekorLog& rekor_v1() const { return rekor_v1_; }

 private:
  PrivateAuthority authority_;
  TestKey ct_key_;
  CtLog ct_log_;
  TestKey rekor_v1_key_;
  RekorLog rekor_v1_;
  TestKey rekor_v2_key_;
  RekorLog rekor_v2_;
  TimestampAuthority timestamps_;
};

/// The SCTs of a leaf as LOG promises them at kNow, for CertificatePlan::sct_list.
std::function<base::ByteBuffer(base::ByteView tbs, base::ByteView issuer_spki)> PromisedNow(
    const CtLog& log);

/// Plans for certificates of an authority that are valid at kNow.
CertificatePlan RootPlanNow();
CertificatePlan IntermediatePlanNow();

}  // namespace sigward::testing
