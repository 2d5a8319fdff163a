#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/snapshot.h"

namespace sigward::policy {

/// Places where one question may have log entries looked up, and what they take together, in bytes.
inline constexpr std::size_t kMaxLogPlaces = 16;
inline constexpr std::size_t kMaxLogPlaceBytes = 32U << 10;

/// A transparency log that a signature may be looked up in. What it answers is verified like any
/// other evidence; it says where to look and nothing else.
struct LogPlace {
  /// As CheckTransparencyUrl takes it.
  std::string url;
  /// The key that the signature is by, in PEM; empty for whichever the signature's certificate has.
  std::string key_pem;

  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

/// Where entries of AUTHORITY's signatures may be looked up: at its own `log.url`, else at
/// DEFAULT_URL (the snapshot's transparencyUrl). Nothing where it demands no log, where neither
/// says where, or where it takes bundles alone: what can be looked up is what stands beside a
/// signature of cosign's older format.
std::optional<LogPlace> LogPlaceOf(const Authority& authority, std::string_view default_url);

/// A list of places that keeps to its bounds.
class LogPlaces {
 public:
  /// Takes PLACE up unless it is there or there is no room for it.
  void Add(LogPlace place);

  const std::vector<LogPlace>& places() const { return places_; }
  /// Places that there was no room for.
  std::size_t left_out() const { return left_out_; }

 private:
  std::vector<LogPlace> places_;
  std::size_t bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace sigward::policy
