#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

namespace sigward::base {

/// journald's priorities (sd-daemon(3)).
enum class Severity : std::uint8_t { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6 };

using LogValue = std::variant<std::string_view, std::int64_t, bool>;
using LogField = std::pair<std::string_view, LogValue>;

/// Writes one line of JSON to standard error, in one write: {"time":…,"level":…,"event":EVENT,
/// FIELDS…}. Under journald ($JOURNAL_STREAM) the line starts with the priority. Texts are cut to a
/// bounded length and cannot break the line. Never fails and never blocks: a line that cannot be
/// written is dropped, and the next one that can is followed by the count ("log-lines-lost").
void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields);

/// Like Log with a ready JSON object of further members (without its braces), made by the caller
/// from values it has bounded itself.
void LogRecord(Severity severity, std::string_view event, std::string_view members);

}  // namespace sigward::base
