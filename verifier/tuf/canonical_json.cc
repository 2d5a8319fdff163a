#include "verifier/tuf/canonical_json.h"

#include <string_view>

namespace sigward::verifier::tuf {
namespace {

using base::Json;

void AppendString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  out += '"';
}

base::Status Append(const Json& value, std::string& out);

base::Status AppendObject(const Json& object, std::string& out) {
  char before = '{';
  // The library keeps members in the order of their names' bytes, which in UTF-8 is that of their
  // code points.
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    out += before;
    before = ',';
    AppendString(name, out);
    out += ':';
    SIGWARD_RETURN_IF_ERROR(Append(member, out));
  }
  out += object.empty() ? "{}" : "}";
  return base::Ok();
}

base::Status AppendArray(const Json& array, std::string& out) {
  char before = '[';
  for (const Json& element : array) {
    out += before;
    before = ',';
    SIGWARD_RETURN_IF_ERROR(Append(element, out));
  }
  out += array.empty() ? "[]" : "]";
  return base::Ok();
}

base::Status Append(const Json& value, std::string& out) {
  if (value.is_object()) {
    return AppendObject(value, out);
  }
  if (value.is_array()) {
    return AppendArray(value, out);
  }
  if (value.is_string()) {
    AppendString(value.get_ref<const std::string&>(), out);
  } else if (value.is_number_integer() || value.is_boolean() || value.is_null()) {
    out += value.dump();
  } else {
    return base::Fail(base::Reason::kMalformed, "a number in signed metadata is no integer");
  }
  return base::Ok();
}

}  // namespace

base::Result<std::string> CanonicalJson(const Json& value) {
  std::string out;
  SIGWARD_RETURN_IF_ERROR(Append(value, out));
  return out;
}

}  // namespace sigward::verifier::tuf
