#include "worker/fetch/hosts_config.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/files.h"
#include "worker/fetch/url.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;
using base::Result;
using base::Status;

/// Registries whose endpoints are remembered; with a _default folder anybody's image brings a new
/// one.
constexpr std::size_t kMaxLoadedRegistries = 256;
/// Files looked at in a folder of Docker's layout.
constexpr std::size_t kMaxFolderEntries = 256;

constexpr const char* kDefaultFolder = "_default";

/// Whether PATH is a folder. What may not be looked at is an error: taken for absent, it would send
/// the questions to a place that nobody has configured.
Result<bool> IsFolder(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    return S_ISDIR(status.st_mode);
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return false;
  }
  return Fail(Reason::kConfigInvalid, path + ": " + std::strerror(errno));
}

/// "registry.example:5000" is kept in "registry.example_5000_".
std::string FolderName(const std::string& registry) {
  const std::size_t colon = registry.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return registry;
  }
  return registry.substr(0, colon) + "_" + registry.substr(colon + 1) + "_";
}

std::string Absolute(const std::string& path, const std::string& folder) {
  return path.starts_with('/') ? path : folder + "/" + path;
}

/// A file of the configuration: one that cannot be read makes it invalid.
Result<std::string> ReadConfigFile(const std::string& path, std::size_t max_bytes) {
  auto text = base::ReadFile(path, max_bytes);
  if (!text.ok() && text.error().reason == Reason::kIoFailed) {
    return Fail(Reason::kConfigInvalid, text.error().detail);
  }
  return text;
}

/// Docker's layout: *.crt are authorities, *.cert with *.key beside it is the client's certificate.
Result<HostSection> ReadDockerLayout(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), &closedir);
  if (stream == nullptr) {
    return Fail(Reason::kConfigInvalid, folder + ": cannot be read");
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream.get())) {
    if (names.size() == kMaxFolderEntries) {
      return Fail(Reason::kConfigInvalid, folder + ": too many files");
    }
    names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  HostSection section;
  for (const std::string& name : names) {
    const bool may_count = name.ends_with(".crt") || name.ends_with(".cert");
    if (may_count) {
      SIGWARD_ASSIGN_OR_RETURN(const bool is_folder, IsFolder(folder + "/" + name));
      if (is_folder) {
        continue;
      }
    }
    if (name.ends_with(".crt")) {
      section.ca_files.push_back(name);
    } else if (name.ends_with(".cert")) {
      if (section.client.has_value()) {
        return Fail(Reason::kConfigInvalid, folder + ": more than one client certificate");
      }
      const std::string key = name.substr(0, name.size() - 5) + ".key";
      const bool has_key = std::binary_search(names.begin(), names.end(), key);
      section.client = ClientFiles{name, has_key ? key : ""};
    }
  }
  return section;
}

/// "host:port" as a URL shows it.
std::string Authority(const Origin& origin) {
  return Url{origin, "", ""}.text().substr(origin.scheme.size());
}

/// A later entry that asks the same place in the same way for no more than an earlier one (a server
/// that is its own first host, as the usual file has it) would only cost requests and time.
bool IsRepeated(const Endpoints& earlier, const Endpoint& later) {
  return std::any_of(earlier.begin(), earlier.end(), [&](const Endpoint& e) {
    return e.IsPlaceOf(later) && e.insecure == later.insecure && e.ca_pem == later.ca_pem &&
           e.client == later.client && e.headers == later.headers &&
           (e.capabilities.pull || !later.capabilities.pull) &&
           (e.capabilities.resolve || !later.capabilities.resolve);
  });
}

/// Turns sections into endpoints, with the content of the files that they name.
class EndpointLoader {
 public:
  EndpointLoader(const std::string& folder, const std::string& registry)
      : folder_(&folder), registry_(&registry), fallback_(DefaultEndpoint(registry)) {}

  Result<Endpoint> Load(const HostSection& section) const {
    Endpoint endpoint = fallback_;
    const bool named_folder = !folder_->ends_with(std::string("/") + kDefaultFolder);
    endpoint.may_be_local = fallback_.may_be_local || section.origin.has_value() || named_folder;
    if (section.origin.has_value()) {
      endpoint.origin = *section.origin;
      endpoint.path = section.path;
      endpoint.insecure.reset();
      if (Authority(endpoint.origin) != Authority(fallback_.origin)) {
        endpoint.mirrored_registry = *registry_;
      }
    }
    if (endpoint.origin.scheme == "http") {
      endpoint.insecure = InsecureTransport::kPlainHttp;
      endpoint.is_http_meant = section.origin.has_value();
    } else if (section.skip_verify.has_value()) {
      endpoint.insecure =
          *section.skip_verify ? std::optional(InsecureTransport::kUnverifiedTls) : std::nullopt;
    }
    endpoint.capabilities = section.capabilities;
    endpoint.headers = section.headers;
    endpoint.connect_timeout = section.connect_timeout;
    SIGWARD_RETURN_IF_ERROR(LoadCertificates(section, endpoint));
    return endpoint;
  }

