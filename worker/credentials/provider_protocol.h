#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/client/credential_source.h"
#include "worker/credentials/image_pattern.h"

namespace sigward::worker {

// What is said to a credential provider and by it (credentialprovider.kubelet.k8s.io/v1).

inline constexpr std::size_t kMaxProviderAuths = 64;
/// All patterns, names and passwords of one response together: responses are kept.
inline constexpr std::size_t kMaxProviderAuthBytes = 128U << 10;

enum class CacheKeyType : std::uint8_t { kImage = 1, kRegistry, kGlobal };

/// A credential for the images that match a pattern.
struct ProviderAuth {
  ImagePattern pattern;
  std::string username;
  std::string password;
};

struct ProviderResponse {
  CacheKeyType cache_key_type = CacheKeyType::kImage;
  /// No value: what the configuration says; zero: not at all.
  std::optional<std::chrono::milliseconds> cache_duration;
  std::vector<ProviderAuth> auths;
};

/// The CredentialProviderRequest for IMAGE, "HOST/REPOSITORY".
std::string ProviderRequest(const std::string& image);

/// Reads a CredentialProviderResponse. Members that are not of version v1 are ignored, as kubelet
/// does. Fails with kWorkerFailed, without a word of the text: it holds secrets.
base::Result<ProviderResponse> ParseProviderResponse(std::string_view text);

/// The credential for IMAGE among AUTHS: that of the pattern which comes last in the order of
/// bytes, which puts longer ones before what they begin with; of equal patterns the first. An empty
/// one is none. For Docker Hub the key "index.docker.io" stands in where nothing matches.
std::optional<Credential> MostSpecific(const std::vector<ProviderAuth>& auths,
                                       const std::string& image);

}  // namespace sigward::worker
