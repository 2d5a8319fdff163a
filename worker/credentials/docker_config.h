#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/client/credential_source.h"

namespace sigward::worker {

inline constexpr std::size_t kMaxDockerConfigBytes = 1U << 20;
inline constexpr std::size_t kMaxDockerAuths = 1024;
inline constexpr std::size_t kMaxDockerHelpers = 256;
inline constexpr std::size_t kMaxHelperName = 64;

/// What docker's config.json, and the auth.json of containers' tools, says about credentials.
/// Everything else in such a file is somebody else's.
class DockerConfig {
 public:
  /// Reads `auths`, `credHelpers` and `credsStore`. A key is HOST, HOST:PORT, a path below it
  /// (HOST/NAMESPACE), or the URL that docker writes (https://HOST/v1/); all names of Docker Hub
  /// are one. Fails with kConfigInvalid, which never shows a secret.
  static base::Result<DockerConfig> Parse(std::string_view text);

  /// The helper program that alone knows HOST's credentials (credHelpers, else credsStore), or
  /// empty. A name has letters, digits and "-" only.
  const std::string& HelperFor(const std::string& host) const;

  /// What `auths` holds for REPOSITORY at HOST: that of the longest path which it lies in.
  std::optional<Credential> Find(const std::string& host, const std::string& repository) const;

 private:
  struct Auth {
    std::string host;
    /// Without slashes at its ends; empty: the whole host.
    std::string path;
    Credential credential;
  };

  DockerConfig() = default;
  std::vector<Auth> auths_;
  std::map<std::string, std::string> helpers_;
  std::string store_;
};

/// The host that a key of config.json or a helper's server URL stands for, with what follows it:
/// "https://index.docker.io/v1/" is "docker.io" and "", "quay.io/team" is "quay.io" and "team".
std::pair<std::string, std::string> PlaceOf(std::string_view key);

}  // namespace sigward::worker
