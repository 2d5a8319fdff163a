#include "verifier/certificate/certificate_der.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sigward::verifier {
namespace {

using base::ByteView;
using base::Result;
using base::Status;

// DER of [0] version 2, which stands for X.509 v3, the only one with extensions.
constexpr std::uint8_t kVersion3 = 2;
constexpr std::uint8_t kDerTrue = 0xff;
// RFC 5280 §4.1.2.5.1: a UTCTime's year from here on is of the twentieth century.
constexpr int kFirstYearOf1900s = 50;

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("certificate: ") + what);
}

Status ReadVersion(DerReader& tbs) {
  SIGWARD_ASSIGN_OR_RETURN(const ByteView explicit_version, tbs.Read(DerTag::kContext0));
  DerReader reader(explicit_version);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView version, reader.Read(DerTag::kInteger));
  if (!reader.AtEnd() || version.size() != 1 || version[0] != kVersion3) {
    return Malformed("it is not of version 3");
  }
  return base::Ok();
}

Result<Validity> ReadValidity(ByteView contents) {
  DerReader reader(contents);
  SIGWARD_ASSIGN_OR_RETURN(const DerItem from, reader.ReadAny());
  SIGWARD_ASSIGN_OR_RETURN(const DerItem until, reader.ReadAny());
  if (!reader.AtEnd()) {
    return Malformed("something follows its times");
  }
  SIGWARD_ASSIGN_OR_RETURN(const Time start, ReadCertificateTime(from));
  SIGWARD_ASSIGN_OR_RETURN(const Time end, ReadCertificateTime(until));
  return Validity{start, end};
}

Result<Extension> ReadExtension(const DerItem& element) {
  if (!element.Is(DerTag::kSequence)) {
    return Malformed("an extension is no SEQUENCE");
  }
  Extension extension;
  extension.element = element.whole;
  DerReader reader(element.contents);
  SIGWARD_ASSIGN_OR_RETURN(extension.oid, reader.Read(DerTag::kObjectId));
  if (reader.NextIs(DerTag::kBoolean)) {
    SIGWARD_ASSIGN_OR_RETURN(const ByteView critical, reader.Read(DerTag::kBoolean));
    // DER spells true in one way, and leaves out what is the default.
    if (critical.size() != 1 || critical[0] != kDerTrue) {
      return Malformed("an extension's criticality is not DER");
    }
    extension.critical = true;
  }
  SIGWARD_ASSIGN_OR_RETURN(extension.value, reader.Read(DerTag::kOctetString));
  if (extension.oid.empty() || !reader.AtEnd()) {
    return Malformed("an extension has no name, or something follows its value");
  }
  return extension;
}

Result<std::vector<Extension>> ReadExtensions(ByteView contents) {
  DerReader whole(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView sequence, whole.Read(DerTag::kSequence));
  if (!whole.AtEnd() || sequence.empty()) {
    return Malformed("its extensions are empty or something follows them");
  }
  std::vector<Extension> extensions;
  for (DerReader reader(sequence); !reader.AtEnd();) {
    if (extensions.size() == kMaxExtensions) {
      return base::Fail(
          base::Reason::kTooLarge,
          "certificate: it has more than " + std::to_string(kMaxExtensions) + " extensions");
    }
    SIGWARD_ASSIGN_OR_RETURN(const DerItem element, reader.ReadAny());
    SIGWARD_ASSIGN_OR_RETURN(const Extension extension, ReadExtension(element));
    // Two readers may each believe another one of two.
    if (std::any_of(extensions.begin(), extensions.end(), [&](const Extension& other) {
          return base::AsText(other.oid) == base::AsText(extension.oid);
        })) {
      return Malformed("an extension stands twice");
    }
    extensions.push_back(extension);
  }
  return extensions;
}

