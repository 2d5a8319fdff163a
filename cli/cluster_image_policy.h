#pragma once

#include <optional>

#include "cli/authority.h"
#include "cli/yaml_fields.h"
#include "policy/snapshot.h"

namespace sigward::cli {

/// Reads the rest of a document whose apiVersion and kind say ClusterImagePolicy of
/// policy.sigstore.dev (v1alpha1 and v1beta1 have the same fields). Every field that is not
/// understood is reported: a policy that is read only in part would be another policy. Empty when
/// something was.
std::optional<policy::Policy> ReadClusterImagePolicy(YamlFields& document,
                                                     AuthorityContext context);

/// Reads the metadata of a Kubernetes object: its name, reported when there is none. The fields
/// that the API server keeps there are known and ignored.
std::optional<std::string> ReadMetadataName(YamlFields& document);

}  // namespace sigward::cli
