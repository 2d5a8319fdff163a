#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>

#include "base/bytes.h"
#include "private_sigstore/certificate_authority.h"
#include "test_key.h"
#include "verifier/transparency/transparency_log.h"

namespace sigward::testing {

/// What an SCT says. Tests change one thing.
struct SctPlan {
  std::uint8_t version = 0;
  verifier::Time time = kSigningTime;
  base::ByteBuffer extensions = {};
  std::uint8_t hash_algorithm = 4;
  std::uint8_t signature_algorithm = 3;
  /// With which it is really signed.
  verifier::HashAlgorithm hash = verifier::HashAlgorithm::kSha256;
};

/// A certificate transparency log that promises what it is given.
class CtLog {
 public:
  explicit CtLog(const TestKey& key);

  /// As a trust root names it: from a year before kSigningTime on, without an operator.
  verifier::TransparencyLog trusted() const;
  const base::ByteBuffer& log_id() const { return log_id_; }

  /// One SerializedSCT (RFC 6962 §3.3) of the pre-certificate TBS.
  base::ByteBuffer Promise(base::ByteView tbs, base::ByteView issuer_spki,
                           const SctPlan& plan = {}) const;

 private:
  TestKey key_;
  base::ByteBuffer log_id_;
};

/// SCTs as a SignedCertificateTimestampList.
base::ByteBuffer SctListOf(std::initializer_list<base::ByteView> scts);

/// For CertificatePlan::sct_list: one SCT of LOG.
std::function<base::ByteBuffer(base::ByteView tbs, base::ByteView issuer_spki)> PromisedBy(
    const CtLog& log, const SctPlan& plan = {});

}  // namespace sigward::testing
