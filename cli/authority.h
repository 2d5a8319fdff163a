#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cli/trust_root.h"
#include "cli/yaml_fields.h"
#include "policy/snapshot.h"

namespace sigward::cli {

/// What the reading of an authority needs from around it.
struct AuthorityContext {
  /// The trust roots that authorities name are noted here.
  TrustRootUses& trust_roots;
  /// `*` in an issuer or a subject stands for something, as the policy asks by name.
  bool identity_wildcards = false;
};

/// Reads one element of spec.authorities; INDEX is its place there. Empty when something was
/// reported.
std::optional<policy::Authority> ReadAuthority(YamlFields authority, std::size_t index,
                                               const AuthorityContext& context);

/// TEXT in quotation marks, fit for one line.
std::string Quoted(std::string_view text);

}  // namespace sigward::cli
