#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/identity_match.h"
#include "verifier/certificate/chain_memory.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::policy {

/// Bounds of a compiled policy.
inline constexpr std::size_t kMaxTrustRoots = 64;
inline constexpr std::size_t kMaxIdentities = 64;

/// The name of the trust root of Sigstore's public instances. No resource can have it.
inline constexpr std::string_view kPublicGoodRoot = "@public-good";

/// A signature by a short-lived certificate for one of IDENTITIES.
struct KeylessRule {
  /// Whose certificate authorities, and certificate transparency logs, are trusted.
  std::string trust_root;
  /// 1 to kMaxIdentities; one of them has to match.
  std::vector<Identity> identities;
  /// Weakens: the certificate need not be in a certificate transparency log.
  bool ignore_sct = false;
};

/// What is demanded of transparency logs.
struct LogRule {
  /// Set when an entry is required: whose logs are trusted.
  std::optional<std::string> trust_root;
  /// Where an entry may be looked up that the evidence does not carry; empty for nowhere.
  std::string url;

  friend bool operator==(const LogRule&, const LogRule&) = default;
};

/// Set when a time stamp is required: whose authorities are trusted.
struct TimestampRule {
  std::optional<std::string> trust_root;

  friend bool operator==(const TimestampRule&, const TimestampRule&) = default;
};

/// In which of cosign's formats a signature may be.
enum class SignatureForms : std::uint8_t { kAny = 1, kLegacy, kBundle };
/// "" for any, "legacy", "bundle": ClusterImagePolicy's signatureFormat.
std::string_view SignatureFormsWord(SignatureForms forms);
std::optional<SignatureForms> SignatureFormsFromWord(std::string_view word);

/// A trust root that policies name.
class NamedTrustRoot {
 public:
  /// Parses JSON, a trusted_root.json. Fails with kPolicyInvalid or kTooLarge.
  static base::Result<NamedTrustRoot> Of(std::string_view json);
  /// Parses the json() of another one, whose links() are not taken along. Fails as Of does.
  static base::Result<NamedTrustRoot> OfSame(std::string json);

  const verifier::TrustRoot& root() const { return *root_; }
  /// The document in one spelling, which root() was read from: members in order, no white space.
  const std::string& json() const { return json_; }
  /// The signatures within its authorities' chains that were found to be valid: each certificate's
  /// by the next. One that is not is missing, and no leaf will pass by it.
  const std::vector<verifier::ChainMemory::Link>& links() const { return links_; }

 private:
  NamedTrustRoot(std::shared_ptr<const verifier::TrustRoot> root, std::string json)
      : root_(std::move(root)), json_(std::move(json)) {}
  std::shared_ptr<const verifier::TrustRoot> root_;
  std::string json_;
  std::vector<verifier::ChainMemory::Link> links_;
};

/// By name: a resource's name, or one that begins with '@'.
using TrustRoots = std::map<std::string, NamedTrustRoot, std::less<>>;

/// A name of Kubernetes, which may stand behind an '@'. Fails with kPolicyInvalid or kTooLarge.
base::Status CheckTrustRootName(std::string_view name);

}  // namespace sigward::policy
