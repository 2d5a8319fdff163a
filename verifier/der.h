#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Tags of the few DER types that keys, signatures and certificates are made of (X.690 §8).
enum class DerTag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kObjectId = 0x06,
  kUtf8String = 0x0c,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
  /// Context-specific, constructed unless the name says otherwise.
  kContext0Primitive = 0x80,
  kContext0 = 0xa0,
  kContext1 = 0xa1,
  kContext3 = 0xa3,
  kContext4 = 0xa4,
};

/// One element of whatever type.
struct DerItem {
  std::uint8_t tag;
  base::ByteView contents;
  /// Tag, length and contents.
  base::ByteView whole;

  bool Is(DerTag expected) const { return tag == static_cast<std::uint8_t>(expected); }
};

/// Longest contents that a DerReader takes, in bytes. Keys and signatures are far below.
inline constexpr std::size_t kMaxDerLength = 0xffff;

/// Reads DER and nothing that BER allows beside it: definite lengths in their shortest form
/// (X.690 §10.1), so that one value has one spelling.
class DerReader {
 public:
  explicit DerReader(base::ByteView bytes) : rest_(bytes) {}

  /// The contents of the next element, which must carry TAG. Fails with kMalformed.
  base::Result<base::ByteView> Read(DerTag tag);

  /// The next element whatever its type, of a tag of one byte. Fails with kMalformed.
  base::Result<DerItem> ReadAny();

  /// The magnitude, without leading zeros, of the next INTEGER, which must be positive and in its
  /// shortest form. Fails with kMalformed.
  base::Result<base::ByteView> ReadPositiveInteger();

  /// True when the next element carries TAG.
  bool NextIs(DerTag tag) const;
  bool AtEnd() const { return rest_.empty(); }

 private:
  base::ByteView rest_;
};

/// The DER element TAG with CONTENTS, which must not be longer than kMaxDerLength.
base::ByteBuffer DerElement(DerTag tag, base::ByteView contents);

}  // namespace sigward::verifier
