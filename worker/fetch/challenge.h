#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::worker {

/// Bounds on the challenges of one response: bytes in all, challenges, parameters of one challenge,
/// bytes of one parameter's value.
inline constexpr std::size_t kMaxChallengeBytes = 8192;
inline constexpr std::size_t kMaxChallenges = 16;
inline constexpr std::size_t kMaxChallengeParameters = 16;
inline constexpr std::size_t kMaxChallengeValue = 2048;

/// One way in which a server wants to be shown who asks (RFC 9110 §11.6.1).
struct Challenge {
  /// In lower case: "basic", "bearer".
  std::string scheme;
  /// By name in lower case; values without quotes and escapes. Empty where a token68 stood.
  std::map<std::string, std::string> parameters;

  /// The parameter's value, or an empty text.
  std::string_view Value(const std::string& name) const;
};

/// Reads WWW-Authenticate, its fields joined with commas: several challenges, quoted strings and
/// token68 alike. Fails with kTooLarge (a bound above), kDuplicateKey (a parameter given twice in
/// one challenge) or kMalformed.
base::Result<std::vector<Challenge>> ParseChallenges(std::string_view header);

}  // namespace sigward::worker
