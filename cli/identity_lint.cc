#include "cli/identity_lint.h"

#include <vector>

namespace sigward::cli {
namespace {

/// The alternatives of PATTERN, split at each `|` outside of groups, classes and quotations.
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
        if (i == std::string_view::npos) {
          break;
        }
      }
      ++i;
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

}  // namespace

std::string SafeRegExp(std::string_view text) {
  constexpr std::string_view kSpecial = "\\.+?()|[]{}^$";
  std::string out = "^";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '*') {
      out += kSpecial.find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
    } else if (i == 0 || text[i - 1] != '*') {
      out += ".*";
    }
  }
  return out + "$";
}

bool IsAnchored(std::string_view pattern) {
  // Flags can change what the anchors mean; only the harmless and usual one is known.
  constexpr std::string_view kCaseless = "(?i)";
  if (pattern.starts_with(kCaseless)) {
    pattern.remove_prefix(kCaseless.size());
  }
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos;
       at = pattern.find("(?", at + 1)) {
    const std::string_view kind = pattern.substr(at + 2, 1);
    if (kind != ":" && kind != "P") {
      return false;
    }
  }
  for (const std::string_view alternative : Alternatives(pattern)) {
    const bool begins = alternative.starts_with('^') || alternative.starts_with("\\A");
    const bool ends =
        EndsWith(alternative, "$") || EndsWith(alternative, "\\z") || EndsWith(alternative, ".*");
    if (!begins || !ends) {
      return false;
    }
  }
  return true;
}

}  // namespace sigward::cli
