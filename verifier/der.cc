#include "verifier/der.h"

namespace sigward::verifier {
namespace {

constexpr std::uint8_t kLongForm = 0x80;
constexpr std::uint8_t kLongTag = 0x1f;

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("not DER: ") + what);
}

}  // namespace

base::Result<base::ByteView> DerReader::Read(DerTag tag) {
  if (!NextIs(tag)) {
    return Malformed("an element is missing or has another type");
  }
  SIGWARD_ASSIGN_OR_RETURN(const DerItem item, ReadAny());
  return item.contents;
}

base::Result<DerItem> DerReader::ReadAny() {
  if (rest_.size() < 2 || (rest_[0] & kLongTag) == kLongTag) {
    return Malformed("an element is missing or its tag is longer than a byte");
  }
  std::size_t length = rest_[1];
  std::size_t header = 2;
  if (length >= kLongForm) {
    const std::size_t octets = length - kLongForm;
    if (octets < 1 || octets > 2 || rest_.size() < 2 + octets) {
      return Malformed("a length is indefinite or too large");
    }
    length = octets == 1 ? rest_[2] : static_cast<std::size_t>(rest_[2] << 8 | rest_[3]);
    header += octets;
    if (length < kLongForm || (octets == 2 && length <= 0xff)) {
      return Malformed("a length is not in its shortest form");
    }
  }
  if (rest_.size() - header < length) {
    return Malformed("an element is longer than what holds it");
  }
  const DerItem item{rest_[0], rest_.subspan(header, length), rest_.first(header + length)};
  rest_ = rest_.subspan(header + length);
  return item;
}

base::Result<base::ByteView> DerReader::ReadPositiveInteger() {
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView contents, Read(DerTag::kInteger));
  if (contents.empty() || contents[0] >= 0x80) {
    return Malformed("an integer is empty or negative");
  }
  if (contents[0] != 0) {
    return contents;
  }
  if (contents.size() == 1 || contents[1] < 0x80) {
    return Malformed("an integer is zero or not in its shortest form");
  }
  return contents.subspan(1);
}

bool DerReader::NextIs(DerTag tag) const {
  return !rest_.empty() && rest_[0] == static_cast<std::uint8_t>(tag);
}

base::ByteBuffer DerElement(DerTag tag, base::ByteView contents) {
  if (contents.size() > kMaxDerLength) {
    base::AbortOnMisuse("a DER element is too long");
  }
  base::ByteBuffer out = {static_cast<std::uint8_t>(tag)};
  const auto low = static_cast<std::uint8_t>(contents.size() & 0xff);
  const auto high = static_cast<std::uint8_t>(contents.size() >> 8);
  if (high != 0) {
    out.insert(out.end(), {kLongForm | 2, high, low});
  } else if (low >= kLongForm) {
    out.insert(out.end(), {kLongForm | 1, low});
  } else {
    out.push_back(low);
  }
  out.insert(out.end(), contents.begin(), contents.end());
  return out;
}

}  // namespace sigward::verifier
