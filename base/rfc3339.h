#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sigward::base {

/// A moment as RFC 3339 writes it.
struct Rfc3339Time {
  std::chrono::sys_seconds seconds;
  /// Something beyond the whole second was written, other than zeros.
  bool has_fraction = false;
};

/// Parses one date-time of RFC 3339 §5.6 as proto3 JSON takes it: `T` and `Z` in upper case, one to
/// nine digits of a second's fraction, an offset instead of `Z` where there is one, years 1 to
/// 9999, no leap second. Fails with kMalformed.
Result<Rfc3339Time> ParseRfc3339(std::string_view text);

/// TIME, of the years 1 to 9999, in UTC: "2026-08-28T19:25:56Z".
std::string Rfc3339Text(std::chrono::sys_seconds time);

}  // namespace sigward::base
