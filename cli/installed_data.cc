#include "cli/installed_data.h"

#include <filesystem>
#include <system_error>

namespace sigward::cli {

base::Result<std::string> InstalledData(std::string_view name) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return base::Fail(base::Reason::kIoFailed, "/proc/self/exe: " + error.message());
  }
  return (program.parent_path().parent_path() / "share/sigward" / name).string();
}

}  // namespace sigward::cli
