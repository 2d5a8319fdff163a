#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::cli {

/// Longest configuration of containerd that is read.
inline constexpr std::size_t kMaxContainerdConfigBytes = 1U << 20;

inline constexpr const char* kVerifierPlugin = "io.containerd.image-verifier.v1.bindir";

/// A runtime handler of CRI's configuration.
struct RuntimeRoute {
  std::string name;
  /// "io.containerd.runc.v2"; empty means that.
  std::string type;
  /// The shim's own path, where one is named.
  std::string shim_path;
  std::string binary_name;
};

/// What `containerd config dump` says, the part that matters for the gates. Versions 2 and 3.
struct ContainerdConfig {
  /// Fails with kTooLarge, or kConfigInvalid when TEXT is no TOML or a value has another type.
  static base::Result<ContainerdConfig> Parse(std::string_view text);

  std::int64_t version = 0;
  std::string address;
  /// Where the bundles of what runs lie.
  std::string state = "/run/containerd";
  bool cri = false;

  struct Verifier {
    std::string bin_dir;
    std::int64_t max_verifiers = 0;
    std::string per_verifier_timeout;
  };
  /// Absent where this containerd has no image verifier, or the plugin is disabled.
  std::optional<Verifier> verifier;

  bool use_local_image_pull = false;
  /// The settings that make CRI pull by itself, past the verifier, whatever the switch above says
  /// (containerd 2.1, internal/cri/config CheckLocalImagePullConfigs).
  std::vector<std::string> implied_local_pull;

  std::string default_runtime;
  std::vector<RuntimeRoute> runtimes;
  /// Environment that containerd gives to its shims beyond its own.
  std::vector<std::string> shim_environment;

  /// Whether there is an NRI plugin that is not disabled.
  bool nri = false;
};

/// Parses a duration as Go writes it ("10s", "1m30s", "1.5h"); none when it is not one.
std::optional<std::chrono::milliseconds> ParseGoDuration(std::string_view text);

/// The major and minor version in what `containerd --version` prints; none when there is none.
struct ContainerdVersion {
  int major = 0;
  int minor = 0;
  std::string text;
};
std::optional<ContainerdVersion> ParseContainerdVersion(std::string_view output);

}  // namespace sigward::cli
