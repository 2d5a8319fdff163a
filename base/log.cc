#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "base/timed_mutex.h"

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

std::string Quoted(std::string_view text) {
  return Json(OneLine(text, kMaxTextInLog)).dump();
}

/// How long a line waits for another that is being written.
constexpr std::chrono::milliseconds kMaxWait{50};

/// Lines that were given up since one was last written.
std::atomic<std::int64_t> lost_lines = 0;
TimedMutex writing;

/// Writes LINE if that does not block: who reads the log, or does not, must not stop a decision.
/// (A pipe takes PIPE_BUF bytes when poll says so; only a longer line could still wait.)
bool WriteWithoutBlocking(std::string_view line) {
  const std::unique_lock lock(writing, kMaxWait);
  pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
  if (!lock.owns_lock() || poll(&standard_error, 1, 0) != 1 ||
      (standard_error.revents & POLLOUT) == 0) {
    return false;
  }
  return write(STDERR_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

std::string LineOf(Severity severity, std::string_view event, std::string_view members) {
  static const bool under_journald = std::getenv("JOURNAL_STREAM") != nullptr;
  std::string line;
  if (under_journald) {
    line += "<" + std::to_string(static_cast<int>(severity)) + ">";
  }
  line += "{\"time\":\"" + UtcNowText() + "\",\"level\":\"" + std::string(LevelWord(severity)) +
          "\",\"event\":" + Quoted(event);
  if (!members.empty()) {
    line += ",";
    line += members;
  }
  return line + "}\n";
}

}  // namespace

void LogRecord(Severity severity, std::string_view event, std::string_view members) {
  if (!WriteWithoutBlocking(LineOf(severity, event, members))) {
    ++lost_lines;
    return;
  }
  if (const std::int64_t lost = lost_lines.exchange(0); lost > 0) {
    Log(Severity::kWarning, "log-lines-lost", {{"lines", lost}});
  }
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
