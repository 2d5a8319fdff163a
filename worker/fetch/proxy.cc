#include "worker/fetch/proxy.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "base/ascii.h"
#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using base::Result;

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string Part(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string result(text);
  curl_free(text);
  return result;
}

/// No value for an empty TEXT.
Result<std::optional<Proxy>> ParseProxy(const std::string& text, const char* name) {
  if (text.empty()) {
    return std::optional<Proxy>();
  }
  const auto wrong = [name] {
    return Fail(Reason::kConfigInvalid, std::string(name) + " is not the URL of a proxy");
  };
  if (text.size() > kMaxUrlBytes) {
    return wrong();
  }
  const bool has_scheme = text.find("://") != std::string::npos;
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, (has_scheme ? text : "http://" + text).c_str(),
                   CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return wrong();
  }
  std::string scheme = Part(url.get(), CURLUPART_SCHEME, 0);
  std::string port = Part(url.get(), CURLUPART_PORT, 0);
  if (scheme == "socks5" || scheme == "socks5h") {
    // As in Go, names are the proxy's to look up.
    scheme = "socks5h";
    port = port.empty() ? "1080" : port;
  } else if (scheme == "http" || scheme == "https") {
    port = port.empty() ? (scheme == "http" ? "80" : "443") : port;
  } else {
    return wrong();
  }
  const std::string host = Part(url.get(), CURLUPART_HOST, 0);
  if (host.empty()) {
    return wrong();
  }
  return std::optional(Proxy{scheme + "://" + host + ":" + port,
                             Part(url.get(), CURLUPART_USER, CURLU_URLDECODE),
                             Part(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE)});
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

/// "host:port", "[v6]:port", or no port at all; a bare IPv6 address has none.
std::pair<std::string_view, std::string_view> SplitPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos &&
                        (text.starts_with('[') ? text[colon - 1] == ']' : text.find(':') == colon);
  std::string_view host = has_port ? text.substr(0, colon) : text;
  if (has_port && host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  }
  return {host, has_port ? text.substr(colon + 1) : std::string_view()};
}

bool IsV4(const std::array<std::uint8_t, 16>& address) {
  return std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

}  // namespace

Result<ProxySettings> ProxySettings::Parse(const ProxyVariables& variables) {
  ProxySettings settings;
  SIGWARD_ASSIGN_OR_RETURN(settings.http_, ParseProxy(variables.http_proxy, "HTTP_PROXY"));
  SIGWARD_ASSIGN_OR_RETURN(settings.https_, ParseProxy(variables.https_proxy, "HTTPS_PROXY"));
  std::string_view rest = variables.no_proxy;
  for (std::size_t entries = 0; !rest.empty(); ++entries) {
    if (entries == kMaxNoProxyEntries) {
      return Fail(Reason::kConfigInvalid,
                  "NO_PROXY has more than " + std::to_string(kMaxNoProxyEntries) + " entries");
    }
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    settings.AddException(base::LowerCase(Trimmed(entry)));
  }
  return settings;
}

const Proxy* ProxySettings::For(const Origin& target) const {
  const std::optional<Proxy>& proxy = target.scheme == "https" ? https_ : http_;
  const bool goes_straight =
      !proxy.has_value() || IsLoopbackHost(target.host) || IsException(target);
  return goes_straight ? nullptr : &*proxy;
}

std::optional<ProxySettings::Address> ProxySettings::ParseAddress(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  }
  const std::string zero_ended(text);
  Address address{};
  if (inet_pton(AF_INET6, zero_ended.c_str(), address.data()) == 1) {
    return address;
  }
  std::copy(kMapped.begin(), kMapped.end(), address.begin());
  if (inet_pton(AF_INET, zero_ended.c_str(), address.data() + kMapped.size()) == 1) {
    return address;
  }
  return std::nullopt;
}

std::optional<ProxySettings::Network> ProxySettings::ParseNetwork(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = ParseAddress(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int prefix = -1;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (!address.has_value() || failure != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  if (prefix < 0 || prefix > (is_v4 ? 32 : 128)) {
    return std::nullopt;
  }
  return Network{*address, prefix + (is_v4 ? kMappedBits : 0), ""};
}

bool ProxySettings::Contains(const Network& network, const Address& address) {
  if (IsV4(network.address) != IsV4(address)) {
    return false;
  }
  for (int bit = 0; bit < network.prefix; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((network.address[byte] & mask) != (address[byte] & mask)) {
      return false;
    }
  }
  return true;
}

void ProxySettings::AddException(std::string_view entry) {
  if (entry == "*") {
    all_are_exceptions_ = true;
    return;
  }
  if (auto network = ParseNetwork(entry); network.has_value()) {
    networks_.push_back(std::move(*network));
    return;
  }
  auto [host, port] = SplitPort(entry);
  if (host.empty()) {
    return;
  }
  if (const auto address = ParseAddress(host); address.has_value()) {
    networks_.push_back({*address, 128, std::string(port)});
    return;
  }
  if (host.starts_with("*.")) {
    host.remove_prefix(1);
  }
  const bool is_itself_meant = !host.starts_with('.');
  domains_.push_back(
      {(is_itself_meant ? "." : "") + std::string(host), is_itself_meant, std::string(port)});
}

bool ProxySettings::IsException(const Origin& target) const {
  if (all_are_exceptions_) {
    return true;
  }
  const auto has_port = [&target](const auto& entry) {
    return entry.port.empty() || entry.port == target.port;
  };
  if (const auto address = ParseAddress(target.host); address.has_value()) {
    return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
      return Contains(network, *address) && has_port(network);
    });
  }
  return std::any_of(domains_.begin(), domains_.end(), [&](const Domain& domain) {
    const bool is_under = target.host.ends_with(domain.suffix) ||
                          (domain.is_itself_meant && target.host == domain.suffix.substr(1));
    return is_under && has_port(domain);
  });
}

}  // namespace sigward::worker
