#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::worker {

/// How long a connection may take to come about unless `dial_timeout` says otherwise.
inline constexpr std::chrono::milliseconds kConnectTimeout{3000};

/// A host whose bytes anybody on the way could have sent. Signatures are checked elsewhere, so this
/// can withhold or replay, never forge; still it takes a word in the configuration (or a loopback
/// address), has a type of its own and is logged.
enum class InsecureTransport : std::uint8_t { kPlainHttp = 1, kUnverifiedTls = 2 };
std::string_view InsecureTransportName(InsecureTransport transport);

/// What a host may be asked, as `capabilities` in hosts.toml says. "push" and "referrers" are known
/// there and change nothing here: what is mutable (tags and lists of referrers) needs resolve.
struct Capabilities {
  bool pull = true;
  bool resolve = true;
};

struct ClientCertificate {
  std::string certificate_pem;
  std::string key_pem;

  friend bool operator==(const ClientCertificate&, const ClientCertificate&) = default;
};

/// Scheme, host and port of a URL: who gets to see a request.
struct Origin {
  /// "http" or "https".
  std::string scheme;
  /// In lower case, an IPv6 address with its brackets.
  std::string host;
  std::string port;

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// One place that is asked for a registry's content.
struct Endpoint {
  Origin origin;
  /// Path of the distribution API, "/v2" or "" or "/prefix/v2", never with a slash at its end.
  std::string path;
  Capabilities capabilities;
  std::optional<InsecureTransport> insecure;
  /// Certificates in PEM that are trusted next to the system's.
  std::string ca_pem;
  std::optional<ClientCertificate> client;
  /// "Name: value", sent to this origin and to no other.
  std::vector<std::string> headers;
  std::chrono::milliseconds connect_timeout = kConnectTimeout;
  /// Whether the host may lie on a loopback or link-local address: it is one by its own name, or
  /// the operator wrote the URL. A name that only an image reference brought up may not.
  bool may_be_local = false;
  /// Set where the operator wrote the URL with http: credentials may go there even so.
  bool is_http_meant = false;
  /// Set for a mirror: the registry it is asked for, sent as `ns`.
  std::string mirrored_registry;

  /// "https://host:port/v2".
  std::string url() const;
  /// "host:port", the port only where it is not the scheme's own: what credentials are kept by.
  std::string authority() const;
  /// True when HEADERS say who asks: then nothing else does.
  bool HasOwnAuthorization() const;
  /// True when OTHER is the same API, however it is reached.
  bool IsPlaceOf(const Endpoint& other) const {
    return origin == other.origin && path == other.path;
  }
};

}  // namespace sigward::worker
