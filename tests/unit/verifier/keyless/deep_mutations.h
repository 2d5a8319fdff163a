#pragma once

#include <string>
#include <vector>

#include "base/strict_json.h"

namespace sigward::testing {

/// A document's text with exactly one fault, and what the fault is.
struct TextMutation {
  std::string name;
  std::string text;
};

/// Every single-fault neighbour of DOCUMENT that MutationsOf makes, and for each value below the
/// root:
/// - "first bit", "middle bit", "last bit" of what a string is the base64 of, if of more than three
///   bytes; the lowest bit of that byte;
/// - "one more", "one less" for numbers and strings that are one;
/// - "swapped": what OTHER, a document of the same kind, has in that place, where it differs;
/// - "doubled text": a text twice over, or what it is the base64 of; "doubled": an element of a
///   list twice, a member twice.
std::vector<TextMutation> DeepMutationsOf(const base::Json& document, const base::Json& other);

/// BYTES with the first, middle or last byte's lowest bit flipped.
std::vector<std::string> FlippedThrice(const std::string& bytes);

}  // namespace sigward::testing
