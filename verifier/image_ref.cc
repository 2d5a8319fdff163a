#include "verifier/image_ref.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::string_view kLegacyDefaultRegistry = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::string_view kLocalhost = "localhost";
constexpr std::string_view kDefaultTag = "latest";
constexpr std::size_t kMaxRepositoryLength = 255;
constexpr std::size_t kMaxTagLength = 128;
constexpr std::size_t kImageIdLength = 64;
constexpr std::size_t kMaxTextInError = 256;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

bool ConsistsOf(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool Contains(std::string_view alphabet, char c) {
  return alphabet.find(c) != std::string_view::npos;
}

/// Calls PREDICATE with each piece of TEXT between SEPARATORs; true when all of them pass.
template <typename Predicate>
bool EachPiece(std::string_view text, char separator, Predicate predicate) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!predicate(text.substr(0, end))) {
      return false;
    }
    if (end == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

bool IsDomainName(std::string_view host) {
  return EachPiece(host, '.', [](std::string_view label) {
    return !label.empty() && Contains(kAlphanumeric, label.front()) &&
           Contains(kAlphanumeric, label.back()) &&
           std::all_of(label.begin(), label.end(),
                       [](char c) { return c == '-' || Contains(kAlphanumeric, c); });
  });
}

bool IsBracketedAddress(std::string_view host) {
  if (host.size() < 3 || !host.starts_with('[') || !host.ends_with(']')) {
    return false;
  }
  const std::string_view inside = host.substr(1, host.size() - 2);
  return std::all_of(inside.begin(), inside.end(),
                     [](char c) { return c == ':' || Contains(kHexDigits, c); });
}

/// A port in its one spelling. A leading zero would give one registry two names.
bool IsPort(std::string_view port) {
  return !port.empty() && port.size() <= 5 && ConsistsOf(port, kDigits) && port.front() != '0' &&
         (port.size() < 5 || port <= "65535");
}

bool IsRegistry(std::string_view registry) {
  const std::size_t bracket = registry.rfind(']');
  const std::size_t colon = registry.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = registry.substr(0, colon);
  const bool port_is_good = colon == std::string_view::npos || IsPort(registry.substr(colon + 1));
  return port_is_good && (IsDomainName(host) || IsBracketedAddress(host));
}

/// Letters and digits joined by ".", "_", "__" or any number of "-".
bool IsPathComponent(std::string_view component) {
  while (true) {
    const std::size_t word =
        std::min(component.find_first_not_of(kLowerAlphanumeric), component.size());
    if (word == 0) {
      return false;
    }
    component.remove_prefix(word);
    if (component.empty()) {
      return true;
    }
    const std::size_t joint =
        std::min(component.find_first_of(kLowerAlphanumeric), component.size());
    const std::string_view separator = component.substr(0, joint);
    if (separator != "." && separator != "_" && separator != "__" && !ConsistsOf(separator, "-")) {
      return false;
    }
    component.remove_prefix(joint);
  }
}

bool IsRepository(std::string_view repository) {
  return repository.size() <= kMaxRepositoryLength && EachPiece(repository, '/', IsPathComponent);
}

bool IsTag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kMaxTagLength && tag.front() != '.' && tag.front() != '-' &&
         std::all_of(tag.begin(), tag.end(), [](char c) {
           return c == '_' || c == '.' || c == '-' || Contains(kAlphanumeric, c);
         });
}

bool IsImageId(std::string_view text) {
  return text.size() == kImageIdLength && ConsistsOf(text, "0123456789abcdef");
}

/// A first component is a registry when it has a "." or ":", is localhost, or holds an upper-case
/// letter, which no repository may.
bool LooksLikeRegistry(std::string_view component) {
  return component == kLocalhost || component.find_first_of(".:") != std::string_view::npos ||
         base::LowerCase(component) != component;
}

struct Split {
  std::string registry;
  std::string remainder;
};

Split SplitRegistry(std::string_view text) {
  const std::size_t slash = text.find('/');
  Split out{std::string(kDefaultRegistry), std::string(text)};
  if (slash != std::string_view::npos && LooksLikeRegistry(text.substr(0, slash))) {
    out = {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  }
  if (out.registry == kLegacyDefaultRegistry) {
    out.registry = kDefaultRegistry;
  }
  if (out.registry == kDefaultRegistry && out.remainder.find('/') == std::string::npos) {
    out.remainder.insert(0, kOfficialPrefix);
  }
  return out;
}

/// The host of SPLIT in lower case, with one name for Docker's. None when its capitals carry
/// meaning: a word that is a host only for having them, or Docker's in capitals with one component
/// behind it, where the runtime does not put library/ in front. In lower case both would be another
/// repository.
std::optional<std::string> OneHostName(const Split& split) {
  std::string lower = base::LowerCase(split.registry);
  if (lower == kLegacyDefaultRegistry) {
    lower = kDefaultRegistry;
  }
  const bool one_component = split.remainder.find('/') == std::string::npos;
  if (!LooksLikeRegistry(lower) || (lower == kDefaultRegistry && one_component)) {
    return std::nullopt;
  }
  return lower;
}

}  // namespace

base::Result<ImageRef> ImageRef::Parse(std::string_view text) {
  if (text.size() > kMaxReferenceLength) {
    return base::Fail(base::Reason::kTooLarge, "image reference is longer than " +
                                                   std::to_string(kMaxReferenceLength) + " bytes");
  }
  const auto refuse = [&](const std::string& what) {
    return base::Fail(base::Reason::kInvalidReference,
                      "image reference " + base::OneLine(text, kMaxTextInError) + " " + what);
  };
  if (IsImageId(text)) {
    return refuse("is an image id, which names no repository");
  }
  const Split split = SplitRegistry(text);
  ImageRef ref;
  std::optional<std::string> host = OneHostName(split);
  if (!host || !IsRegistry(*host)) {
    return refuse("has no proper registry host");
  }
  ref.registry_ = std::move(*host);
  std::string_view rest = split.remainder;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    base::Result<Digest> digest = Digest::Parse(rest.substr(at + 1));
    if (!digest.ok()) {
      return refuse("has a bad digest: " + digest.error().detail);
    }
    ref.digest_ = std::move(digest).value();
    rest = rest.substr(0, at);
  }
  const std::size_t colon = rest.find(':');
  ref.repository_ = rest.substr(0, colon);
  if (!IsRepository(ref.repository_)) {
    return refuse("has no proper repository");
  }
  const std::string_view tag =
      colon == std::string_view::npos ? kDefaultTag : rest.substr(colon + 1);
  if (!IsTag(tag)) {
    return refuse("has no proper tag");
  }
  if (!ref.digest_) {
    ref.tag_ = tag;
  }
  return ref;
}

std::string ImageRef::text() const {
  return digest_ ? pinned(*digest_) : name() + ":" + *tag_;
}

}  // namespace sigward::verifier
