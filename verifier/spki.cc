#include "verifier/spki.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>

#include "verifier/der.h"

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kOidEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01"sv;
constexpr std::string_view kOidRsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;
constexpr std::string_view kOidEd25519 = "\x2b\x65\x70"sv;

struct Curve {
  std::string_view oid;
  KeyType type;
  std::size_t coordinate_bytes;
};
constexpr std::array<Curve, 3> kCurves = {{
    {"\x2a\x86\x48\xce\x3d\x03\x01\x07"sv, KeyType::kEcdsaP256, 32},
    {"\x2b\x81\x04\x00\x22"sv, KeyType::kEcdsaP384, 48},
    {"\x2b\x81\x04\x00\x23"sv, KeyType::kEcdsaP521, 66},
}};

/// Types that people do try, so that they read a name and not a number.
struct RefusedType {
  std::string_view oid;
  std::string_view name;
};
constexpr std::array<RefusedType, 6> kRefusedTypes = {{
    {"\x2b\x65\x72"sv, "Ed25519ph"},
    {"\x2b\x65\x71"sv, "Ed448"},
    {"\x2b\x65\x6e"sv, "X25519"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"sv, "RSASSA-PSS"},
    {"\x2a\x86\x48\xce\x38\x04\x01"sv, "DSA"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01"sv, "Diffie-Hellman"},
}};

constexpr std::size_t kEd25519Bytes = 32;
constexpr std::uint8_t kUncompressedPoint = 4;

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("public key: ") + what);
}

base::Error Unsupported(std::string_view what) {
  return base::Fail(base::Reason::kUnsupportedAlgorithm, "public key: " + std::string(what));
}

base::Error UnsupportedType(std::string_view oid) {
  const auto* known = std::find_if(kRefusedTypes.begin(), kRefusedTypes.end(),
                                   [&](const RefusedType& type) { return type.oid == oid; });
  const std::string_view name = known == kRefusedTypes.end() ? "its type" : known->name;
  return Unsupported(std::string(name) + " is not supported");
}

base::Result<KeyParts> ParseEc(DerReader parameters, base::ByteView key) {
  if (!parameters.NextIs(DerTag::kObjectId)) {
    return Unsupported("its curve is not given by name");
  }
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView oid, parameters.Read(DerTag::kObjectId));
  if (!parameters.AtEnd()) {
    return Malformed("something follows the curve");
  }
  const auto* curve = std::find_if(kCurves.begin(), kCurves.end(),
                                   [&](const Curve& c) { return c.oid == base::AsText(oid); });
  if (curve == kCurves.end()) {
    return Unsupported("its curve is none of P-256, P-384 and P-521");
  }
  if (key.size() != 2 * curve->coordinate_bytes + 1 || key[0] != kUncompressedPoint) {
    return Malformed("the point is not an uncompressed one of its curve");
  }
  return KeyParts{curve->type, key, {}, {}};
}

std::size_t BitLength(base::ByteView magnitude) {
  return magnitude.size() * 8 - static_cast<std::size_t>(std::countl_zero(magnitude[0]));
}

base::Result<KeyParts> ParseRsa(DerReader parameters, base::ByteView key) {
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView null, parameters.Read(DerTag::kNull));
  if (!null.empty() || !parameters.AtEnd()) {
    return Malformed("the parameters of an RSA key are not NULL");
  }
  DerReader outer(key);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView sequence, outer.Read(DerTag::kSequence));
  DerReader inner(sequence);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView modulus, inner.ReadPositiveInteger());
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView exponent, inner.ReadPositiveInteger());
  if (!outer.AtEnd() || !inner.AtEnd()) {
    return Malformed("something follows the RSA key");
  }
  const std::size_t bits = BitLength(modulus);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return base::Fail(base::Reason::kWeakKey, "public key: RSA of " + std::to_string(bits) +
                                                  " bits; " + std::to_string(kMinRsaBits) + " to " +
                                                  std::to_string(kMaxRsaBits) + " are accepted");
  }
  if (modulus.back() % 2 == 0) {
    return base::Fail(base::Reason::kWeakKey, "public key: the RSA modulus is even");
  }
  const bool exponent_is_one = exponent.size() == 1 && exponent[0] == 1;
  if (exponent.back() % 2 == 0 || exponent_is_one || BitLength(exponent) > kMaxRsaExponentBits) {
    return base::Fail(base::Reason::kWeakKey,
                      "public key: the RSA exponent is even, below 3 or beyond " +
                          std::to_string(kMaxRsaExponentBits) + " bits");
  }
  return KeyParts{KeyType::kRsa, {}, modulus, exponent};
}

base::Result<KeyParts> ParseEd25519(DerReader parameters, base::ByteView key) {
  if (!parameters.AtEnd() || key.size() != kEd25519Bytes) {
    return Malformed("an Ed25519 key has 32 bytes and no parameters");
  }
  return KeyParts{KeyType::kEd25519, key, {}, {}};
}

}  // namespace

base::Result<KeyParts> ParseSpki(base::ByteView der) {
  DerReader whole(der);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView sequence, whole.Read(DerTag::kSequence));
  DerReader info(sequence);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView algorithm, info.Read(DerTag::kSequence));
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView bits, info.Read(DerTag::kBitString));
  if (!whole.AtEnd() || !info.AtEnd()) {
    return Malformed("something follows the key");
  }
  if (bits.empty() || bits[0] != 0) {
    return Malformed("the key is not a whole number of bytes");
  }
  DerReader parameters(algorithm);
  SIGWARD_ASSIGN_OR_RETURN(const base::ByteView oid, parameters.Read(DerTag::kObjectId));
  const std::string_view type = base::AsText(oid);
  const base::ByteView key = bits.subspan(1);
  if (type == kOidEcPublicKey) {
    return ParseEc(parameters, key);
  }
  if (type == kOidRsa) {
    return ParseRsa(parameters, key);
  }
  if (type == kOidEd25519) {
    return ParseEd25519(parameters, key);
  }
  return UnsupportedType(type);
}

base::ByteBuffer SpkiOfPkcs1(base::ByteView rsa_public_key) {
  base::ByteBuffer algorithm = DerElement(DerTag::kObjectId, base::AsBytes(kOidRsa));
  const base::ByteBuffer null = DerElement(DerTag::kNull, {});
  algorithm.insert(algorithm.end(), null.begin(), null.end());

  base::ByteBuffer bits = {0};
  bits.insert(bits.end(), rsa_public_key.begin(), rsa_public_key.end());
  bits = DerElement(DerTag::kBitString, bits);

  base::ByteBuffer info = DerElement(DerTag::kSequence, algorithm);
  info.insert(info.end(), bits.begin(), bits.end());
  return DerElement(DerTag::kSequence, info);
}

}  // namespace sigward::verifier
