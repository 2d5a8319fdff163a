#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::worker {

/// Most bytes of a program's standard output, and of its standard error that are kept.
inline constexpr std::size_t kMaxProgramOutput = 1U << 20;
inline constexpr std::size_t kMaxProgramErrorLine = 512;

struct Program {
  /// Absolute.
  std::string path;
  std::vector<std::string> arguments = {};
  /// "NAME=value"; all that there is.
  std::vector<std::string> environment = {};
  /// What stands on its standard input.
  std::string input = {};
};

struct ProgramOutput {
  /// -1 when a signal ended it.
  int exit_code = -1;
  std::string out;
  /// The start of what it wrote to standard error, in one line.
  std::string error_line;
};

/// Runs PROGRAM without a shell, in "/", in a process group of its own and with no descriptor but
/// the three standard ones. When it has ended, writes too much or is not done at DEADLINE, all that
/// is left of its group is killed. Fails with kTimeout, or kWorkerFailed when it cannot be run or
/// writes more than kMaxProgramOutput.
base::Result<ProgramOutput> RunProgram(const Program& program, const base::Deadline& deadline);

/// PATH without links, when a program there may be run: it must be executable and, when this
/// process is root, root's alone with every folder above it. Fails with kConfigInvalid.
base::Result<std::string> CheckedProgram(const std::string& path);

/// Looks NAME up in the absolute folders of SEARCH_PATH; the first of that name must pass
/// CheckedProgram. Fails with kConfigInvalid.
base::Result<std::string> FindProgram(const std::string& name, std::string_view search_path);

}  // namespace sigward::worker
