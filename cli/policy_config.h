#pragma once

#include "cli/yaml_fields.h"
#include "policy/snapshot.h"

namespace sigward::cli {

/// What holds for all policies together.
struct PolicyConfig {
  policy::NoMatch no_match = policy::NoMatch::kDeny;
  std::string transparency_url;
};

/// Reads the rest of a ConfigMap named config-policy-controller or policy-controller-config. As
/// upstream has it, an unknown no-match-policy is deny; that is reported as a warning. Everything
/// else that is not understood is an error.
PolicyConfig ReadPolicyConfig(YamlFields& document);

}  // namespace sigward::cli
