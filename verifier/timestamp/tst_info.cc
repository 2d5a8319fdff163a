#include "verifier/timestamp/tst_info.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "verifier/der.h"
#include "verifier/timestamp/algorithms.h"

namespace sigward::verifier {
namespace {

using base::ByteView;
using base::Reason;

/// Longest fraction of a second. Nothing finer than nanoseconds is written by anybody.
constexpr std::size_t kMaxFractionDigits = 9;

base::Error Malformed(const char* what) {
  return base::Fail(Reason::kMalformed, what);
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

unsigned int Number(std::string_view digits) {
  unsigned int number = 0;
  for (const char digit : digits) {
    number = number * 10 + static_cast<unsigned int>(digit - '0');
  }
  return number;
}

base::Status ReadExtension(DerReader& extensions) {
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, extensions.Read(DerTag::kSequence));
  DerReader extension(sequence);
  SIGWARD_RETURN_IF_ERROR(extension.Read(DerTag::kObjectId));
  if (extension.NextIs(DerTag::kBoolean)) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView critical, extension.Read(DerTag::kBoolean));
    if (critical.size() != 1 || critical[0] != 0) {
      return base::Fail(Reason::kUnsupportedFormat, "it has a critical extension");
    }
  }
  SIGWARD_RETURN_IF_ERROR(extension.Read(DerTag::kOctetString));
  return extension.AtEnd() ? base::Ok() : Malformed("something follows an extension");
}

/// Everything behind genTime, all of it optional.
base::Status ReadRest(DerReader& info) {
  for (const DerTag tag : {DerTag::kSequence, DerTag::kBoolean, DerTag::kInteger,
                           DerTag::kContext0}) {  // accuracy, ordering, nonce, tsa
    if (info.NextIs(tag)) {
      SIGWARD_RETURN_IF_ERROR(info.Read(tag));
    }
  }
  if (info.NextIs(DerTag::kContext1)) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView contents, info.Read(DerTag::kContext1));
    DerReader extensions(contents);
    while (!extensions.AtEnd()) {
      SIGWARD_RETURN_IF_ERROR(ReadExtension(extensions));
    }
  }
  return info.AtEnd() ? base::Ok() : Malformed("something follows what it says");
}

}  // namespace

base::Result<Time> ParseGenTime(std::string_view text) {
  constexpr std::size_t kSeconds = 14;
  if (text.size() <= kSeconds || !IsDigits(text.substr(0, kSeconds)) || text.back() != 'Z') {
    return Malformed("its time is not YYYYMMDDhhmmssZ");
  }
  if (std::string_view fraction = text.substr(kSeconds, text.size() - kSeconds - 1);
      !fraction.empty()) {
    const char point = fraction.front();
    fraction.remove_prefix(1);
    if (point != '.' || !IsDigits(fraction) || fraction.size() > kMaxFractionDigits ||
        fraction.back() == '0') {
      return Malformed("the fraction of its time is not in its shortest form");
    }
  }
  const auto part = [&](std::size_t from, std::size_t size) {
    return Number(text.substr(from, size));
  };
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(part(0, 4))),
                                        std::chrono::month(part(4, 2)),
                                        std::chrono::day(part(6, 2))};
  const unsigned int hour = part(8, 2);
  const unsigned int minute = part(10, 2);
  const unsigned int second = part(12, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) {
    return Malformed("its time is no moment");
  }
  return Time(std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
              std::chrono::seconds(second));
}

base::Result<TstInfo> ParseTstInfo(ByteView der) {
  DerReader whole(der);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, whole.Read(DerTag::kSequence));
  if (!whole.AtEnd()) {
    return Malformed("something follows its TSTInfo");
  }
  DerReader info(sequence);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView version, info.ReadPositiveInteger());
  if (version.size() != 1 || version[0] != 1) {
    return base::Fail(Reason::kUnsupportedFormat, "its version is not 1");
  }
  SIGWARD_RETURN_IF_ERROR(info.Read(DerTag::kObjectId));  // policy
  SIGWARD_ASSIGN_OR_RETURN(const ByteView imprint, info.Read(DerTag::kSequence));
  DerReader imprint_parts(imprint);
  TstInfo out;
  SIGWARD_ASSIGN_OR_RETURN(out.imprint_hash, ReadHashAlgorithm(imprint_parts));
  SIGWARD_ASSIGN_OR_RETURN(out.imprint, imprint_parts.Read(DerTag::kOctetString));
  if (!imprint_parts.AtEnd()) {
    return Malformed("something follows its imprint");
  }
  SIGWARD_RETURN_IF_ERROR(info.Read(DerTag::kInteger));  // serialNumber, which may be negative
  SIGWARD_ASSIGN_OR_RETURN(const ByteView time, info.Read(DerTag::kGeneralizedTime));
  SIGWARD_ASSIGN_OR_RETURN(out.time, ParseGenTime(base::AsText(time)));
  SIGWARD_RETURN_IF_ERROR(ReadRest(info));
  return out;
}

}  // namespace sigward::verifier
