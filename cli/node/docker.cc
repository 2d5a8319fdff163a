#include "cli/node/docker.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "cli/node/command.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;
using base::Json;
using base::JsonFields;

constexpr std::chrono::seconds kDockerPatience{5};
constexpr std::size_t kMaxDaemonJson = 1U << 20;
constexpr std::string_view kSnapshotterType = "io.containerd.snapshotter.v1";

/// The string member NAME of OBJECT; empty when it is not one.
std::string TextIn(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::vector<DockerRuntime> RuntimesIn(const Json& map) {
  std::vector<DockerRuntime> runtimes;
  if (!map.is_object()) {
    return runtimes;
  }
  for (const auto& [name, value] : map.items()) {
    if (!value.is_object()) {
      continue;
    }
    const auto options = value.find("options");
    const bool has_options = options != value.end() && options->is_object();
    const std::string path = TextIn(value, "path");
    runtimes.push_back({name, path.empty() && has_options ? TextIn(*options, "BinaryName") : path,
                        TextIn(value, "runtimeType")});
  }
  return runtimes;
}

/// DriverStatus is a list of pairs; containerd's store says "driver-type".
bool UsesSnapshotter(const Json& status) {
  for (const Json& pair : status) {
    if (pair.is_array() && pair.size() == 2 && pair[0] == "driver-type" &&
        pair[1] == kSnapshotterType) {
      return true;
    }
  }
  return false;
}

/// features.containerd-snapshotter of daemon.json, where it says so.
DockerFacts FromDaemonJson(const std::string& text) {
  DockerFacts facts;
  const auto root = base::ParseStrictJson(text, kMaxDaemonJson);
  if (!root.ok() || !root->is_object()) {
    facts.evidence = "daemon.json cannot be read";
    return facts;
  }
  facts.default_runtime = TextIn(*root, "default-runtime");
  facts.runtimes = RuntimesIn(root->value("runtimes", Json::object()));
  const auto features = root->find("features");
  if (features == root->end() || !features->is_object()) {
    return facts;
  }
  const auto feature = features->find("containerd-snapshotter");
  if (feature != features->end() && feature->is_boolean()) {
    facts.store = feature->get<bool>() ? DockerStore::kContainerd : DockerStore::kClassic;
    facts.evidence = std::string("daemon.json sets containerd-snapshotter to ") +
                     (feature->get<bool>() ? "true" : "false");
  }
  return facts;
}

bool HasEntries(const fs::path& folder) {
  std::error_code error;
  const fs::directory_iterator entry(folder, error);
  return !error && entry != fs::directory_iterator();
}

/// Images of the classic store lie in DATA_ROOT/image/DRIVER/imagedb/content/sha256.
bool HasClassicImages(const fs::path& data_root) {
  std::error_code error;
  for (fs::directory_iterator driver(data_root / "image", error), end; !error && driver != end;
       driver.increment(error)) {
    if (HasEntries(driver->path() / "imagedb/content/sha256")) {
      return true;
    }
  }
  return false;
}

DockerFiles LookAtFiles(const std::string& root) {
  DockerFiles files;
  std::error_code error;
  for (const char* program : {"/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"}) {
    files.installed = files.installed || fs::exists(root + program, error);
  }
  const auto text = base::ReadFile(root + "/etc/docker/daemon.json", kMaxDaemonJson);
  std::string data_root = "/var/lib/docker";
  if (text.ok()) {
    files.daemon_json = *text;
    const auto json = base::ParseStrictJson(*text, kMaxDaemonJson);
    const std::string named = json.ok() && json->is_object() ? TextIn(*json, "data-root") : "";
    data_root = named.empty() ? data_root : named;
  } else if (fs::exists(root + "/etc/docker/daemon.json", error)) {
    files.daemon_json = "?";  // not JSON: what it says is unknown
  }
  files.classic_images = HasClassicImages(root + data_root);
  return files;
}

}  // namespace

base::Result<DockerFacts> ParseDockerInfo(std::string_view json) {
  SIGWARD_ASSIGN_OR_RETURN(const Json root, base::ParseStrictJson(json, kMaxDockerInfoBytes));
  SIGWARD_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Of(root, "docker info"));
  SIGWARD_ASSIGN_OR_RETURN(const std::string driver, fields.String("Driver"));
  SIGWARD_ASSIGN_OR_RETURN(const Json* status, fields.Array("DriverStatus"));
  if (driver.empty()) {
    return base::Fail(base::Reason::kMalformed, "docker info names no storage driver");
  }
  DockerFacts facts;
  facts.store = UsesSnapshotter(*status) ? DockerStore::kContainerd : DockerStore::kClassic;
  facts.evidence = "docker info names the storage driver " + driver +
                   (facts.store == DockerStore::kContainerd ? " of containerd" : "");
  facts.default_runtime = TextIn(root, "DefaultRuntime");
  facts.runtimes = RuntimesIn(root.value("Runtimes", Json::object()));
  return facts;
}

DockerFacts JudgeDockerFiles(const DockerFiles& files) {
  DockerFacts facts;
  if (!files.installed) {
    facts.store = DockerStore::kNotInstalled;
    return facts;
  }
  if (!files.daemon_json.empty()) {
    facts = FromDaemonJson(files.daemon_json);
  }
  if (facts.store == DockerStore::kUnknown && files.classic_images) {
    facts.store = DockerStore::kClassic;
    facts.evidence = "the classic store holds images";
  }
  if (facts.store == DockerStore::kUnknown && facts.evidence.empty()) {
    facts.evidence = "Docker does not answer, and its files do not say which store it uses";
  }
  return facts;
}

DockerFacts LookAtDocker(const std::string& root) {
  const DockerFiles files = LookAtFiles(root);
  if (root.empty() && files.installed) {
    const auto info = RunCommand({"docker", "info", "--format", "{{json .}}"}, kMaxDockerInfoBytes,
                                 base::Deadline::After(kDockerPatience));
    if (info.ok() && info->exit_code == 0) {
      if (auto facts = ParseDockerInfo(info->out); facts.ok()) {
        return *std::move(facts);
      }
    }
  }
  return JudgeDockerFiles(files);
}

}  // namespace sigward::cli
