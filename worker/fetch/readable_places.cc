#include "worker/fetch/readable_places.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "worker/fetch/hosts_toml.h"

namespace sigward::worker {
namespace {

namespace fs = std::filesystem;

/// Certificates of the system where the distributions keep them, and no private keys.
constexpr std::array kCertificates = {
    "/etc/ssl/certs",      "/etc/ssl/openssl.cnf",       "/usr/lib/ssl",
    "/etc/pki/tls/certs",  "/etc/pki/ca-trust",          "/etc/ca-certificates",
    "/usr/share/pki",      "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    "/etc/docker/certs.d",
};

/// What the C library reads for getaddrinfo. Where one is a link, the rule is about its end.
constexpr std::array kNames = {
    "/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/host.conf",   "/etc/services", "/etc/protocols",
};

constexpr std::size_t kMaxFilesInFolder = 256;

/// PATH without links; empty when nothing is there.
std::string Real(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? std::string() : real.string();
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path.substr(folder.size(), 1) == "/");
}

/// The entries of FOLDER, sorted, at most MAX.
std::vector<std::string> EntriesOf(const std::string& folder, std::size_t max) {
  std::vector<std::string> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end;
       !error && entry != end && entries.size() < max; entry.increment(error)) {
    entries.push_back(entry->path().string());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// The files that a hosts.toml names, as written. One that cannot be read names none: whoever asks
/// for its registry is told why.
std::vector<std::string> FilesNamedIn(const std::string& file) {
  std::vector<std::string> named;
  const auto text = base::ReadFile(file, kMaxHostsTomlBytes);
  const auto sections = text.ok() ? ParseHostsToml(*text, file) : text.error();
  if (!sections.ok()) {
    return named;
  }
  for (const HostSection& section : *sections) {
    named.insert(named.end(), section.ca_files.begin(), section.ca_files.end());
    if (section.client.has_value()) {
      named.push_back(section.client->certificate);
      named.push_back(section.client->key);
    }
  }
  return named;
}

}  // namespace

ReadablePlaces::ReadablePlaces(std::string hosts_dir)
    : hosts_dir_(std::move(hosts_dir)), known_(Look()) {}

std::vector<std::string> ReadablePlaces::paths() const {
  std::vector<std::string> paths;
  for (const auto& place : known_.places) {
    paths.push_back(place.first);
  }
  return paths;
}

bool ReadablePlaces::Outdated() {
  const auto is_same = [](const auto& place) {
    return StampOf(place.first).identity == place.second;
  };
  if (!std::all_of(known_.places.begin(), known_.places.end(), is_same)) {
    return true;
  }
  const auto is_unchanged = [](const auto& source) {
    return StampOf(source.first) == source.second;
  };
  if (std::all_of(known_.sources.begin(), known_.sources.end(), is_unchanged)) {
    return false;
  }
  Scan now = Look();
  // What is no longer named may still be read, which is no reason to end.
  if (!std::includes(known_.places.begin(), known_.places.end(), now.places.begin(),
                     now.places.end())) {
    return true;
  }
  known_.sources = std::move(now.sources);
  return false;
}

ReadablePlaces::Stamp ReadablePlaces::StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return {};
  }
  return {{status.st_dev, status.st_ino},
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

ReadablePlaces::Scan ReadablePlaces::Look() const {
  Scan scan;
  for (const char* path : kCertificates) {
    scan.places[path] = StampOf(path).identity;
  }
  for (const char* path : kNames) {
    scan.places[path] = StampOf(path).identity;
  }
  scan.places[hosts_dir_] = StampOf(hosts_dir_).identity;
  scan.sources[hosts_dir_] = StampOf(hosts_dir_);
  for (const std::string& entry : EntriesOf(hosts_dir_, kMaxRegistryFolders)) {
    LookInto(entry, scan);
  }
  return scan;
}

void ReadablePlaces::LookInto(const std::string& folder, Scan& scan) const {
  const std::string real = Real(folder);
  const std::string hosts_toml = folder + "/hosts.toml";
  // Taken before they are read, so that a change in between is seen next time.
  scan.sources[folder] = StampOf(folder);
  scan.sources[hosts_toml] = StampOf(hosts_toml);
  AddIfElsewhere(folder, real, scan);
  for (const std::string& file : EntriesOf(folder, kMaxFilesInFolder)) {
    AddIfElsewhere(file, real, scan);
  }
  for (const std::string& named : FilesNamedIn(hosts_toml)) {
    AddIfElsewhere(fs::path(folder) / named, real, scan);
  }
}

void ReadablePlaces::AddIfElsewhere(const std::string& path, const std::string& folder,
                                    Scan& scan) const {
  const std::string real = Real(path);
  const bool is_folder_itself = real == folder;
  if (!real.empty() && !IsBelow(real, Real(hosts_dir_)) &&
      (is_folder_itself || !IsBelow(real, folder))) {
    scan.places[real] = StampOf(real).identity;
  }
}

}  // namespace sigward::worker
