#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/strict_json.h"

namespace sigward::testing {

/// A document with exactly one fault, and what the fault is: "changed /a/b", "removed /a/b",
/// "null /a/b", "renamed /a/b".
struct Mutation {
  std::string name;
  base::Json document;
};

/// Calls SEE with the place of each value below DOCUMENT's root, and the value, from the outside
/// in.
void ForEachValue(
    const base::Json& document,
    const std::function<void(const base::Json::json_pointer&, const base::Json&)>& see);

/// Every single-fault neighbour of DOCUMENT: each value below the root changed (strings get a
/// letter more, numbers one more), removed, made null, and each member renamed.
std::vector<Mutation> MutationsOf(const base::Json& document);

}  // namespace sigward::testing
