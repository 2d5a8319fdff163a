#pragma once

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

/// Every single-fault neighbour of DOCUMENT: each value below the root changed (strings get a
/// letter more, numbers one more), removed, made null, and each member renamed.
std::vector<Mutation> MutationsOf(const base::Json& document);

}  // namespace sigward::testing
