#pragma once

#include <optional>
#include <string>

#include "cli/tuf_mirror.h"
#include "cli/yaml_fields.h"
#include "policy/keyless_rule.h"

namespace sigward::cli {

/// Reads `repository` of the TrustRoot NAME: a TUF repository that stands in the resource itself.
/// Warns of when its metadata expires. Empty when something was reported.
std::optional<policy::NamedTrustRoot> ReadRepository(YamlFields& spec, const std::string& name,
                                                     const TufMirrors& mirrors);

/// Reads `remote`: the same from the operator's copy of the mirror. Nothing is downloaded.
std::optional<policy::NamedTrustRoot> ReadRemote(YamlFields& spec, const std::string& name,
                                                 const TufMirrors& mirrors);

}  // namespace sigward::cli
