#include "cli/node/processes.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/files.h"
#include "rpc/gate_message.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> SplitAtZeros(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string LinkAt(const fs::path& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

bool IsRoots(const fs::path& folder) {
  struct stat status {};
  return stat(folder.c_str(), &status) == 0 && status.st_uid == 0;
}

bool SharesNamespaces(const fs::path& folder, const fs::path& self) {
  for (const char* kind : {"ns/mnt", "ns/pid"}) {
    const std::string own = LinkAt(self / kind);
    if (own.empty() || LinkAt(folder / kind) != own) {
      return false;
    }
  }
  return true;
}

pid_t PidOf(const std::string& name) {
  pid_t pid = -1;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, pid);
  return error == std::errc() && stop == end ? pid : -1;
}

/// The value of the first of ENTRIES that starts with NAME: getenv takes the first, and so does Go
/// for what it hands on.
std::optional<std::string> ValueIn(const std::vector<std::string>& entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const std::string& entry) {
    return entry.starts_with(name);
  });
  return found == entries.end() ? std::nullopt : std::optional(found->substr(name.size()));
}

void ReadEnvironment(const fs::path& folder, NodeProcess& process) {
  const auto text = base::ReadFile(folder / "environ", kMaxProcessText);
  process.environment_read = text.ok();
  if (!text.ok()) {
    return;
  }
  const auto entries = SplitAtZeros(*text);
  process.path = ValueIn(entries, "PATH=").value_or("");
  process.gate_socket = ValueIn(entries, std::string(rpc::kGateSocketVariable) + "=");
}

}  // namespace

std::vector<NodeProcess> FindProcesses(const std::string& root, std::string_view prefix) {
  const fs::path proc = root + "/proc";
  std::vector<NodeProcess> found;
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    NodeProcess process;
    process.pid = PidOf(entry->path().filename().string());
    if (process.pid < 0) {
      continue;
    }
    const auto arguments = base::ReadFile(entry->path() / "cmdline", kMaxProcessText);
    if (!arguments.ok() || arguments->empty()) {
      continue;
    }
    process.arguments = SplitAtZeros(*arguments);
    process.name = fs::path(process.arguments.front()).filename().string();
    if (!process.name.starts_with(prefix) || !IsRoots(entry->path()) ||
        !SharesNamespaces(entry->path(), proc / "self")) {
      continue;
    }
    process.program = entry->path() / "exe";
    ReadEnvironment(entry->path(), process);
    found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(),
            [](const NodeProcess& a, const NodeProcess& b) { return a.pid < b.pid; });
  return found;
}

std::string OptionIn(const std::vector<std::string>& arguments,
                     const std::vector<std::string_view>& names) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    for (const std::string_view name : names) {
      const std::string_view argument = arguments[i];
      if (argument == name && i + 1 < arguments.size()) {
        return arguments[i + 1];
      }
      if (argument.starts_with(name) && argument.substr(name.size()).starts_with('=')) {
        return std::string(argument.substr(name.size() + 1));
      }
    }
  }
  return {};
}

}  // namespace sigward::cli
