#include "base/log.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/strict_json.h"
#include "base/text.h"

namespace sigward::base {
namespace {

constexpr std::size_t kMaxTextInLog = 1024;

std::string_view LevelWord(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNotice:
      return "notice";
    case Severity::kInfo:
      return "info";
  }
  return "error";
}

std::string Quoted(std::string_view text) { return Json(OneLine(text, kMaxTextInLog)).dump(); }

std::string UtcNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 32> text{};
  const std::size_t length = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string millis = std::to_string(1000 + now.tv_nsec / 1'000'000).substr(1);
  return std::string(text.data(), length) + "." + millis + "Z";
}

}  // namespace

void LogRecord(Severity severity, std::string_view event, std::string_view members) {
  static const bool under_journald = std::getenv("JOURNAL_STREAM") != nullptr;
  std::string line;
  if (under_journald) {
    line += "<" + std::to_string(static_cast<int>(severity)) + ">";
  }
  line += "{\"time\":\"" + UtcNow() + "\",\"level\":\"" + std::string(LevelWord(severity)) +
          "\",\"event\":" + Quoted(event);
  if (!members.empty()) {
    line += ",";
    line += members;
  }
  line += "}\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields) {
  std::string members;
  for (const auto& [name, value] : fields) {
    if (!members.empty()) {
      members += ",";
    }
    members += Quoted(name) + ":";
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      members += Quoted(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      members += std::to_string(*number);
    } else {
      members += std::get<bool>(value) ? "true" : "false";
    }
  }
  LogRecord(severity, event, members);
}

}  // namespace sigward::base
