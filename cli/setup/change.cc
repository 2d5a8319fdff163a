#include "cli/setup/change.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/files.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Reason;

constexpr std::size_t kContext = 3;
constexpr mode_t kNewFileMode = 0644;
constexpr mode_t kModeBits = 07777;

std::vector<std::string> Lines(const std::optional<std::string>& text) {
  std::vector<std::string> lines;
  std::string_view rest = text.has_value() ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (end == std::string_view::npos) {
      lines.back() += "\n\\ No newline at end of file";
    }
  }
  return lines;
}

/// "-3,7" as the head of a hunk has it.
std::string Range(char sign, std::size_t from, std::size_t count) {
  return sign + std::to_string(count == 0 ? from : from + 1) + "," + std::to_string(count);
}

base::Error Failed(const std::string& what) {
  return Fail(Reason::kIoFailed, what + ": " + std::strerror(errno));
}

base::Status MakeLink(const std::string& target, const std::string& path) {
  const std::string fresh = path + ".new";
  (void)unlink(fresh.c_str());
  if (symlink(target.c_str(), fresh.c_str()) != 0 || rename(fresh.c_str(), path.c_str()) != 0) {
    return Failed("cannot make the link " + path);
  }
  return base::Ok();
}

/// Through a link the file it leads to is written, so that it stays a link.
base::Status WriteText(const std::string& text, const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  const std::string target = error ? path : real.string();
  struct stat status {};
  const bool existed = stat(target.c_str(), &status) == 0;
  SIGWARD_RETURN_IF_ERROR(base::ReplaceFile(target, text));
  const mode_t mode = existed ? status.st_mode & kModeBits : kNewFileMode;
  if (chmod(target.c_str(), mode) != 0 ||
      (existed && chown(target.c_str(), status.st_uid, status.st_gid) != 0)) {
    return Failed("cannot set the mode of " + target);
  }
  return base::Ok();
}

}  // namespace

std::string DiffText(const Change& change) {
  const auto before = Lines(change.before);
  const auto after = Lines(change.after);
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t same_front = 0;
  while (same_front < shorter && before[same_front] == after[same_front]) {
    ++same_front;
  }
  std::size_t same_back = 0;
  while (same_back < shorter - same_front &&
         before[before.size() - 1 - same_back] == after[after.size() - 1 - same_back]) {
    ++same_back;
  }
  const std::size_t from = same_front - std::min(same_front, kContext);
  const std::size_t tail = std::min(same_back, kContext);
  const std::string kind = change.kind == FileKind::kLink ? " (symbolic link)" : "";
  std::string text = "--- " + (change.before ? change.path + kind : "/dev/null") + "\n+++ " +
                     (change.after ? change.path + kind : "/dev/null") + "\n";
  text += "@@ " + Range('-', from, before.size() - same_back + tail - from) + " " +
          Range('+', from, after.size() - same_back + tail - from) + " @@\n";
  const auto add = [&text](char sign, const std::vector<std::string>& lines, std::size_t begin,
                           std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      text += sign + lines[i] + "\n";
    }
  };
  add(' ', before, from, same_front);
  add('-', before, same_front, before.size() - same_back);
  add('+', after, same_front, after.size() - same_back);
  add(' ', after, after.size() - same_back, after.size() - same_back + tail);
  return text;
}

base::Status Apply(const Change& change, const std::string& root) {
  const std::string path = root + change.path;
  if (!change.after.has_value()) {
    return unlink(path.c_str()) == 0 || errno == ENOENT
               ? base::Ok()
               : base::Status(Failed("cannot remove " + path));
  }
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) {
    return Fail(Reason::kIoFailed, "cannot make the folder of " + path + ": " + error.message());
  }
  return change.kind == FileKind::kLink ? MakeLink(*change.after, path)
                                        : WriteText(*change.after, path);
}

}  // namespace sigward::cli
