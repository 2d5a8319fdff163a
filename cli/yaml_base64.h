#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cli/yaml_fields.h"

namespace sigward::cli {

/// The member NAME as Kubernetes has bytes in YAML: base64, over several lines if it likes, of at
/// most MAX_TEXT characters. Required. Empty when something was reported.
std::optional<std::string> ReadBase64(YamlFields& fields, std::string_view name,
                                      std::size_t max_text);

}  // namespace sigward::cli
