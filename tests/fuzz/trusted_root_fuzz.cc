// A trusted root that is taken holds what it promises, and only of what stands in its bytes: every
// log's id 32 bytes, a key and a start, every authority a chain within its bounds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "verifier/trust/trusted_root.h"

namespace {

using sigward::verifier::CertificateAuthority;
using sigward::verifier::TransparencyLog;
using sigward::verifier::TrustRoot;

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void CheckLogs(const std::vector<TransparencyLog>& logs) {
  Require(logs.size() <= sigward::verifier::kMaxTrustInstances);
  for (const TransparencyLog& log : logs) {
    Require(log.log_id.size() == 32 && log.key != nullptr && log.validity.start.has_value());
    Require(log.key->fingerprint().size() == 32);
  }
}

void CheckAuthorities(const std::vector<CertificateAuthority>& authorities) {
  Require(authorities.size() <= sigward::verifier::kMaxTrustInstances);
  for (const CertificateAuthority& authority : authorities) {
    Require(!authority.chain.empty() &&
            authority.chain.size() <= sigward::verifier::kMaxChainLength);
    for (const auto& certificate : authority.chain) {
      Require(certificate.Key().ok());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto root = TrustRoot::Parse({data, size});
  if (!root.ok()) {
    return 0;
  }
  Require(root->hash().size() == 32);
  CheckLogs(root->logs());
  CheckLogs(root->ct_logs());
  CheckAuthorities(root->certificate_authorities());
  CheckAuthorities(root->timestamp_authorities());
  return 0;
}
