#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/fetch/endpoint.h"
#include "worker/fetch/hosts_toml.h"

namespace sigward::worker {

/// Bytes of one CA, certificate or key file that hosts.toml names.
inline constexpr std::size_t kMaxCertificateFileBytes = 1U << 20;

/// The places to ask for a registry's content, in order; the last is the registry itself
/// (`server`), and only its word makes something absent. Never empty.
using Endpoints = std::vector<Endpoint>;

/// Who a registry's endpoints are without a file: https, docker.io at registry-1.docker.io. A
/// loopback registry with a port that is not 443 is asked over plain http, one on 443 over TLS
/// without verification, as containerd does: what comes is signature-checked elsewhere, and nobody
/// stands in between.
Endpoint DefaultEndpoint(const std::string& registry);

/// The folder of registries' hosts.toml files, read as containerd reads it: the first of
/// HOST_PORT_, HOST:PORT and _default that exists counts. A folder without hosts.toml may hold
/// certificates in Docker's layout (*.crt, and *.cert with *.key). Safe for several threads.
class HostsConfig {
 public:
  explicit HostsConfig(std::string root) : root_(std::move(root)) {}

  /// The endpoints of REGISTRY ("registry.example:5000"). Files are read again when they change.
  /// Fails with kConfigInvalid (see ParseHostsToml; a file it names cannot be read) or kTooLarge.
  base::Result<std::shared_ptr<const Endpoints>> Find(const std::string& registry);

 private:
  /// What tells one state of a file from another.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: there is no such file
    std::int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Loaded {
    std::map<std::string, Stamp> stamps;
    std::shared_ptr<const Endpoints> endpoints;
  };

  static Stamp StampOf(const std::string& path);
  base::Result<std::optional<std::string>> FolderOf(const std::string& registry) const;
  static base::Result<Loaded> Load(const std::string& folder, const std::string& registry);

  std::string root_;
  std::mutex mutex_;
  std::map<std::string, Loaded> loaded_;  // by registry
};

}  // namespace sigward::worker
