#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fields.h"
#include "base/strict_json.h"
#include "policy/snapshot.h"

namespace sigward::policy {

/// One authority of the compiled form. Fails with kPolicyInvalid, kTooLarge, or JsonFields' own.
base::Result<Authority> ParseAuthority(const base::Json& value, const std::string& where);
base::Json ToJson(const Authority& authority);

/// A switch that is off unless it is there and true. Fails with kPolicyInvalid.
base::Result<bool> ParseSwitch(base::JsonFields& fields, std::string_view name);

/// Applies PARSE to every element of the list NAME, which holds MIN to MAX of them. Fails with
/// kPolicyInvalid or kTooLarge.
template <typename T>
base::Result<std::vector<T>> ParseList(base::JsonFields& fields, std::string_view name,
                                       std::size_t min, std::size_t max,
                                       base::Result<T> (*parse)(const base::Json&,
                                                                const std::string&)) {
  SIGWARD_ASSIGN_OR_RETURN(const base::Json* list, fields.Array(name));
  const std::string where = fields.where() + "." + std::string(name);
  if (list->size() < min) {
    return base::Fail(base::Reason::kPolicyInvalid, where + " is empty");
  }
  if (list->size() > max) {
    return base::Fail(base::Reason::kTooLarge, where + " holds more than " + std::to_string(max));
  }
  std::vector<T> parsed;
  for (const base::Json& element : *list) {
    SIGWARD_ASSIGN_OR_RETURN(T one,
                             parse(element, where + "[" + std::to_string(parsed.size()) + "]"));
    parsed.push_back(std::move(one));
  }
  return parsed;
}

}  // namespace sigward::policy
