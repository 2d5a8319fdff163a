#include "base/json_fields.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sigward::base {

Result<JsonFields> JsonFields::Of(const Json& value, std::string where) {
  if (!value.is_object()) {
    return Fail(Reason::kMalformed, where + " is not an object");
  }
  return JsonFields(value, std::move(where));
}

const Json* JsonFields::Find(std::string_view name) {
  const auto& members = value_->get_ref<const Json::object_t&>();
  const auto found = members.find(name);
  if (found == members.end()) {
    return nullptr;
  }
  asked_.push_back(&found->first);
  return &found->second;
}

bool JsonFields::Has(std::string_view name) const {
  return value_->get_ref<const Json::object_t&>().contains(name);
}

Result<const Json*> JsonFields::Typed(std::string_view name, Json::value_t type,
                                      const char* expected) {
  const Json* member = Find(name);
  if (member != nullptr && member->type() == type) {
    return member;
  }
  return Fail(Reason::kMalformed,
              where_ + "." + std::string(name) +
                  (member == nullptr ? " is missing" : " is not " + std::string(expected)));
}

Result<std::string> JsonFields::String(std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* member, Typed(name, Json::value_t::string, "a string"));
  return member->get_ref<const std::string&>();
}

Result<std::int64_t> JsonFields::Integer(std::string_view name) {
  const Json* member = Find(name);
  if (member == nullptr || !member->is_number_integer() ||
      (member->is_number_unsigned() &&
       member->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))) {
    return Fail(Reason::kMalformed, where_ + "." + std::string(name) +
                                        (member == nullptr ? " is missing" : " is not an integer"));
  }
  return member->get<std::int64_t>();
}

Result<bool> JsonFields::Boolean(std::string_view name) {
  SIGWARD_ASSIGN_OR_RETURN(const Json* member, Typed(name, Json::value_t::boolean, "a boolean"));
  return member->get<bool>();
}

Result<const Json*> JsonFields::Array(std::string_view name) {
  return Typed(name, Json::value_t::array, "an array");
}

Result<const Json*> JsonFields::Object(std::string_view name) {
  return Typed(name, Json::value_t::object, "an object");
}

Status JsonFields::NoOthers() const {
  for (const auto& [name, member] : value_->get_ref<const Json::object_t&>()) {
    if (std::ranges::find(asked_, &name) == asked_.end()) {
      return Fail(Reason::kMalformed,
                  where_ + " has an unknown field " + OneLine(name, kMaxNameInError));
    }
  }
  return Ok();
}

}  // namespace sigward::base