 private:
  Status LoadCertificates(const HostSection& section, Endpoint& endpoint) const {
    for (const std::string& path : section.ca_files) {
      SIGWARD_ASSIGN_OR_RETURN(const std::string pem, ReadPem(path));
      endpoint.ca_pem += pem + "\n";
    }
    if (section.client.has_value()) {
      const ClientFiles& files = *section.client;
      SIGWARD_ASSIGN_OR_RETURN(std::string certificate, ReadPem(files.certificate));
      std::string key = certificate;
      if (!files.key.empty()) {
        SIGWARD_ASSIGN_OR_RETURN(key, ReadPem(files.key));
      }
      endpoint.client = ClientCertificate{std::move(certificate), std::move(key)};
    }
    return base::Ok();
  }

  Result<std::string> ReadPem(const std::string& path) const {
    const std::string file = Absolute(path, *folder_);
    SIGWARD_ASSIGN_OR_RETURN(std::string pem, ReadConfigFile(file, kMaxCertificateFileBytes));
    if (pem.find("-----BEGIN ") == std::string::npos) {
      return Fail(Reason::kConfigInvalid, file + ": no PEM in it");
    }
    return pem;
  }

  const std::string* folder_;
  const std::string* registry_;
  Endpoint fallback_;
};

}  // namespace

Endpoint DefaultEndpoint(const std::string& registry) {
  Endpoint endpoint;
  endpoint.path = "/v2";
  const auto url = ParseUrl("https://" + registry);
  endpoint.origin = url.ok() ? url->origin : Origin{"https", registry, "443"};
  if (registry == "docker.io") {
    endpoint.origin.host = "registry-1.docker.io";
  }
  endpoint.may_be_local = IsLocalHost(endpoint.origin.host);
  if (IsLoopbackHost(endpoint.origin.host)) {
    const bool tls = endpoint.origin.port == "443";
    endpoint.origin.scheme = tls ? "https" : "http";
    endpoint.insecure = tls ? InsecureTransport::kUnverifiedTls : InsecureTransport::kPlainHttp;
  }
  return endpoint;
}

Result<std::shared_ptr<const Endpoints>> HostsConfig::Find(const std::string& registry) {
  SIGWARD_ASSIGN_OR_RETURN(const std::optional<std::string> folder, FolderOf(registry));
  if (!folder.has_value()) {
    return std::make_shared<const Endpoints>(Endpoints{DefaultEndpoint(registry)});
  }
  const std::lock_guard lock(mutex_);
  if (const auto known = loaded_.find(registry); known != loaded_.end()) {
    const auto& stamps = known->second.stamps;
    const bool fresh = stamps.contains(*folder) &&
                       std::all_of(stamps.begin(), stamps.end(), [](const auto& stamp) {
                         return StampOf(stamp.first) == stamp.second;
                       });
    if (fresh) {
      return known->second.endpoints;
    }
    loaded_.erase(known);
  }
  SIGWARD_ASSIGN_OR_RETURN(Loaded loaded, Load(*folder, registry));
  if (loaded_.size() >= kMaxLoadedRegistries) {
    loaded_.clear();
  }
  return loaded_.emplace(registry, std::move(loaded)).first->second.endpoints;
}

HostsConfig::Stamp HostsConfig::StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return {};
  }
  return {status.st_dev, status.st_ino, status.st_size,
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Result<std::optional<std::string>> HostsConfig::FolderOf(const std::string& registry) const {
  for (const std::string& name : {FolderName(registry), registry, std::string(kDefaultFolder)}) {
    std::string folder = root_ + "/" + name;
    SIGWARD_ASSIGN_OR_RETURN(const bool is_there, IsFolder(folder));
    if (is_there) {
      return std::optional(std::move(folder));
    }
  }
  return std::optional<std::string>();
}

Result<HostsConfig::Loaded> HostsConfig::Load(const std::string& folder,
                                              const std::string& registry) {
  Loaded loaded;
  const std::string file = folder + "/hosts.toml";
  // Taken before the files are read, so that a change in between is seen next time.
  loaded.stamps[folder] = StampOf(folder);
  loaded.stamps[file] = StampOf(file);
  struct stat link {};
  if (loaded.stamps[file] == Stamp() && lstat(file.c_str(), &link) == 0) {
    return Fail(Reason::kConfigInvalid, file + ": a link that leads nowhere, or not to be read");
  }
  std::vector<HostSection> sections;
  if (loaded.stamps[file].size > 0) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(file, kMaxHostsTomlBytes));
    SIGWARD_ASSIGN_OR_RETURN(sections, ParseHostsToml(text, file));
  } else {
    SIGWARD_ASSIGN_OR_RETURN(HostSection section, ReadDockerLayout(folder));
    sections.push_back(std::move(section));
  }
  Endpoints endpoints;
  const EndpointLoader loader(folder, registry);
  for (const HostSection& section : sections) {
    for (const std::string& path : section.ca_files) {
      loaded.stamps[Absolute(path, folder)] = StampOf(Absolute(path, folder));
    }
    if (section.client.has_value()) {
      for (const std::string& path : {section.client->certificate, section.client->key}) {
        loaded.stamps[Absolute(path, folder)] = StampOf(Absolute(path, folder));
      }
    }
    SIGWARD_ASSIGN_OR_RETURN(Endpoint endpoint, loader.Load(section));
    if (!IsRepeated(endpoints, endpoint)) {
      endpoints.push_back(std::move(endpoint));
    }
  }
  loaded.endpoints = std::make_shared<const Endpoints>(std::move(endpoints));
  return loaded;
}

}  // namespace sigward::worker
