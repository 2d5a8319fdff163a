#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::verifier {

/// Tags of the few DER types that keys and signatures are made of (X.690 §8).
enum class DerTag : std::uint8_t {
  kInteger = 0x02,
  kBitString = 0x03,
  kNull = 0x05,
  kObjectId = 0x06,
  kSequence = 0x30,
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
