#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::cli {

/// The path of a data file that is installed with sigward: in ../share/sigward beside the folder of
/// this program, for one that runs from a build too. Fails with kIoFailed when the program cannot
/// tell where it is.
base::Result<std::string> InstalledData(std::string_view name);

}  // namespace sigward::cli
