#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward {

inline constexpr const char* kDefaultConfigPath = "/etc/sigward/config.toml";
inline constexpr std::size_t kMaxConfigBytes = 256U << 10;
/// Bounds on [gate] pull_deadline. containerd kills a verifier after per_verifier_timeout, 10 s
/// unless it is configured otherwise, and then shows no reason; sigward-image-verifier waits 9.5 s.
inline constexpr std::chrono::seconds kMinPullDeadline{1};
inline constexpr std::chrono::seconds kMaxPullDeadline{9};

inline constexpr std::size_t kMaxTokenHosts = 32;
inline constexpr std::size_t kMaxEvidenceLayouts = 16;

/// The one configuration of all of sigward's processes. What is not set has the value written here.
struct Config {
  std::string gate_socket = "/run/sigward/gate.sock";
  std::chrono::seconds pull_deadline{8};
  std::string containerd_address = "/run/containerd/containerd.sock";
  /// containerd's state folder, whose bundles the runtime door answers for.
  std::string containerd_state = "/run/containerd";
  /// Empty: sigward registers with no NRI.
  std::string nri_socket = "/run/nri/nri.sock";
  /// Two digits: sigward's place among NRI plugins.
  std::string nri_index = "10";
  /// Path of the compiled policy; has no default.
  std::string policy_path;
  std::string state_dir = "/var/lib/sigward";
  std::string hosts_dir = "/etc/containerd/certs.d";
  /// docker's config.json with credentials; empty: none.
  std::string auth_file;
  /// kubelet's CredentialProviderConfig, and the folder of the programs that it names; both or
  /// neither.
  std::string credential_provider_config;
  std::string credential_provider_bin_dir;
  /// Hosts beside a registry's own whose token servers may see its credentials.
  std::vector<std::string> token_hosts;
  /// OCI image layouts on disk that may hold evidence.
  std::vector<std::string> evidence_layouts;

  /// The workers listen beside the gate.
  std::string fetchd_socket() const { return SocketFolder() + "/fetchd.sock"; }
  std::string verifyd_socket() const { return SocketFolder() + "/verifyd.sock"; }
  std::string credentiald_socket() const { return SocketFolder() + "/credentiald.sock"; }
  /// Whether sigward-credentiald has anything to give.
  bool HasCredentials() const { return !auth_file.empty() || !credential_provider_config.empty(); }
  /// The folder of gate_socket, without a slash at its end.
  std::string SocketFolder() const { return gate_socket.substr(0, gate_socket.rfind('/')); }
};

/// Parses the TOML text of FILE_NAME. Fails with kConfigInvalid; the text is
/// "FILE:LINE: what stands there, what was expected". Beyond ASCII only comments may hold anything.
base::Result<Config> ParseConfig(std::string_view text, const std::string& file_name);

/// The text of the file at PATH, at most kMaxConfigBytes. Fails with kConfigInvalid.
base::Result<std::string> ReadConfigText(const std::string& path);

/// Both at once. Fails with kConfigInvalid.
base::Result<Config> ReadConfig(const std::string& path);

}  // namespace sigward
