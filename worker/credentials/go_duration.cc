#include "worker/credentials/go_duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

/// In milliseconds. The two-letter units come first, so that "ms" is not taken for minutes.
constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{{{"ns", 1e-6},
                                                                     {"us", 1e-3},
                                                                     {"\xc2\xb5s", 1e-3},
                                                                     {"ms", 1},
                                                                     {"s", 1e3},
                                                                     {"m", 60e3},
                                                                     {"h", 3600e3}}};

base::Error NotADuration() {
  return Fail(Reason::kMalformed, R"(not a duration, which is like "12h" or "1h30m")");
}

}  // namespace

base::Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text) {
  if (text == "0") {
    return std::chrono::milliseconds(0);
  }
  if (text.empty()) {
    return NotADuration();
  }
  const auto longest = static_cast<double>(std::chrono::milliseconds(kLongestGoDuration).count());
  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
    if (digits == 0 || error != std::errc() || end != text.data() + digits) {
      return NotADuration();
    }
    text.remove_prefix(digits);
    const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) {
      return text.starts_with(known.first);
    });
    if (unit == kUnits.end()) {
      return NotADuration();
    }
    text.remove_prefix(unit->first.size());
    total += number * unit->second;
    if (total > longest) {
      return NotADuration();
    }
  }
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(total));
}

}  // namespace sigward::worker
