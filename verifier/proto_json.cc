#include "verifier/proto_json.h"

#include <charconv>
#include <utility>

#include "base/base64.h"

namespace sigward::verifier {

using base::Json;
using base::Reason;
using base::Result;

namespace {

base::Error Malformed(std::string place, std::string_view what) {
  return base::Fail(Reason::kMalformed, std::move(place) + " " + std::string(what));
}

}  // namespace

Result<base::ByteBuffer> ProtoBytes(const Json& value, std::string where, std::size_t max) {
  if (!value.is_string()) {
    return Malformed(std::move(where), "is not a string");
  }
  auto bytes = base::DecodeBase64(value.get_ref<const std::string&>(), (max + 2) / 3 * 4);
  if (!bytes.ok()) {
    return base::Within(where, std::move(bytes).error());
  }
  if (bytes->size() > max) {
    return base::Fail(Reason::kTooLarge,
                      where + " has more than " + std::to_string(max) + " bytes");
  }
  return bytes;
}

Result<ProtoFields> ProtoFields::Of(const Json& value, std::string where) {
  SIGWARD_ASSIGN_OR_RETURN(base::JsonFields fields, base::JsonFields::Of(value, std::move(where)));
  return ProtoFields(std::move(fields));
}

std::string ProtoFields::Place(std::string_view name) const {
  return fields_.where() + "." + std::string(name);
}

const Json* ProtoFields::Find(std::string_view name) {
  const Json* member = fields_.Find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

Result<std::string> ProtoFields::String(std::string_view name) {
  const Json* member = Find(name);
  if (member == nullptr) {
    return std::string();
  }
  if (!member->is_string()) {
    return Malformed(Place(name), "is not a string");
  }
  return member->get_ref<const std::string&>();
}

Result<std::int64_t> ProtoFields::Int64(std::string_view name) {
  const Json* member = Find(name);
  if (member == nullptr) {
    return 0;
  }
  if (member->is_number_unsigned() &&
      member->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    return Malformed(Place(name), "is beyond 64 bits");
  }
  if (member->is_number_integer()) {
    return member->get<std::int64_t>();
  }
  if (!member->is_string()) {
    return Malformed(Place(name), "is not an integer");
  }
  const auto& text = member->get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Malformed(Place(name), "is not an integer");
  }
  return number;
}

Result<std::uint64_t> ProtoFields::Unsigned(std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const std::int64_t number, Int64(name));
  if (number < 0) {
    return Malformed(Place(name), "is negative");
  }
  return static_cast<std::uint64_t>(number);
}

Result<base::ByteBuffer> ProtoFields::Bytes(std::string_view name, std::size_t max) {
  const Json* member = Find(name);
  if (member == nullptr) {
    return base::ByteBuffer();
  }
  return ProtoBytes(*member, Place(name), max);
}

Result<const Json*> ProtoFields::Message(std::string_view name) {
  const Json* member = Find(name);
  if (member != nullptr && !member->is_object()) {
    return Malformed(Place(name), "is not an object");
  }
  return member;
}

Result<const Json*> ProtoFields::Repeated(std::string_view name, std::size_t max) {
  static const Json* const kNone = new Json(Json::array());
  const Json* member = Find(name);
  if (member == nullptr) {
    return kNone;
  }
  if (!member->is_array()) {
    return Malformed(Place(name), "is not an array");
  }
  if (member->size() > max) {
    return base::Fail(Reason::kTooLarge,
                      Place(name) + " has more than " + std::to_string(max) + " elements");
  }
  return member;
}

}  // namespace sigward::verifier
