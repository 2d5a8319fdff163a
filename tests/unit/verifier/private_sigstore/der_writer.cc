#include "private_sigstore/der_writer.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <cstdlib>

namespace sigward::testing {

using base::ByteBuffer;
using base::ByteView;

ByteBuffer Element(std::uint8_t tag, ByteView contents) {
  ByteBuffer out = {tag};
  const std::size_t size = contents.size();
  if (size < 0x80) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else if (size <= 0xff) {
    out.insert(out.end(), {0x81, static_cast<std::uint8_t>(size)});
  } else if (size <= 0xffff) {
    out.insert(out.end(),
               {0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  } else {
    out.insert(out.end(), {0x83, static_cast<std::uint8_t>(size >> 16),
                           static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  }
  out.insert(out.end(), contents.begin(), contents.end());
  return out;
}

ByteBuffer Concatenated(const std::vector<ByteBuffer>& parts) {
  ByteBuffer out;
  for (const ByteBuffer& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

ByteBuffer Joined(std::initializer_list<ByteView> parts) {
  ByteBuffer out;
  for (const ByteView part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

ByteBuffer Element(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  return Element(tag, ByteView(Joined(parts)));
}

ByteBuffer Sequence(std::initializer_list<ByteView> parts) {
  return Element(0x30, parts);
}

ByteBuffer Set(std::initializer_list<ByteView> parts) {
  return Element(0x31, parts);
}

ByteBuffer Integer(std::uint8_t value) {
  return Element(0x02, ByteView(&value, 1));
}

ByteBuffer OctetString(ByteView contents) {
  return Element(0x04, contents);
}

ByteBuffer Utf8String(std::string_view text) {
  return Element(0x0c, base::AsBytes(text));
}

ByteBuffer GeneralizedTime(const std::string& text) {
  return Element(0x18, base::AsBytes(text));
}

ByteBuffer Oid(const char* dotted) {
  ASN1_OBJECT* object = OBJ_txt2obj(dotted, 1);
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_OBJECT(object, &der);
  if (size <= 0) {
    std::abort();
  }
  ByteBuffer out(der, der + size);
  OPENSSL_free(der);
  ASN1_OBJECT_free(object);
  return out;
}

ByteBuffer Algorithm(const char* dotted) {
  return Sequence({Oid(dotted), Element(0x05, ByteView())});
}

}  // namespace sigward::testing
