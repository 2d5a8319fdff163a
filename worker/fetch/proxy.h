#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/fetch/endpoint.h"

namespace sigward::worker {

/// Entries of NO_PROXY that are read.
inline constexpr std::size_t kMaxNoProxyEntries = 1024;

/// The environment's variables as they are; empty where one is not set.
struct ProxyVariables {
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
};

/// A proxy that is asked to connect.
struct Proxy {
  /// "http://proxy.example:3128"; http, https or socks5h, the port always given.
  std::string url;
  /// Shown to the proxy and to nobody else; empty for nothing.
  std::string username;
  std::string password;
};

/// Which requests go through a proxy: as Go programs read HTTP_PROXY, HTTPS_PROXY and NO_PROXY, so
/// containerd too. NO_PROXY has, separated by commas: "*" for everything; addresses and networks
/// ("10.0.0.0/8"); names, which mean what is under them as well; ".name" and "*.name" for only what
/// is under it; each but networks may have a ":port". What is on a loopback address is never asked
/// through a proxy.
class ProxySettings {
 public:
  /// Nothing goes through a proxy.
  ProxySettings() = default;

  /// Fails with kConfigInvalid: a proxy that is no http, https or socks5 URL, or more than
  /// kMaxNoProxyEntries. Values do not stand in the error: they may have a password in them.
  static base::Result<ProxySettings> Parse(const ProxyVariables& variables);

  /// The proxy for requests to TARGET, or null.
  const Proxy* For(const Origin& target) const;

 private:
  /// IPv4 as ::ffff:a.b.c.d.
  using Address = std::array<std::uint8_t, 16>;
  struct Network {
    Address address;
    /// Leading bits that count; at least 96 for IPv4.
    int prefix;
    std::string port;
  };
  struct Domain {
    /// With a dot in front.
    std::string suffix;
    bool is_itself_meant;
    std::string port;
  };

  static std::optional<Address> ParseAddress(std::string_view text);
  static std::optional<Network> ParseNetwork(std::string_view text);
  static bool Contains(const Network& network, const Address& address);
  void AddException(std::string_view entry);
  bool IsException(const Origin& target) const;

  std::optional<Proxy> http_;
  std::optional<Proxy> https_;
  bool all_are_exceptions_ = false;
  std::vector<Network> networks_;
  std::vector<Domain> domains_;
};

}  // namespace sigward::worker
