#pragma once

#include <optional>

#include "cli/authority.h"
#include "cli/yaml_fields.h"
#include "policy/keyless_rule.h"

namespace sigward::cli {

/// Reads `keyless` of an authority. Empty when something was reported.
std::optional<policy::KeylessRule> ReadKeyless(YamlFields keyless, const AuthorityContext& context);

/// What an authority demands beside a good signature.
struct Demands {
  policy::LogRule log;
  policy::TimestampRule timestamp;
  policy::SignatureForms forms = policy::SignatureForms::kAny;
};

/// Reads `ctlog`, `rfc3161timestamp` and `signatureFormat` of AUTHORITY. What they mean together
/// for the log is policy-controller's; where it demands none without saying so, that is warned of.
/// Empty when something was reported.
std::optional<Demands> ReadDemands(YamlFields& authority, const AuthorityContext& context);

}  // namespace sigward::cli
