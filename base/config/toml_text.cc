#include "base/config/toml_text.h"

#include <algorithm>
#include <string>

namespace sigward::base {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Length of the string that TEXT starts with, its quotes included; a string that does not end ends
/// with its line, or with the text when it may have several lines.
std::size_t StringLength(std::string_view text) {
  const char quote = text.front();
  const std::string triple(3, quote);
  const bool several_lines = text.starts_with(triple);
  std::size_t at = several_lines ? triple.size() : 1;
  while (at < text.size()) {
    if (quote == '"' && text[at] == '\\') {
      at += 2;
    } else if (several_lines && text.substr(at).starts_with(triple)) {
      at += triple.size();
      // Up to two quotes may stand right before the closing three.
      for (int i = 0; i < 2 && at < text.size() && text[at] == quote; ++i) {
        ++at;
      }
      return at;
    } else if (!several_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    } else {
      ++at;
    }
  }
  return text.size();
}

}  // namespace

std::optional<std::size_t> LineOfNonAscii(std::string& toml) {
  const auto is_beyond = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (toml.starts_with(kByteOrderMark)) {
    toml.erase(0, kByteOrderMark.size());
  }
  for (std::size_t at = 0; at < toml.size();) {
    const std::string_view rest = std::string_view(toml).substr(at);
    const char next = rest.front();
    const auto start = toml.begin() + static_cast<std::ptrdiff_t>(at);
    std::size_t length = 1;
    if (next == '#') {
      length = std::min(rest.find('\n'), rest.size());
      std::replace_if(start, start + static_cast<std::ptrdiff_t>(length), is_beyond, '?');
    } else if (next == '"' || next == '\'') {
      length = std::min(StringLength(rest), rest.size());
    }
    const auto end = start + static_cast<std::ptrdiff_t>(length);
    if (const auto found = std::find_if(start, end, is_beyond); found != end) {
      return 1 + static_cast<std::size_t>(std::count(toml.begin(), found, '\n'));
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace sigward::base
