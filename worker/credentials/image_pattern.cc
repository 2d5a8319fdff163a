#include "worker/credentials/image_pattern.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/star_match.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

struct Parts {
  std::vector<std::string> labels;
  std::string port;
  std::string path;
};

/// What can stand in the name of an image, and the star.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return base::IsAlphaNumeric(c) ||
           std::string_view(".-_*:/[]").find(c) != std::string_view::npos;
  });
}

/// An IPv6 address in brackets is one label.
Parts Split(std::string_view text) {
  Parts parts;
  const std::size_t slash = std::min(text.find('/'), text.size());
  parts.path = text.substr(slash);
  std::string_view host = text.substr(0, slash);
  const bool is_address = host.starts_with('[');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (!is_address || host[colon - 1] == ']')) {
    parts.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  while (!is_address && host.find('.') != std::string_view::npos) {
    parts.labels.emplace_back(host.substr(0, host.find('.')));
    host.remove_prefix(host.find('.') + 1);
  }
  parts.labels.emplace_back(host);
  return parts;
}

}  // namespace

base::Result<ImagePattern> ImagePattern::Parse(std::string_view text) {
  if (text.size() > kMaxImagePattern) {
    return Fail(Reason::kTooLarge,
                "a pattern for images is longer than " + std::to_string(kMaxImagePattern));
  }
  if (text.empty() || !IsPlain(text)) {
    return Fail(Reason::kMalformed, "not a pattern for images, which is HOST[:PORT][/PATH]");
  }
  Parts parts = Split(text);
  // "https://registry.example" would be a host "https" with an empty port.
  const bool has_port = !text.substr(0, text.find('/')).ends_with(':') &&
                        parts.port.find_first_not_of("0123456789") == std::string::npos;
  const bool has_host =
      std::none_of(parts.labels.begin(), parts.labels.end(), [](const std::string& label) {
        return label.empty() || (!(label.starts_with('[') && label.ends_with(']')) &&
                                 label.find_first_of(":[]") != std::string::npos);
      });
  if (!has_host || !has_port) {
    return Fail(Reason::kMalformed, "not a pattern for images, which is HOST[:PORT][/PATH]");
  }
  ImagePattern pattern;
  pattern.text_ = text;
  pattern.labels_ = std::move(parts.labels);
  pattern.port_ = std::move(parts.port);
  pattern.path_ = std::move(parts.path);
  return pattern;
}

bool ImagePattern::Matches(std::string_view image) const {
  const Parts parts = Split(image);
  return parts.port == port_ && parts.path.starts_with(path_) &&
         std::equal(labels_.begin(), labels_.end(), parts.labels.begin(), parts.labels.end(),
                    base::MatchesStars);
}

}  // namespace sigward::worker
