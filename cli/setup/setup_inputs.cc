#include "cli/setup/setup_inputs.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "cli/node/command.h"
#include "cli/node/node_facts.h"
#include "cli/setup/unit_path.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Reason;

constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMaxEnvironmentOutput = 1U << 20;
constexpr std::size_t kMaxFile = kMaxSetupRecord;
constexpr const char* kDefaultContainerdConfig = "/etc/containerd/config.toml";
constexpr std::string_view kManagedConfig = "/docker/containerd/";

std::string ConfigOf(const NodeProcess& process) {
  return OptionIn(process.arguments, {"-c", "--config"});
}

bool IsManaged(const NodeProcess& process) {
  return ConfigOf(process).find(kManagedConfig) != std::string::npos;
}

std::vector<NodeProcess> Containerds(const std::string& root) {
  auto processes = FindProcesses(root, "containerd");
  std::erase_if(processes, [](const NodeProcess& p) { return p.name != "containerd"; });
  return processes;
}

const NodeProcess* Pick(const std::vector<NodeProcess>& processes, bool managed) {
  const auto found = std::find_if(processes.begin(), processes.end(),
                                  [&](const NodeProcess& p) { return IsManaged(p) == managed; });
  return found == processes.end() ? nullptr : &*found;
}

bool HasUnit(const std::string& root, const std::string& unit) {
  std::error_code error;
  for (const char* folder :
       {"/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/",
        "/usr/lib/systemd/system/", "/lib/systemd/system/"}) {
    if (fs::exists(root + folder + unit, error)) {
      return true;
    }
  }
  return false;
}

/// The PATH that UNIT has now: its own Environment=, else that of its running process, else
/// systemd's default.
base::Result<std::string> PresentPath(const std::string& root, const std::string& unit,
                                      const NodeProcess* process) {
  if (root.empty()) {
    const auto shown = RunCommand({"systemctl", "show", "--value", "-p", "Environment", unit},
                                  kMaxEnvironmentOutput, base::Deadline::After(kPatience));
    if (shown.ok() && shown->exit_code == 0) {
      SIGWARD_ASSIGN_OR_RETURN(const std::optional<std::string> path,
                               PathInEnvironment(shown->out));
      if (path.has_value()) {
        return *path;
      }
    }
  }
  return process != nullptr && process->environment_read && !process->path.empty()
             ? process->path
             : std::string(kSystemdDefaultPath);
}

base::Status AddUnits(const std::string& root, const std::vector<NodeProcess>& processes,
                      SetupInputs& inputs) {
  const auto add = [&](const char* unit, const NodeProcess* process) -> base::Status {
    SIGWARD_ASSIGN_OR_RETURN(std::string path, PresentPath(root, unit, process));
    inputs.units.push_back({unit, std::move(path)});
    return base::Ok();
  };
  const bool own_unit = HasUnit(root, "containerd.service");
  if (own_unit) {
    SIGWARD_RETURN_IF_ERROR(add("containerd.service", Pick(processes, /*managed=*/false)));
  }
  if (HasUnit(root, "docker.service") && (!own_unit || DockerRunsItsOwn(processes))) {
    SIGWARD_RETURN_IF_ERROR(add("docker.service", Pick(processes, /*managed=*/true)));
  }
  if (inputs.units.empty()) {
    return Fail(Reason::kConfigInvalid,
                "there is neither a containerd.service nor a docker.service; put " +
                    inputs.runtime_folder +
                    " first in the PATH of whatever starts containerd (docs/installation.md)");
  }
  return base::Ok();
}

}  // namespace

LookAtFile FilesBelow(std::string root) {
  return [root = std::move(root)](const std::string& path) -> base::Result<FileState> {
    const std::string full = root + path;
    struct stat status {};
    if (lstat(full.c_str(), &status) != 0) {
      return errno == ENOENT || errno == ENOTDIR
                 ? base::Result<FileState>(FileState{})
                 : Fail(Reason::kIoFailed, "cannot look at " + full + ": " + std::strerror(errno));
    }
    FileState state;
    state.exists = true;
    std::error_code error;
    if (S_ISLNK(status.st_mode)) {
      state.link = fs::read_symlink(full, error).string();
    }
    auto text = base::ReadFile(full, kMaxFile);
    if (!text.ok() && !state.link.has_value()) {
      return std::move(text).error();
    }
    state.text = text.ok() ? *std::move(text) : "";
    return state;
  };
}

base::Result<std::vector<Written>> ReadRecord(const LookAtFile& look) {
  SIGWARD_ASSIGN_OR_RETURN(const FileState state, look(kSetupRecord));
  if (!state.exists) {
    return std::vector<Written>();
  }
  auto record = ParseRecord(state.text);
  return record.ok() ? std::move(record) : base::Within(kSetupRecord, std::move(record).error());
}

bool DockerRunsItsOwn(const std::vector<NodeProcess>& processes) {
  return std::any_of(processes.begin(), processes.end(), IsManaged);
}

base::Status CheckNode(const std::string& root) {
  for (const std::string_view name : kRuntimeNames) {
    const std::string path = std::string(kRuntimeFolder) + "/" + std::string(name);
    if (!IsProgram(root + path, kRuntimeProgramName)) {
      return Fail(Reason::kConfigInvalid,
                  path +
                      " is not sigward-runtime: install sigward first (with this PATH and "
                      "without it every container would start without a question)");
    }
  }
  const DockerFacts docker = LookAtDocker(root);
  if (docker.store == DockerStore::kClassic || docker.store == DockerStore::kUnknown) {
    return Fail(Reason::kConfigInvalid,
                docker.evidence +
                    (docker.store == DockerStore::kClassic
                         ? ": Docker's classic image store cannot prove what its containers are "
                           "made of, so each of them would be refused. Turn on Docker's containerd "
                           "image store (features.containerd-snapshotter in daemon.json) first"
                         : ". With its classic store every container of Docker's would be refused. "
                           "Start Docker, or set features.containerd-snapshotter in daemon.json"));
  }
  return base::Ok();
}

base::Result<SetupInputs> ReadInputs(const WhereToSetUp& where, const LookAtFile& look) {
  const auto processes = Containerds(where.root);
  SetupInputs inputs;
  inputs.runtime_folder = kRuntimeFolder;
  inputs.verifier_program = kVerifierProgram;
  inputs.verifier.our_bin_dir = kVerifierFolder;
  SIGWARD_ASSIGN_OR_RETURN(inputs.written, ReadRecord(look));
  SIGWARD_RETURN_IF_ERROR(AddUnits(where.root, processes, inputs));
  const NodeProcess* containerd = Pick(processes, /*managed=*/false);
  const std::string running = containerd == nullptr ? "" : ConfigOf(*containerd);
  inputs.containerd_config = !where.containerd_config.empty() ? where.containerd_config
                             : running.starts_with('/')       ? running
                                                              : kDefaultContainerdConfig;
  if (containerd != nullptr) {
    inputs.verifier.version = ParseContainerdVersion(ContainerdVersionOutput(containerd->program));
    const auto dump = DumpContainerdConfig(containerd->program, running);
    const auto config = dump.ok() ? ContainerdConfig::Parse(*dump) : dump.error();
    if (config.ok() && config->verifier.has_value()) {
      inputs.verifier.running_bin_dir = config->verifier->bin_dir;
    }
  }
  SIGWARD_ASSIGN_OR_RETURN(const FileState state, look(inputs.containerd_config));
  if (state.exists) {
    inputs.verifier.text = state.text;
  }
  return inputs;
}

}  // namespace sigward::cli
