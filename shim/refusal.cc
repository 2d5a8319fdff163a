#include "shim/refusal.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace sigward::shim {
namespace {

/// TEXT in double quotes for JSON and for logrus's text (Go's %q): without control characters and
/// broken UTF-8, which OneLine has replaced, two characters are left to escape in both.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : base::OneLine(text, kMaxRefusalBytes)) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out.append("\"");
}

}  // namespace

std::string RefusalLogLine(std::string_view text, std::string_view format, std::string_view time) {
  const std::string message = Quoted(text);
  const std::string moment = Quoted(time);
  return format == "json"
             ? "{\"level\":\"error\",\"msg\":" + message + ",\"time\":" + moment + "}\n"
             : "time=" + moment + " level=error msg=" + message + "\n";
}

std::string LogFileOf(std::string_view name, std::string_view log) {
  constexpr std::string_view kFile = "file:";
  if (name != "crun") {
    return std::string(log);
  }
  if (log.starts_with("journald:") || log.starts_with("syslog:")) {
    return "";
  }
  return std::string(log.substr(log.starts_with(kFile) ? kFile.size() : 0));
}

void AppendLogLine(const std::string& path, std::string_view line) {
  const base::UniqueFd file(
      open(path.c_str(),
           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
  if (file.valid()) {
    (void)!write(file.get(), line.data(), line.size());
  }
}

}  // namespace sigward::shim
