#include "base/rfc3339.h"

#include <algorithm>
#include <cstddef>

namespace sigward::base {
namespace {

constexpr std::size_t kMaxFraction = 9;

/// Takes a text apart from its front. Once something was not there, nothing further is.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      value = value * 10 + Digit();
    }
    return value;
  }
  int Digit() {
    if (!NextIsDigit()) {
      failed_ = true;
      return 0;
    }
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }
  bool NextIsDigit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool NextIs(char c) const { return !rest_.empty() && rest_.front() == c; }
  void Expect(char c) {
    if (!NextIs(c)) {
      failed_ = true;
      return;
    }
    rest_.remove_prefix(1);
  }
  bool Complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

bool ScanFraction(Scanner& scanner) {
  bool other_than_zero = false;
  scanner.Expect('.');
  std::size_t digits = 0;
  do {
    other_than_zero |= scanner.Digit() != 0;
  } while (++digits < kMaxFraction && scanner.NextIsDigit());
  return other_than_zero;
}

/// Minutes that local time is ahead of UTC.
int ScanOffset(Scanner& scanner, bool& valid) {
  if (scanner.NextIs('Z')) {
    scanner.Expect('Z');
    return 0;
  }
  const int sign = scanner.NextIs('-') ? -1 : 1;
  scanner.Expect(sign < 0 ? '-' : '+');
  const int hours = scanner.Number(2);
  scanner.Expect(':');
  const int minutes = scanner.Number(2);
  valid = hours < 24 && minutes < 60;
  return sign * (hours * 60 + minutes);
}

}  // namespace

Result<Rfc3339Time> ParseRfc3339(std::string_view text) {
  Scanner scanner(text);
  const std::chrono::year year(scanner.Number(4));
  scanner.Expect('-');
  const std::chrono::month month(static_cast<unsigned>(scanner.Number(2)));
  scanner.Expect('-');
  const std::chrono::day day(static_cast<unsigned>(scanner.Number(2)));
  scanner.Expect('T');
  const int hour = scanner.Number(2);
  scanner.Expect(':');
  const int minute = scanner.Number(2);
  scanner.Expect(':');
  const int second = scanner.Number(2);
  const bool has_fraction = scanner.NextIs('.') && ScanFraction(scanner);
  bool valid_offset = true;
  const int offset = ScanOffset(scanner, valid_offset);
  const std::chrono::year_month_day date{year, month, day};
  if (!scanner.Complete() || !valid_offset || !date.ok() || year < std::chrono::year(1) ||
      hour > 23 || minute > 59 || second > 59) {
    return Fail(Reason::kMalformed, "not a time as RFC 3339 writes it");
  }
  return Rfc3339Time{std::chrono::sys_days(date) + std::chrono::hours(hour) +
                         std::chrono::minutes(minute - offset) + std::chrono::seconds(second),
                     has_fraction};
}

std::string Rfc3339Text(std::chrono::sys_seconds time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::string out;
  const auto append = [&out](long number, std::size_t digits, char after) {
    const std::string text = std::to_string(number);
    out += std::string(digits - std::min(digits, text.size()), '0') + text + after;
  };
  append(static_cast<int>(date.year()), 4, '-');
  append(static_cast<unsigned>(date.month()), 2, '-');
  append(static_cast<unsigned>(date.day()), 2, 'T');
  append(clock.hours().count(), 2, ':');
  append(clock.minutes().count(), 2, ':');
  append(clock.seconds().count(), 2, 'Z');
  return out;
}

}  // namespace sigward::base
