#include "policy/log_place.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sigward::policy {

std::optional<LogPlace> LogPlaceOf(const Authority& authority, std::string_view default_url) {
  if (!authority.log.trust_root.has_value() || authority.forms == SignatureForms::kBundle) {
    return std::nullopt;
  }
  std::string url = authority.log.url.empty() ? std::string(default_url) : authority.log.url;
  if (url.empty()) {
    return std::nullopt;
  }
  const auto* key = std::get_if<KeyRule>(&authority.rule);
  return LogPlace{std::move(url), key == nullptr ? "" : key->pem};
}

void LogPlaces::Add(LogPlace place) {
  if (std::ranges::find(places_, place) != places_.end()) {
    return;
  }
  const std::size_t bytes = place.url.size() + place.key_pem.size();
  if (places_.size() == kMaxLogPlaces || bytes > kMaxLogPlaceBytes - bytes_) {
    ++left_out_;
    return;
  }
  bytes_ += bytes;
  places_.push_back(std::move(place));
}

}  // namespace sigward::policy
