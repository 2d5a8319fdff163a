#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/credentials/image_pattern.h"

namespace sigward::worker {

inline constexpr std::size_t kMaxProviderConfigBytes = 256U << 10;
inline constexpr std::size_t kMaxProviders = 32;
/// Most matchImages, arguments and variables of one provider.
inline constexpr std::size_t kMaxProviderItems = 256;

/// One provider of a kubelet CredentialProviderConfig (kubelet.config.k8s.io/v1).
struct Provider {
  /// Of a program in credential_provider_bin_dir; no path.
  std::string name;
  std::vector<ImagePattern> match_images;
  std::chrono::milliseconds default_cache_duration{0};
  std::vector<std::string> arguments;
  /// "NAME=value".
  std::vector<std::string> environment;

  bool Covers(std::string_view image) const;
};

/// Reads kubelet's own file, which is YAML or JSON. A field that is not known here, such as
/// tokenAttributes, is an error and named: what it asks for would not be done. Fails with
/// kConfigInvalid.
base::Result<std::vector<Provider>> ParseProviderConfig(std::string_view text);

}  // namespace sigward::worker
