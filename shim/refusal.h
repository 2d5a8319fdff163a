#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sigward::shim {

/// Most bytes of a refusal's text, before it is quoted.
inline constexpr std::size_t kMaxRefusalBytes = 2048;

/// The line of a runtime's log that says TEXT, as logrus writes it (runc's logger), with its end of
/// line: JSON for FORMAT "json", `time="…" level=error msg="…"` for every other. Of TEXT,
/// kMaxRefusalBytes are shown; it cannot break the line.
std::string RefusalLogLine(std::string_view text, std::string_view format, std::string_view time);

/// The file that `--log` names for the runtime NAME, empty when it is none: crun also takes
/// `file:PATH`, `journald:ID` and `syslog:ID`.
std::string LogFileOf(std::string_view name, std::string_view log);

/// Appends LINE in one write to the file at PATH, which is made with mode 0600. A symbolic link or
/// a FIFO that nobody reads is left alone: a refusal holds without its line too.
void AppendLogLine(const std::string& path, std::string_view line);

}  // namespace sigward::shim
