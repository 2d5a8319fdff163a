#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "verifier/certificate/certificate_identity.h"

namespace sigward::policy {

/// Longest issuer or subject of a policy, in bytes; with wildcards kMaxWildcardLength.
inline constexpr std::size_t kMaxIdentityText = 2048;
/// Memory that one regular expression may take, in bytes: compiled, and while it matches. Beyond
/// the second RE2 goes on more slowly, still in linear time.
inline constexpr std::int64_t kMaxRegExpMemory = 256 << 10;

enum class IdentityKind : std::uint8_t {
  /// Equal, byte for byte.
  kExact = 1,
  /// Go's regular expressions as RE2 has them, matching anywhere in the text unless anchored: as
  /// policy-controller does it.
  kRegExp,
  /// Wildcards (policy/wildcards.h): a deviation, which a policy asks for by name.
  kWildcards,
};

/// What an issuer or a subject has to be. Cheap to copy; never changed.
class IdentityText {
 public:
  /// TEXT is UTF-8 of 1 to kMaxIdentityText bytes without control characters. Fails with
  /// kPolicyInvalid, also for a regular expression that does not parse or needs more than
  /// kMaxRegExpMemory, or with kTooLarge.
  static base::Result<IdentityText> Of(IdentityKind kind, std::string text);

  IdentityKind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  /// What a regular expression costs whoever compiles it, in RE2's instructions: a microsecond and
  /// 16 bytes each. 0 for the other kinds.
  std::size_t cost() const;
  /// An empty VALUE matches nothing: what a certificate does not say is not whatever one likes.
  bool Matches(std::string_view value) const;

 private:
  struct Matcher;
  IdentityText(IdentityKind kind, std::string text, std::shared_ptr<const Matcher> matcher);
  IdentityKind kind_;
  std::string text_;
  std::shared_ptr<const Matcher> matcher_;
};

/// Whose certificates a policy takes: issuer, subject and all of claims have to match.
struct Identity {
  IdentityText issuer;
  IdentityText subject;
  /// What else a certificate has to say, by Fulcio's name for it (verifier::IsClaimName). One that
  /// it does not say matches nothing.
  std::map<std::string, IdentityText, std::less<>> claims = {};

  bool Names(const verifier::CertificateIdentity& certificate) const {
    return issuer.Matches(certificate.issuer) && subject.Matches(certificate.subject);
  }
  /// What all of its regular expressions cost.
  std::size_t cost() const;
  /// Fails with kIdentityMismatch for a claim that is another or not there.
  base::Status CheckClaims(const verifier::CertificateIdentity& certificate) const;
};

/// One of IDENTITIES has to fit; CERTIFICATE's leaf must have been verified. Fails with
/// kIdentityMismatch and what it says instead, so that a policy that was mistyped can be mended:
/// where claims alone are in the way, with one of those. kInternal where IDENTITIES is empty.
base::Status CheckIdentity(std::span<const Identity> identities,
                           const verifier::CertificateIdentity& certificate);

}  // namespace sigward::policy
