#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::cli {

/// What systemd gives a service that names no PATH (systemd.exec(5), with merged /usr).
inline constexpr const char* kSystemdDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// PATH in the output of `systemctl show --value -p Environment UNIT`; none when it is not set
/// there. Fails with kConfigInvalid where it is written with escapes, which are not read here.
base::Result<std::optional<std::string>> PathInEnvironment(std::string_view output);

/// PATH without FOLDER in it.
std::string WithoutFolder(std::string_view path, std::string_view folder);

/// The drop-in that puts FOLDER in front of a unit's PATH (systemd expands no $PATH there).
/// Fails with kConfigInvalid when PATH has a character that a unit file would have to escape.
base::Result<std::string> PathDropIn(std::string_view path, std::string_view folder);

}  // namespace sigward::cli
