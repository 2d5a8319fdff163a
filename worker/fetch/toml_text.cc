#include "worker/fetch/toml_text.h"

#include <algorithm>
#include <string>

namespace sigward::worker {
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

std::optional<std::size_t> LineOfBareNonAscii(std::string_view toml) {
  std::size_t at = toml.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (at < toml.size()) {
    const std::string_view rest = toml.substr(at);
    const char next = rest.front();
    if (next == '"' || next == '\'') {
      at += StringLength(rest);
    } else if (next == '#') {
      at += std::min(rest.find('\n'), rest.size());
    } else if (static_cast<unsigned char>(next) >= 0x80) {
      const std::string_view before = toml.substr(0, at);
      return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace sigward::worker
