#pragma once

#include <string_view>

#include "cli/yaml_fields.h"
#include "policy/snapshot.h"

namespace sigward::cli {

inline constexpr std::string_view kNodePolicyVersion = "policy.sigward.dev/v1alpha1";

/// Reads the rest of a document whose apiVersion and kind say NodePolicy: `spec.floor` and
/// `spec.deny`, lists of digests, and `spec.stopRunning`. What is not understood is reported.
policy::NodeRules ReadNodePolicy(YamlFields& document);

}  // namespace sigward::cli
