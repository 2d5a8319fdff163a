#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sigward::cli {

/// Longest /proc/PID/cmdline and environ that are read; the kernel allows 6 MiB for both together.
inline constexpr std::size_t kMaxProcessText = 6U << 20;

/// A running process as /proc shows it.
struct NodeProcess {
  pid_t pid = -1;
  /// The last part of argv[0]: what it was started as (k3s is containerd under that name).
  std::string name;
  std::vector<std::string> arguments;
  /// False when the environment could not be read; PATH is unknown then, not absent.
  bool environment_read = false;
  std::string path;
  /// The value of $SIGWARD_GATE_SOCKET, where it has one.
  std::optional<std::string> gate_socket;
  /// What to exec to run the very same program.
  std::string program;
};

/// The processes whose name starts with PREFIX. Only root's own that live in the mount and PID
/// namespaces of /proc/self count: a container could run a program of the same name, and what it
/// says about itself would be believed, its program even executed.
/// ROOT stands before /proc; empty for this node.
std::vector<NodeProcess> FindProcesses(const std::string& root, std::string_view prefix);

/// The value of an option in ARGUMENTS in any of the forms "-c V", "--config V", "--config=V", for
/// one of NAMES (with dashes); empty when it is not there.
std::string OptionIn(const std::vector<std::string>& arguments,
                     const std::vector<std::string_view>& names);

}  // namespace sigward::cli
