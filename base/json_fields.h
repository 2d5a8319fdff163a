#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strict_json.h"

namespace sigward::base {

/// Reads the members of one JSON object by name and type, and knows which were asked for: NoOthers
/// then refuses what nobody asked for, so an unknown field is an error and never ignored.
/// The Json must outlive this.
class JsonFields {
 public:
  /// WHERE names the object in errors, for example "policies[2]". Fails with kMalformed when VALUE
  /// is not an object.
  static Result<JsonFields> Of(const Json& value, std::string where);

  /// Each fails with kMalformed when the member is missing or has another type. A null is a value
  /// of another type, not an absence.
  Result<std::string> String(std::string_view name);
  Result<std::int64_t> Integer(std::string_view name);
  Result<bool> Boolean(std::string_view name);
  Result<const Json*> Array(std::string_view name);
  Result<const Json*> Object(std::string_view name);

  bool Has(std::string_view name) const;
  /// The member whatever its type, or null when it is absent.
  const Json* Find(std::string_view name);

  /// Fails with kMalformed, naming the first member that was not asked for.
  Status NoOthers() const;

  const std::string& where() const { return where_; }

 private:
  JsonFields(const Json& value, std::string where) : value_(&value), where_(std::move(where)) {}
  Result<const Json*> Typed(std::string_view name, Json::value_t type, const char* expected);

  const Json* value_;
  std::string where_;
  /// Names of members that are there and were asked for, as the value holds them.
  std::vector<const std::string*> asked_;
};

}  // namespace sigward::base
