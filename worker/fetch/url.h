#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/fetch/endpoint.h"

namespace sigward::worker {

/// Longest URL that is looked at, in bytes.
inline constexpr std::size_t kMaxUrlBytes = 8192;

struct Url {
  Origin origin;
  /// Starts with '/', or is empty when the URL has no path.
  std::string path;
  /// Without '?'.
  std::string query;

  std::string text() const;
};

/// Reads an http or https URL; scheme and host are put into lower case, numeric IPv4 spellings into
/// dotted form, an absent port becomes the scheme's own. With BASE, TEXT may be relative to it
/// (RFC 3986 §5), and dot segments are resolved. Fails with kMalformed: other schemes, no host
/// or one that is not plain ASCII (percent signs, zone identifiers), user information (credentials
/// never travel in a URL).
base::Result<Url> ParseUrl(std::string_view text, const Url* base = nullptr);

/// True for "localhost", names under it, and literal addresses that IsLocalAddress knows.
bool IsLocalHost(std::string_view host);

/// True for loopback hosts alone: "localhost" and literal loopback addresses.
bool IsLoopbackHost(std::string_view host);

/// Whether REGISTRY's answers may lead (by a redirect, or to a token server) to the local HOST:
/// both are loopback ones, or HOST is the local REGISTRY itself. What answers on a port of this
/// machine is no reason to ask link-local addresses, where cloud metadata lies.
bool MayLeadToLocal(std::string_view registry, std::string_view host);

/// True for addresses that only mean something on this machine or link: loopback, link-local
/// (cloud metadata lies there), unspecified, multicast and broadcast, also when written as
/// IPv4-mapped or NAT64 IPv6. Anything but IPv4 and IPv6 is local.
bool IsLocalAddress(const sockaddr& address, socklen_t size);

/// Where a redirect from FROM (a request of an endpoint at REGISTRY) may lead. LOCATION is absolute
/// or relative. https only, unless the registry itself is asked over http; to a local host as
/// MayLeadToLocal says. Fails with kRegistryError, or kMalformed as ParseUrl.
base::Result<Url> CheckRedirect(const Url& from, std::string_view location, const Origin& registry);

/// The target of the first `rel="next"` in a Link header (RFC 8288), relative or absolute, if any.
std::optional<std::string> NextLink(std::string_view header);

}  // namespace sigward::worker
