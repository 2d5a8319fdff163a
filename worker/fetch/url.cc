#include "worker/fetch/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/ascii.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using base::Result;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, FreeUrl>;

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string result(text);
  curl_free(text);
  return result;
}

/// A name or a literal address in ASCII. libcurl decodes %XX in a host and takes other alphabets:
/// what is compared and checked here must be what is connected to.
bool IsPlainHost(std::string_view host) {
  if (host.starts_with('[')) {
    in6_addr address{};
    return host.ends_with(']') &&
           inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

/// Another reader may not decode %XX in a host, or read a zone (RFC 6874) there, as libcurl does.
bool HasEscapedHost(std::string_view url) {
  const std::size_t slashes = url.find("//");
  if (slashes == std::string_view::npos) {
    return false;
  }
  const std::string_view rest = url.substr(slashes + 2);
  return rest.substr(0, rest.find_first_of("/?#")).find('%') != std::string_view::npos;
}

bool IsLoopback4(std::uint32_t address) {
  return address >> 24 == 127;
}

bool IsLocal4(std::uint32_t address) {
  const std::uint32_t first = address >> 24;
  return first == 0 || IsLoopback4(address) || address >> 16 == 0xa9fe || first >= 224;
}

/// The IPv4 address that an IPv6 address stands for: mapped (::ffff:0:0/96), compatible (::/96) or
/// translated by NAT64 (64:ff9b::/96).
std::optional<std::uint32_t> Embedded4(const in6_addr& address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> kCompatible{};
  constexpr std::array<std::uint8_t, 12> kNat64{0x00, 0x64, 0xff, 0x9b};
  for (const auto& prefix : {kMapped, kCompatible, kNat64}) {
    if (std::memcmp(address.s6_addr, prefix.data(), prefix.size()) == 0) {
      std::uint32_t inner = 0;
      std::memcpy(&inner, address.s6_addr + prefix.size(), sizeof inner);
      return ntohl(inner);
    }
  }
  return std::nullopt;
}

bool IsLoopback6(const in6_addr& address) {
  const auto inner = Embedded4(address);
  return inner.has_value() ? IsLoopback4(*inner) || *inner == 1 : false;
}

bool IsLocal6(const in6_addr& address) {
  // ::1 and :: are IPv4-compatible 0.0.0.1 and 0.0.0.0, which IsLocal4 knows as 0/8.
  if (const auto inner = Embedded4(address); inner.has_value()) {
    return IsLocal4(*inner);
  }
  const std::uint8_t first = address.s6_addr[0];
  const bool link_local = first == 0xfe && (address.s6_addr[1] & 0xc0) == 0x80;
  return link_local || first == 0xff;
}

bool IsLocalhostName(std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  return host == "localhost" || host.ends_with(".localhost");
}

/// Calls FOR4 or FOR6 when HOST is a literal address.
template <typename For4, typename For6>
bool LiteralIs(std::string_view host, For4 for4, For6 for6) {
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string inner(host.substr(1, host.size() - 2));
    in6_addr address{};
    return inet_pton(AF_INET6, inner.c_str(), &address) == 1 && for6(address);
  }
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 &&
         for4(ntohl(address.s_addr));
}

}  // namespace

std::string Url::text() const {
  const bool own_port = origin.port == (origin.scheme == "https" ? "443" : "80");
  return origin.scheme + "://" + origin.host + (own_port ? "" : ":" + origin.port) + path +
         (query.empty() ? "" : "?" + query);
}

Result<Url> ParseUrl(std::string_view text, const Url* base) {
  if (text.size() > kMaxUrlBytes) {
    return Fail(Reason::kMalformed, "URL is too long");
  }
  if (HasEscapedHost(text)) {
    return Fail(Reason::kMalformed, "URL with an escaped host");
  }
  const CurlUrl url(curl_url());
  constexpr unsigned kFlags = CURLU_NON_SUPPORT_SCHEME;
  if (base != nullptr &&
      curl_url_set(url.get(), CURLUPART_URL, base->text().c_str(), kFlags) != CURLUE_OK) {
    return Fail(Reason::kMalformed, "not a URL");
  }
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), kFlags) != CURLUE_OK) {
    return Fail(Reason::kMalformed, "not a URL");
  }
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return Fail(Reason::kMalformed, "URL with credentials in it");
  }
  Url result;
  result.origin.scheme = base::LowerCase(Part(url.get(), CURLUPART_SCHEME));
  if (result.origin.scheme != "https" && result.origin.scheme != "http") {
    return Fail(Reason::kMalformed, "URL is neither https nor http");
  }
  result.origin.host = base::LowerCase(Part(url.get(), CURLUPART_HOST));
  result.origin.port = Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!IsPlainHost(result.origin.host)) {
    return Fail(Reason::kMalformed, "URL without a plain host");
  }
  result.path = Part(url.get(), CURLUPART_PATH);
  if (result.path == "/") {
    result.path.clear();
  }
  result.query = Part(url.get(), CURLUPART_QUERY);
  return result;
}

bool IsLocalHost(std::string_view host) {
  return IsLocalhostName(host) || LiteralIs(host, IsLocal4, IsLocal6);
}

bool IsLoopbackHost(std::string_view host) {
  return IsLocalhostName(host) || LiteralIs(host, IsLoopback4, IsLoopback6);
}

bool MayLeadToLocal(std::string_view registry, std::string_view host) {
  return (IsLoopbackHost(registry) && IsLoopbackHost(host)) ||
         (IsLocalHost(registry) && host == registry);
}

bool IsLocalAddress(const sockaddr& address, socklen_t size) {
  if (address.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return IsLocal4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return IsLocal6(v6.sin6_addr);
  }
  return true;
}

Result<Url> CheckRedirect(const Url& from, std::string_view location, const Origin& registry) {
  SIGWARD_ASSIGN_OR_RETURN(Url to, ParseUrl(location, &from));
  if (to.origin.scheme != "https" && registry.scheme != "http") {
    return Fail(Reason::kRegistryError, "redirected from https to http");
  }
  if (IsLocalHost(to.origin.host) && !MayLeadToLocal(registry.host, to.origin.host)) {
    return Fail(Reason::kRegistryError, "redirected to a loopback or link-local host");
  }
  return to;
}

namespace {

/// Whether PARAMETER of a link says that it is the next one (RFC 8288 §3.3): `rel`, in whatever
/// case and with space around its "=", is "next" or lists it.
bool SaysNext(std::string_view parameter) {
  std::string text = base::LowerCase(parameter);
  std::ranges::replace_if(
      text, [](char c) { return c == '"' || c == ',' || c == '\t'; }, ' ');
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return false;
  }
  std::string name = text.substr(0, equals);
  std::erase(name, ' ');
  return name == "rel" && (' ' + text.substr(equals + 1) + ' ').find(" next ") != std::string::npos;
}

bool IsNext(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    if (SaysNext(parameters.substr(0, end))) {
      return true;
    }
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
  }
  return false;
}

}  // namespace

std::optional<std::string> NextLink(std::string_view header) {
  while (true) {
    const std::size_t open = header.find('<');
    const std::size_t close = header.find('>', open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view target = header.substr(open + 1, close - open - 1);
    header.remove_prefix(close + 1);
    const std::string_view parameters = header.substr(0, header.find('<'));
    if (IsNext(parameters)) {
      return std::string(target);
    }
    header.remove_prefix(parameters.size());
  }
}

}  // namespace sigward::worker