Status ReadTbs(ByteView contents, CertificateDer& out) {
  DerReader tbs(contents);
  SIGWARD_RETURN_IF_ERROR(ReadVersion(tbs));
  // Serial number and signature algorithm are OpenSSL's to judge.
  SIGWARD_RETURN_IF_ERROR(tbs.Read(DerTag::kInteger));
  SIGWARD_RETURN_IF_ERROR(tbs.Read(DerTag::kSequence));
  const auto element = [&tbs](ByteView& view) -> Status {
    SIGWARD_ASSIGN_OR_RETURN(const DerItem item, tbs.ReadAny());
    view = item.whole;
    return item.Is(DerTag::kSequence) ? base::Ok() : Status(Malformed("a part is no SEQUENCE"));
  };
  SIGWARD_RETURN_IF_ERROR(element(out.issuer));
  SIGWARD_ASSIGN_OR_RETURN(const ByteView validity, tbs.Read(DerTag::kSequence));
  SIGWARD_ASSIGN_OR_RETURN(out.validity, ReadValidity(validity));
  SIGWARD_RETURN_IF_ERROR(element(out.subject));
  SIGWARD_RETURN_IF_ERROR(element(out.spki));
  out.before_extensions = contents;
  if (tbs.NextIs(DerTag::kContext3)) {
    SIGWARD_ASSIGN_OR_RETURN(const DerItem extensions, tbs.ReadAny());
    out.before_extensions =
        contents.first(static_cast<std::size_t>(extensions.whole.data() - contents.data()));
    SIGWARD_ASSIGN_OR_RETURN(out.extensions, ReadExtensions(extensions.contents));
  }
  // The unique identifiers that X.509 v2 had ([1], [2]) are in no certificate of use.
  return tbs.AtEnd() ? base::Ok() : Status(Malformed("something unknown stands in it"));
}

/// Two decimal digits, or -1.
int TwoDigits(std::string_view text, std::size_t at) {
  const auto digit = [&](std::size_t i) {
    return text[i] < '0' || text[i] > '9' ? -1 : text[i] - '0';
  };
  const int high = digit(at);
  const int low = digit(at + 1);
  return high < 0 || low < 0 ? -1 : high * 10 + low;
}

}  // namespace

Result<Time> ReadCertificateTime(DerItem item) {
  constexpr std::size_t kUtcLength = 13;
  const bool utc = item.Is(DerTag::kUtcTime);
  if (!utc && !item.Is(DerTag::kGeneralizedTime)) {
    return Malformed("a time is no time");
  }
  std::string_view text = base::AsText(item.contents);
  if (text.size() != (utc ? kUtcLength : kUtcLength + 2) || text.back() != 'Z') {
    return Malformed("a time is not to the second, in UTC");
  }
  int year = 0;
  if (!utc) {
    const int century = TwoDigits(text, 0);
    text.remove_prefix(2);
    const int of_century = TwoDigits(text, 0);
    year = century < 0 || of_century < 0 ? -1 : century * 100 + of_century;
  } else if (year = TwoDigits(text, 0); year >= 0) {
    year += year >= kFirstYearOf1900s ? 1900 : 2000;
  }
  const int month = TwoDigits(text, 2);
  const int day = TwoDigits(text, 4);
  const int hour = TwoDigits(text, 6);
  const int minute = TwoDigits(text, 8);
  const int second = TwoDigits(text, 10);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return Malformed("a time is none of the calendar");
  }
  return Time(std::chrono::sys_days(date) + std::chrono::hours(hour) +
              std::chrono::minutes(minute) + std::chrono::seconds(second));
}

Result<CertificateDer> ReadCertificateDer(ByteView der) {
  DerReader whole(der);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView contents, whole.Read(DerTag::kSequence));
  DerReader certificate(contents);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView tbs, certificate.Read(DerTag::kSequence));
  SIGWARD_RETURN_IF_ERROR(certificate.Read(DerTag::kSequence));
  SIGWARD_RETURN_IF_ERROR(certificate.Read(DerTag::kBitString));
  if (!whole.AtEnd() || !certificate.AtEnd()) {
    return Malformed("something follows it");
  }
  CertificateDer out;
  SIGWARD_RETURN_IF_ERROR(ReadTbs(tbs, out));
  return out;
}

}  // namespace sigward::verifier
