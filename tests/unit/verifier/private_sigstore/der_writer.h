#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sigward::testing {

/// DER as a test writes it: every mistake is possible, and lengths are in their shortest form.
base::ByteBuffer Element(std::uint8_t tag, base::ByteView contents);
base::ByteBuffer Element(std::uint8_t tag, std::initializer_list<base::ByteView> parts);
base::ByteBuffer Sequence(std::initializer_list<base::ByteView> parts);
base::ByteBuffer Set(std::initializer_list<base::ByteView> parts);
base::ByteBuffer Integer(std::uint8_t value);
base::ByteBuffer OctetString(base::ByteView contents);
base::ByteBuffer Utf8String(std::string_view text);
base::ByteBuffer GeneralizedTime(const std::string& text);
/// An OBJECT IDENTIFIER from its dotted numbers.
base::ByteBuffer Oid(const char* dotted);
/// SEQUENCE { OID, NULL }.
base::ByteBuffer Algorithm(const char* dotted);
base::ByteBuffer Concatenated(const std::vector<base::ByteBuffer>& parts);
base::ByteBuffer Joined(std::initializer_list<base::ByteView> parts);

}  // namespace sigward::testing
