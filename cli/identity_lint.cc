#include "cli/identity_lint.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.h"
#include "cli/authority.h"

namespace sigward::cli {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// Of the shapes that texts in certificates have, with names that nobody thinks of.
constexpr std::array<std::string_view, 5> kProbes = {
    "qxzvw", "qxzvw@qxzvw.com", "https://qxzvw.com", "https://qxzvw.com/qxzvw/qxzvw",
    // Last: everybody has such a subject for the asking.
    "https://github.com/qxzvw/qxzvw/.github/workflows/qxzvw.yml@refs/heads/qxzvw"};

/// The last byte of a class such as `[:alpha:]`, which stands in another class, at AT of PATTERN.
std::size_t EndOfNamedClass(std::string_view pattern, std::size_t at) {
  if (!pattern.substr(at).starts_with("[:")) {
    return kNone;
  }
  const std::size_t end = pattern.find(":]", at + 2);
  return end == kNone ? kNone : end + 1;
}

/// The alternatives of PATTERN, split at each `|` outside of groups, classes and quotations. None
/// where a quotation is not closed: whatever ends the pattern stands for itself then.
std::vector<std::string_view> Alternatives(std::string_view pattern) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  std::size_t depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      if (pattern.substr(i).starts_with("\\Q")) {
        i = pattern.find("\\E", i);
        if (i == kNone) {
          return {};
        }
      }
      ++i;
    } else if (const std::size_t named = EndOfNamedClass(pattern, i); in_class && named != kNone) {
      i = named;
    } else if (in_class) {
      // A `]` right behind the opening stands for itself.
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      i += pattern.substr(i + 1).starts_with('^') ? 1U : 0U;
      i += pattern.substr(i + 1).starts_with(']') ? 1U : 0U;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (c == '|' && depth == 0) {
      out.push_back(pattern.substr(from, i - from));
      from = i + 1;
    }
  }
  out.push_back(pattern.substr(from));
  return out;
}

/// How many backslashes stand right before the last SIZE bytes: an odd number takes the meaning of
/// what follows away.
bool IsEscaped(std::string_view text, std::size_t size) {
  std::size_t backslashes = 0;
  for (std::size_t i = text.size() - size; i-- > 0 && text[i] == '\\';) {
    ++backslashes;
  }
  return backslashes % 2 == 1;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.ends_with(end) && !IsEscaped(text, end.size());
}

bool BeginsAnchored(std::string_view text) {
  for (const std::string_view anchor : {"^", "\\A"}) {
    if (text.starts_with(anchor)) {
      // RE2 lets an anchor be repeated, so also not at all; an empty quotation does not part them.
      text.remove_prefix(anchor.size());
      return text.find_first_of("*?+{") != 0 && !text.starts_with("\\Q\\E");
    }
  }
  return false;
}

/// A name stops in the middle at the end of BEFORE. That of a branch or tag does not count: it
/// belongs to the repository before it.
bool StopsInName(std::string_view before) {
  constexpr std::string_view kInNames = "._-";
  const bool in_ref = before.starts_with("refs/") || before.find("@refs/") != kNone ||
                      before.find(":refs/") != kNone;
  return !before.empty() && !in_ref &&
         (base::IsAlphaNumeric(before.back()) || kInNames.find(before.back()) != kNone);
}

/// The SIZE stars at AT of TEXT go on with a name that somebody else can have.
bool TakeLongerNames(std::string_view text, std::size_t at, std::size_t size) {
  const std::string_view before = text.substr(0, at);
  const std::string_view after = text.substr(at + size);
  if (!StopsInName(before)) {
    return false;
  }
  if (size > 1) {
    return true;
  }
  // One star stays within a part. Whose a host is says its end, and below a host the first part
  // says who owns the others.
  const auto slashes = std::ranges::count(before, '/');
  const bool ends_host = slashes == 2 && (after.empty() || after.starts_with('/'));
  return before.find("://") != kNone && (slashes == 3 || ends_host);
}

/// Behind the run of stars that begins at AT of TEXT.
std::size_t EndOfStars(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of('*', at), text.size());
}

/// What stands before the first stars of TEXT that go on with a name; empty when none do.
std::string_view CutName(std::string_view text) {
  std::size_t size = 0;
  for (std::size_t at = text.find('*'); at != kNone; at = text.find('*', at + size)) {
    size = EndOfStars(text, at) - at;
    if (TakeLongerNames(text, at, size)) {
      return text.substr(0, at);
    }
  }
  return {};
}

