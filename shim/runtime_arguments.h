#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::shim {

/// Most bytes of a `--root` or `--bundle` (PATH_MAX), and of a container id (runc's own limit).
inline constexpr std::size_t kMaxRuntimePathBytes = 4096;
inline constexpr std::size_t kMaxContainerIdBytes = 1024;

enum class RuntimeCallKind : std::uint8_t {
  kRefuse = 0,
  /// No container's first process comes of it: the real runtime may get it at once, as it is.
  kStartsNothing = 1,
  /// `create` or `run`: the gate decides, the real runtime gets CanonicalArguments.
  kAsk = 2,
};

/// An option by the full name it has in the grammar; a switch has the value "true" or "false".
struct RuntimeOption {
  std::string_view name;
  bool is_switch = false;
  std::string value;
};

/// What an OCI runtime was called for.
struct RuntimeCall {
  RuntimeCallKind kind = RuntimeCallKind::kRefuse;
  /// Why, where kind is kRefuse: kInvalidArguments or kCheckpointUnverified.
  base::Error refusal = {base::Reason::kInvalidArguments, "the arguments were not read"};
  std::vector<RuntimeOption> global_options;
  std::string subcommand;
  /// kAsk: of the subcommand, the bundle aside.
  std::vector<RuntimeOption> options;
  /// kAsk: what `--bundle` says, empty when it is absent: the working directory.
  std::string bundle;
  std::string container_id;

  /// The value of a global option that takes one, empty when it is absent; the last one counts, as
  /// in the runtimes. Also where the call is refused, so that a refusal finds its log file.
  std::string_view Global(std::string_view name) const;
};

/// Reads the arguments of an OCI runtime, argv[0] left out. The grammar is closed: what runc
/// (1.1 to 1.3, flags of urfave/cli v1 over Go's package flag) and crun (argp) know and what
/// containerd's shims pass (go-runc). `-x` and `--x` are the same, a value stands behind `=` or is
/// the next argument, `--` ends the options, and the first argument that is no option is the
/// subcommand.
///
/// kStartsNothing: the subcommand is one that starts no container, or there is none and every
/// option is known. Where an option in front of it is not clear (unknown, a value missing, a
/// value that begins with `-`), the runtime could take the subcommand for that option's value; then
/// it also takes that no argument at all is `create`, `run` or `restore`. So a shim that is newer
/// than this grammar can still kill and delete.
/// kAsk: `create` or `run`, every option known and given once, one container id of [A-Za-z0-9_+,.-]
/// that does not begin with `-`.
/// kRefuse: `restore` with kCheckpointUnverified; everything else with kInvalidArguments, an
/// unknown subcommand too: it may start something, and does not say what the gate could look at.
RuntimeCall ParseRuntimeCall(std::span<const char* const> arguments);

/// The arguments, argv[0] left out, of a kAsk call for the container in BUNDLE, rebuilt so that
/// they cannot be read in two ways: long names, each value behind `=`, switches only when on, the
/// id last.
std::vector<std::string> CanonicalArguments(const RuntimeCall& call, const std::string& bundle);

}  // namespace sigward::shim
