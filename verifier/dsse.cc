#include "verifier/dsse.h"

#include <charconv>
#include <optional>

#include "verifier/evidence.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kMagic = "DSSEv1 ";

base::Error Malformed() {
  return base::Fail(base::Reason::kMalformed, "the signed bytes are no DSSE encoding");
}

/// Takes "LENGTH SP" off TEXT, the length in its shortest decimal form and at most MAX.
std::optional<std::size_t> TakeLength(std::string_view& text, std::size_t max) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(0, space);
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), length);
  const bool shortest = digits == "0" || !digits.starts_with('0');
  if (error != std::errc() || end != digits.end() || !shortest || length > max) {
    return std::nullopt;
  }
  text.remove_prefix(space + 1);
  return length;
}

}  // namespace

base::ByteBuffer PreAuthEncoding(const DsseEnvelope& envelope) {
  std::string head(kMagic);
  head += std::to_string(envelope.payload_type.size()) + " " + envelope.payload_type + " " +
          std::to_string(envelope.payload.size()) + " ";
  base::ByteBuffer out;
  out.reserve(head.size() + envelope.payload.size());
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), envelope.payload.begin(), envelope.payload.end());
  return out;
}

base::Result<SignedPayload> ReadSignedPayload(const SignedBytes& encoding) {
  std::string_view rest = base::AsText(encoding.bytes());
  if (!rest.starts_with(kMagic)) {
    return Malformed();
  }
  rest.remove_prefix(kMagic.size());
  const std::optional<std::size_t> type_length = TakeLength(rest, kMaxBundleBytes);
  if (!type_length || rest.size() <= *type_length || rest[*type_length] != ' ') {
    return Malformed();
  }
  const std::string_view type = rest.substr(0, *type_length);
  rest.remove_prefix(*type_length + 1);
  const std::optional<std::size_t> payload_length = TakeLength(rest, kMaxBundleBytes);
  if (!payload_length || rest.size() != *payload_length) {
    return Malformed();
  }
  return SignedPayload{type, base::AsBytes(rest)};
}

}  // namespace sigward::verifier
