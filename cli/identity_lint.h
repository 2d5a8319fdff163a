#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/identity_match.h"

namespace sigward::cli {

/// Where in a certificate a text stands.
enum class IdentityField : std::uint8_t { kIssuer = 1, kSubject, kClaim };

/// Where a policy says a text, and what it is for.
struct TextPlace {
  IdentityField field;
  /// The member it stands in, and the one that a regular expression in its place would stand in.
  std::string given;
  std::string expression;
};

/// A text of FIELD that no policy means and that WANTED fits all the same; empty when none was
/// found.
std::string_view FitsAnybody(const policy::IdentityText& wanted, IdentityField field);

/// The wildcards that TEXT was written for: one `*` at its end means all that is below, which is
/// `**`.
std::string MeantWildcards(std::string_view text);

/// The anchored regular expression for the same: `*` stops at `/` and at `@`, so that what is fixed
/// behind it cannot be brought along in a longer text, and `**` stands for anything.
std::string SafeRegExp(std::string_view text);

/// What is wrong with WILDCARDS, of FIELD, as the rest of a sentence about them; empty when nothing
/// is.
std::string WildcardsConcern(const policy::IdentityText& wildcards, IdentityField field);

/// The same of TEXT, at PLACE, whose stars are compared literally: with what was meant in place of
/// it, where that is safe.
std::string StarsConcern(const std::string& text, const TextPlace& place);

/// True when the regular expression PATTERN, which parses, plainly has to match a whole text: every
/// alternative begins with `^` or `\A` and ends with `$`, `\z` or `.*`. When in doubt, false.
bool IsAnchored(std::string_view pattern);

}  // namespace sigward::cli
