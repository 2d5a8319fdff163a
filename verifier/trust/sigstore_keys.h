#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sigward::verifier {

/// What policy-controller's TrustRoot resource says under `sigstoreKeys`
/// (trustroot_types.go, v1alpha1).
struct SigstoreKeys {
  struct Authority {
    std::string organization;
    std::string common_name;
    std::string uri;
    /// PEM: each certificate's issuer stands next, the anchor last; for a time stamp authority its
    /// leaf first.
    std::string chain_pem;
  };
  struct Log {
    std::string base_url;
    /// Of the tree; only SHA-256 is known.
    std::string hash_algorithm;
    std::string public_key_pem;
  };
  std::vector<Authority> certificate_authorities;
  std::vector<Log> logs;
  std::vector<Log> ct_logs;
  std::vector<Authority> timestamp_authorities;
};

/// KEYS as a trusted_root.json (media type v0.1) that TrustRoot::Parse takes: compact, names in
/// order, so that the same keys give the same bytes. `sigstoreKeys` has no windows: logs are
/// trusted from 1970 on, authorities for all time. A log's id is the SHA-256 of its key (RFC 6962
/// §3.2), and it signs with SHA-256, as policy-controller takes it. Fails as TrustRoot::Parse does;
/// kMalformed also for a PEM text that is not one.
base::Result<std::string> TrustedRootJson(const SigstoreKeys& keys);

}  // namespace sigward::verifier
