#include "policy/snapshot.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Ok;
using base::Reason;

bool IsLowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// A DNS label: letters and digits, with `-` only between them.
bool IsLabel(std::string_view label) {
  constexpr std::size_t kMaxLabel = 63;
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

bool IsSubdomain(std::string_view name) {
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!IsLabel(name.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

base::Status CheckLength(std::string_view text, std::size_t max) {
  if (text.size() > max) {
    return Fail(Reason::kTooLarge, "longer than " + std::to_string(max) + " bytes");
  }
  return Ok();
}

bool IsPrintableAscii(char c) {
  return c > 0x20 && c < 0x7f;
}

/// Where the host ends in "host:port" or "[address]:port".
std::size_t EndOfHost(std::string_view place) {
  if (place.starts_with('[')) {
    const std::size_t close = place.find(']');
    return close == std::string_view::npos ? place.size() : close + 1;
  }
  return std::min(place.find(':'), place.size());
}

/// A name or an address, as whoever connects to it reads it: nothing in it is escaped.
bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.ends_with(']') &&
           host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return IsLowerOrDigit(base::LowerCase(c)) || c == '.' || c == '-' || c == '_';
  });
}

/// ":1" to ":65535", or nothing.
bool IsPortOrNothing(std::string_view text) {
  if (text.empty()) {
    return true;
  }
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + 1, end, port);
  return text.front() == ':' && error == std::errc() && last == end && port != 0;
}

}  // namespace

std::string_view ModeWord(Mode mode) {
  switch (mode) {
    case Mode::kEnforce:
      return "enforce";
    case Mode::kWarn:
      return "warn";
  }
  return "enforce";
}

std::optional<Mode> ModeFromWord(std::string_view word) {
  for (const Mode mode : {Mode::kEnforce, Mode::kWarn}) {
    if (word == ModeWord(mode)) {
      return mode;
    }
  }
  return std::nullopt;
}

std::string_view NoMatchWord(NoMatch no_match) {
  switch (no_match) {
    case NoMatch::kDeny:
      return "deny";
    case NoMatch::kWarn:
      return "warn";
    case NoMatch::kAllow:
      return "allow";
  }
  return "deny";
}

std::optional<NoMatch> NoMatchFromWord(std::string_view word) {
  for (const NoMatch no_match : {NoMatch::kDeny, NoMatch::kWarn, NoMatch::kAllow}) {
    if (word == NoMatchWord(no_match)) {
      return no_match;
    }
  }
  return std::nullopt;
}

base::Result<KeyRule> KeyRule::Of(std::string pem, std::optional<verifier::HashAlgorithm> hash) {
  SIGWARD_RETURN_IF_ERROR(CheckLength(pem, verifier::kMaxPublicKeyPem));
  const auto key = verifier::PublicKey::Parse(pem);
  if (!key.ok()) {
    return Fail(Reason::kPolicyInvalid, key.error().detail);
  }
  return KeyRule{.pem = std::move(pem), .hash = hash, .fingerprint = key->fingerprint()};
}

base::Status CheckPolicyName(std::string_view name) {
  SIGWARD_RETURN_IF_ERROR(CheckLength(name, kMaxNameLength));
  if (!IsSubdomain(name)) {
    return Fail(Reason::kPolicyInvalid,
                "not a name of Kubernetes (lower-case letters, digits, '-' and '.')");
  }
  return Ok();
}

base::Status CheckAuthorityName(std::string_view name) {
  SIGWARD_RETURN_IF_ERROR(CheckLength(name, kMaxNameLength));
  if (name.empty()) {
    return Fail(Reason::kPolicyInvalid, "empty");
  }
  if (base::OneLine(name, kMaxNameLength) != name) {
    return Fail(Reason::kPolicyInvalid, "holds control characters");
  }
  return Ok();
}

base::Status CheckMessage(std::string_view message) {
  SIGWARD_RETURN_IF_ERROR(CheckLength(message, kMaxMessageLength));
  if (!base::IsUtf8(message)) {
    return Fail(Reason::kPolicyInvalid, "not UTF-8");
  }
  return Ok();
}

base::Status CheckTransparencyUrl(std::string_view url) {
  SIGWARD_RETURN_IF_ERROR(CheckLength(url, kMaxUrlLength));
  std::string_view rest;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) {
      rest = url.substr(scheme.size());
    }
  }
  const std::string_view place = rest.substr(0, rest.find_first_of("/?#"));
  if (place.empty() || !std::all_of(url.begin(), url.end(), IsPrintableAscii)) {
    return Fail(Reason::kPolicyInvalid, "not a http:// or https:// URL");
  }
  // Whoever is told of a log's failure is told the URL.
  if (place.find('@') != std::string_view::npos) {
    return Fail(Reason::kPolicyInvalid, "a URL with credentials in it");
  }
  if (rest.find_first_of("?#\\") != std::string_view::npos) {
    return Fail(Reason::kPolicyInvalid, "a URL with more than host and path");
  }
  const std::size_t host_end = EndOfHost(place);
  if (!IsHost(place.substr(0, host_end)) || !IsPortOrNothing(place.substr(host_end))) {
    return Fail(Reason::kPolicyInvalid, "not a http:// or https:// URL");
  }
  return Ok();
}

std::vector<const Policy*> PolicySnapshot::Select(const verifier::ImageRef& image,
                                                  const verifier::Digest& digest) const {
  std::vector<const Policy*> selected;
  for (const std::size_t place : globs_.Find(GlobSubject(image, digest))) {
    selected.push_back(&policies_[place]);
  }
  return selected;
}

}  // namespace sigward::policy
