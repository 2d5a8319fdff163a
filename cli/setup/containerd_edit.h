#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/node/containerd_config.h"

namespace sigward::cli {

inline constexpr std::string_view kBlockBegin = "# begin sigward";
inline constexpr std::string_view kBlockEnd = "# end sigward";
/// containerd's own default, where a table names no other.
inline constexpr const char* kDefaultBinDir = "/opt/containerd/image-verifier/bin";

/// How sigward's image verifier gets into containerd; exactly one of the first three is set.
struct VerifierEdit {
  /// Text to be added at the end of the configuration.
  std::optional<std::string> appended;
  /// Another bin_dir is in use: our program is to be linked into it.
  std::optional<std::string> link_into;
  bool nothing_to_do = false;
  /// What to tell the user; also why nothing can be done.
  std::string note;
};

/// What is known about the containerd whose file is edited.
struct VerifierInputs {
  /// The configuration file's text; none when there is no file.
  std::optional<std::string> text;
  std::optional<ContainerdVersion> version;
  /// bin_dir of the running containerd, with everything it imports merged; empty when unknown.
  std::string running_bin_dir;
  std::string our_bin_dir;
};

/// Never overwrites what somebody has set: a table with another bin_dir gets a link instead.
/// Fails with kConfigInvalid when the file is no TOML, or cannot be added to.
base::Result<VerifierEdit> PlanVerifier(const VerifierInputs& inputs);

}  // namespace sigward::cli