/// The last star of TEXT stops before the `@refs/…` that ends every workflow's subject.
bool FitsNoWorkflow(std::string_view text) {
  const bool of_workflows =
      text.starts_with("https://github.com/") || text.starts_with("https://gitlab.com/");
  return of_workflows && text.ends_with("/*") && text.find('@') == kNone &&
         text.find("**") == kNone;
}

/// TEXT as YAML has it within apostrophes, where a backslash stands for itself.
std::string InApostrophes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? "''" : std::string(1, c);
  }
  return out + "'";
}

}  // namespace

std::string_view FitsAnybody(const policy::IdentityText& wanted, IdentityField field) {
  for (const std::string_view probe : kProbes) {
    const bool fits_field = field == IdentityField::kSubject || probe != kProbes.back();
    if (fits_field && wanted.Matches(probe)) {
      return probe;
    }
  }
  return {};
}

std::string MeantWildcards(std::string_view text) {
  const bool one = text.ends_with('*') && !text.ends_with("**");
  return std::string(text) + (one ? "*" : "");
}

std::string SafeRegExp(std::string_view text) {
  constexpr std::string_view kSpecial = "\\.+?()|[]{}^$";
  std::string out = "^";
  const std::string meant = MeantWildcards(text);
  for (std::size_t i = 0; i < meant.size(); ++i) {
    const char c = meant[i];
    if (c != '*') {
      out += kSpecial.find(c) == kNone ? std::string(1, c) : std::string("\\") + c;
      continue;
    }
    const std::size_t last = EndOfStars(meant, i) - 1;
    out += last == i ? "[^/@]*" : ".*";
    i = last;
  }
  return out + "$";
}

std::string WildcardsConcern(const policy::IdentityText& wildcards, IdentityField field) {
  const std::string_view text = wildcards.text();
  if (const auto probe = FitsAnybody(wildcards, field); !probe.empty()) {
    return "fits anybody's certificate, such as one that says " + Quoted(probe);
  }
  // A claim of one word is none that anybody registers.
  const bool has_names = field != IdentityField::kClaim || text.find_first_of("/@:") != kNone;
  if (const auto cut = CutName(text); has_names && !cut.empty()) {
    return "takes whatever begins with " + Quoted(cut) +
           ", so a longer name that somebody else has too; write the whole name before the stars";
  }
  if (const auto at = text.find("**"); at != kNone && text.find('@', at) != kNone) {
    return "takes an @ where ** stands, so whoever names a branch after what follows can pass; "
           "write * for each part between slashes";
  }
  if (field == IdentityField::kSubject && FitsNoWorkflow(text)) {
    return "fits no workflow's certificate: * stops at the next /, and its subject has more of "
           "them; did you mean \"" +
           MeantWildcards(text) + "\"?";
  }
  return "";
}

std::string StarsConcern(const std::string& text, const TextPlace& place) {
  if (text.find('*') == kNone) {
    return "";
  }
  std::string literal =
      "\"*\" is compared literally, as policy-controller does it, so this fits only a text with a "
      "star in it";
  const auto meant =
      policy::IdentityText::Of(policy::IdentityKind::kWildcards, MeantWildcards(text));
  if (!meant.ok()) {
    return literal;
  }
  if (const auto concern = WildcardsConcern(*meant, place.field); !concern.empty()) {
    return literal + "; as wildcards it " + concern;
  }
  // Whole, however long: a piece of it would mean something else.
  return literal + "; did you mean " + place.expression + ": " + InApostrophes(SafeRegExp(text)) +
         ", or " + place.given + ": " + InApostrophes(meant->text()) +
         " and the annotation sigward.dev/identity-wildcards: \"glob\"?";
}

bool IsAnchored(std::string_view pattern) {
  // Flags can change what the anchors mean; only the harmless and usual one is known.
  constexpr std::string_view kCaseless = "(?i)";
  if (pattern.starts_with(kCaseless)) {
    pattern.remove_prefix(kCaseless.size());
  }
  for (std::size_t at = pattern.find("(?"); at != kNone; at = pattern.find("(?", at + 1)) {
    const std::string_view kind = pattern.substr(at + 2, 1);
    if (kind != ":" && kind != "P") {
      return false;
    }
  }
  const auto alternatives = Alternatives(pattern);
  return !alternatives.empty() &&
         std::ranges::all_of(alternatives, [](std::string_view alternative) {
           return BeginsAnchored(alternative) &&
                  (EndsWith(alternative, "$") || EndsWith(alternative, "\\z") ||
                   EndsWith(alternative, ".*"));
         });
}

}  // namespace sigward::cli
