// Stands for a real runtime: writes what it was given to standard output, as NUL-ended items.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace {

std::string Contents(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Number and target of each open descriptor, that of the listing itself left out.
std::string Descriptors() {
  std::set<std::string> lines;
  DIR* const folder = opendir("/proc/self/fd");
  while (const dirent* const entry = readdir(folder)) {
    const std::string name(entry->d_name);
    char target[PATH_MAX] = {};
    const auto size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    if (size > 0 && name != std::to_string(dirfd(folder))) {
      lines.insert(name + " " + target);
    }
  }
  closedir(folder);
  std::string out;
  for (const std::string& line : lines) {
    out += line + "\n";
  }
  return out;
}

/// Masks and dispositions of signals, capabilities, umask. SigQ counts what is queued for all
/// processes of the user, and is nobody's own.
std::string Status() {
  std::istringstream status(Contents("/proc/self/status"));
  std::string out;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigQ")) {
      continue;
    }
    if (line.starts_with("Sig") || line.starts_with("ShdPnd") || line.starts_with("Cap") ||
        line.starts_with("Umask") || line.starts_with("NoNewPrivs") || line.starts_with("PPid") ||
        line.starts_with("Seccomp:")) {
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace

int main() {
  char directory[PATH_MAX] = {};
  if (getcwd(directory, sizeof directory) == nullptr) {
    return 2;
  }
  std::ostringstream stat;
  // Process group and session.
  stat << getpid() << " " << getpgrp() << " " << getsid(0);
  std::cout << "ARGV\n"
            << Contents("/proc/self/cmdline") << "\nENVIRONMENT\n"
            << Contents("/proc/self/environ") << "\nDESCRIPTORS\n"
            << Descriptors() << "\nSTATUS\n"
            << Status() << "\nDIRECTORY\n"
            << directory << "\nPROCESS\n"
            << stat.str() << "\n";
  return 7;
}
