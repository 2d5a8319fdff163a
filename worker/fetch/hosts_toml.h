#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/fetch/endpoint.h"

namespace sigward::worker {

/// Bounds on one hosts.toml: its size in bytes, hosts in it, and headers per host.
inline constexpr std::size_t kMaxHostsTomlBytes = 256U << 10;
inline constexpr std::size_t kMaxHosts = 32;
inline constexpr std::size_t kMaxHeadersPerHost = 32;

/// A file with a certificate and one with its key; KEY is empty when both are in one file.
struct ClientFiles {
  std::string certificate;
  std::string key;
};

/// One host of a hosts.toml. Paths are as written.
struct HostSection {
  /// Absent for the server when the file names none: the registry itself.
  std::optional<Origin> origin;
  std::string path = "/v2";
  Capabilities capabilities;
  std::vector<std::string> ca_files;
  std::optional<ClientFiles> client;
  /// Absent is not false: a loopback registry is not verified by default.
  std::optional<bool> skip_verify;
  std::vector<std::string> headers;
  std::chrono::milliseconds connect_timeout = kConnectTimeout;
};

/// Reads a hosts.toml as containerd does (docs/hosts.md there): `[host."URL"]` sections in the
/// order in which they stand, then the server with what the root table says. The result is never
/// empty.
///
/// Stricter than containerd, which ignores what it does not know and drops a whole file that it
/// cannot read: both fail here, because a file that is not followed sends questions where nobody
/// meant them. FILE names the file in errors. Fails with kTooLarge, or with kConfigInvalid and a
/// detail "FILE:LINE: …" (TOML syntax, unknown key, wrong type, bad URL, more than one client
/// certificate, more than kMaxHosts or kMaxHeadersPerHost).
base::Result<std::vector<HostSection>> ParseHostsToml(std::string_view text,
                                                      const std::string& file);

/// A duration as Go writes them: "300ms", "1.5s", "1m30s". Fails with kMalformed; negative ones
/// too.
base::Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text);

}  // namespace sigward::worker
