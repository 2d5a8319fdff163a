#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "policy/snapshot.h"
#include "verifier/verify_image.h"

namespace sigward::rpc {
class VerifyQuestion;
}

namespace sigward::worker {

/// The authorities of one question as the verifier takes them, with all that they point to.
class AskedAuthorities {
 public:
  /// Fails with kProtocol: none or more than kMaxAuthoritiesPerQuestion, one twice, one that does
  /// not parse, that names a trust root which is not there, or whose hash is not its own.
  static base::Result<AskedAuthorities> Of(const rpc::VerifyQuestion& question);

  std::span<const verifier::ImageAuthority> authorities() const { return authorities_; }
  /// What was verified of the trust roots before the question was asked.
  std::span<const verifier::ChainMemory::Link> links() const { return links_; }

 private:
  /// Trust roots of certificates, logs and time stamp authorities, and whether SCTs are ignored.
  using DemandsKey =
      std::tuple<std::string, std::optional<std::string>, std::optional<std::string>, bool>;

  AskedAuthorities() = default;
  base::Status AddTrustRoots(const rpc::VerifyQuestion& question);
  base::Status AddAuthority(const std::string& rule, const std::string& hash);
  /// One for all authorities that demand the same; null where nothing is demanded of a key.
  const verifier::EntityDemands* DemandsOf(const policy::Authority& authority);

  policy::TrustRoots trust_roots_;
  std::vector<verifier::ChainMemory::Link> links_;
  std::map<DemandsKey, verifier::EntityDemands> demands_;
  std::vector<verifier::ImageAuthority> authorities_;
};

}  // namespace sigward::worker
