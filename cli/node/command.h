#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::cli {

/// Most bytes of a command's standard input: what a pipe takes before anybody reads (PIPE_BUF).
inline constexpr std::size_t kMaxCommandInput = 4096;

struct Command {
  /// argv[0] is looked up in this process's PATH unless it has a slash.
  std::vector<std::string> argv;
  /// Standard input is a pipe with these bytes; /dev/null where there are none.
  std::string input = {};
  /// "NAME=value"; this process's PATH alone when absent.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  /// False: standard output is /dev/null, so that a child which outlives the command and keeps it
  /// open is not waited for.
  bool keep_output = true;
};

struct CommandOutput {
  int exit_code = -1;
  std::string out;
};

/// Runs COMMAND in a process group of its own and returns what it wrote to standard output, at most
/// MAX_BYTES. Its standard error is /dev/null, and no signal is blocked in it. The group is killed
/// when it takes too long or says too much. The exit code is -1 when a signal ended it.
/// Fails with kIoFailed when it cannot be run, kTooLarge (its input too), or kTimeout at DEADLINE.
base::Result<CommandOutput> RunCommand(const Command& command, std::size_t max_bytes,
                                       const base::Deadline& deadline);

/// The same for a command without input, and with PATH alone in its environment.
base::Result<CommandOutput> RunCommand(const std::vector<std::string>& argv, std::size_t max_bytes,
                                       const base::Deadline& deadline);

}  // namespace sigward::cli
