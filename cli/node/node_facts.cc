#include "cli/node/node_facts.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "base/json_fields.h"
#include "base/strict_json.h"
#include "cli/gate_record.h"
#include "cli/node/command.h"
#include "cli/node/processes.h"
#include "cli/node/try_doors.h"
#include "rpc/gate_client.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;
using base::Json;
using base::JsonFields;

constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMaxVersionOutput = 4096;
constexpr std::size_t kMaxSigwardConfig = 256U << 10;
constexpr std::string_view kShimPrefix = "containerd-shim-";

/// The programs in a bin_dir as containerd runs them: sorted by name, folders passed over.
std::optional<std::vector<ContainerdFacts::Program>> ProgramsIn(const std::string& folder) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) {
    return std::nullopt;
  }
  std::vector<ContainerdFacts::Program> programs;
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!fs::is_directory(entry->path(), ignored)) {
      programs.push_back(
          {entry->path().filename().string(), IsProgram(entry->path(), kVerifierProgramName)});
    }
  }
  std::sort(programs.begin(), programs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return programs;
}

ContainerdFacts LookAtContainerd(const NodeProcess& process, const std::string& root) {
  ContainerdFacts facts;
  facts.pid = process.pid;
  facts.environment_read = process.environment_read;
  facts.path = process.path;
  facts.gate_socket = process.gate_socket;
  facts.version = ParseContainerdVersion(ContainerdVersionOutput(process.program));
  const auto dump =
      DumpContainerdConfig(process.program, OptionIn(process.arguments, {"-c", "--config"}));
  facts.config = dump.ok() ? ContainerdConfig::Parse(*dump) : dump.error();
  if (facts.config.ok() && facts.config->verifier.has_value()) {
    facts.bin_dir = ProgramsIn(root + facts.config->verifier->bin_dir);
  }
  return facts;
}

std::vector<ShimFacts> LookAtShims(const WhereToLook& where,
                                   const std::vector<ContainerdFacts>& containerds) {
  std::vector<ShimFacts> shims;
  for (const NodeProcess& process : FindProcesses(where.root, kShimPrefix)) {
    const std::string address = OptionIn(process.arguments, {"-address"});
    const bool of_interest =
        where.containerd == 0 ||
        std::any_of(containerds.begin(), containerds.end(), [&](const ContainerdFacts& c) {
          return !c.config.ok() || c.config->address == address;
        });
    if (of_interest) {
      shims.push_back({process.pid, process.name, OptionIn(process.arguments, {"-namespace"}),
                       OptionIn(process.arguments, {"-id"}), process.environment_read,
                       process.path});
    }
  }
  return shims;
}

/// The part "nri" of the status record; none where there is none or it has another shape.
std::optional<GateFacts::Nri> NriIn(std::string_view record) {
  const auto root = base::ParseStrictJson(record, kMaxRecordBytes);
  if (!root.ok() || !root->is_object() || !root->contains("nri")) {
    return std::nullopt;
  }
  auto fields = JsonFields::Of((*root)["nri"], "nri");
  if (!fields.ok()) {
    return std::nullopt;
  }
  const auto registered = fields->Boolean("registered");
  const auto gaps = fields->Integer("gaps");
  const auto error = fields->String("error");
  if (!registered.ok()) {
    return std::nullopt;
  }
  return GateFacts::Nri{*registered, gaps.ok() ? *gaps : 0, error.ok() ? *error : ""};
}

GateFacts AskForStatus() {
  GateFacts facts;
  rpc::GateQuestion question;
  question.call = rpc::GateCall::kStatus;
  const auto answer =
      rpc::AskGate(rpc::GateSocketPath(), question, base::Deadline::After(kPatience));
  const auto record = answer.ok() ? StatusRecord::Parse(answer->record) : answer.error();
  if (!record.ok()) {
    facts.error = record.error().detail;
    return facts;
  }
  facts.answered = true;
  facts.policy_active = record->policy.state == "active";
  facts.policy_error = record->policy.error;
  facts.nri = NriIn(answer->record);
  return facts;
}

/// What is of use in sigwardd's configuration; what is not there stays as it is.
void ReadSigwardConfig(const std::string& path, NodeFacts& facts) {
  const auto text = base::ReadFile(path, kMaxSigwardConfig);
  if (!text.ok()) {
    return;
  }
  try {
    const toml::table document = toml::parse(*text);
    const auto value = document["gate"]["pull_deadline"].value<std::string>();
    const auto parsed = value.has_value() ? ParseGoDuration(*value) : std::nullopt;
    facts.pull_deadline = parsed.value_or(facts.pull_deadline);
    facts.containerd_state =
        document["containerd"]["state"].value<std::string>().value_or(facts.containerd_state);
  } catch (const toml::parse_error&) {
    return;  // sigwardd itself refuses to start with it, and says where
  }
}

}  // namespace

bool IsProgram(const std::string& path, std::string_view name) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return !error && real.filename() == name && access(real.c_str(), X_OK) == 0;
}

std::string ContainerdVersionOutput(const std::string& program) {
  const auto done =
      RunCommand({program, "--version"}, kMaxVersionOutput, base::Deadline::After(kPatience));
  return done.ok() && done->exit_code == 0 ? done->out : "";
}

base::Result<std::string> DumpContainerdConfig(const std::string& program,
                                               const std::string& config_path) {
  std::vector<std::string> argv{program};
  if (!config_path.empty()) {
    argv.insert(argv.end(), {"--config", config_path});
  }
  argv.insert(argv.end(), {"config", "dump"});
  SIGWARD_ASSIGN_OR_RETURN(CommandOutput done, RunCommand(argv, kMaxContainerdConfigBytes,
                                                          base::Deadline::After(kPatience)));
  if (done.exit_code != 0) {
    return base::Fail(base::Reason::kIoFailed, "containerd config dump ended with exit code " +
                                                   std::to_string(done.exit_code));
  }
  return std::move(done.out);
}

NodeFacts LookAtNode(const WhereToLook& where) {
  NodeFacts facts;
  facts.runtime_folder = where.runtime_folder;
  const std::string root = where.root;
  facts.is_wrapper = [root](const std::string& path) {
    return IsProgram(root + path, kRuntimeProgramName);
  };
  facts.has_program = [root](const std::string& folder, std::string_view name) {
    const std::string path = root + folder + "/" + std::string(name);
    return access(path.c_str(), X_OK) == 0 && !IsProgram(path, kRuntimeProgramName);
  };
  for (const std::string_view name : kRuntimeNames) {
    if (!facts.is_wrapper(where.runtime_folder + "/" + std::string(name))) {
      facts.missing_wrappers.emplace_back(name);
    }
  }
  for (const NodeProcess& process : FindProcesses(where.root, "containerd")) {
    if (process.name == "containerd" &&
        (where.containerd == 0 || where.containerd == process.pid)) {
      facts.containerds.push_back(LookAtContainerd(process, where.root));
    }
  }
  facts.shims = LookAtShims(where, facts.containerds);
  facts.docker = LookAtDocker(where.root);
  facts.gate = AskForStatus();
  ReadSigwardConfig(where.root + where.config, facts);
  if (where.canaries) {
    for (ContainerdFacts& containerd : facts.containerds) {
      TryDoors(facts, where.root, containerd);
    }
  }
  return facts;
}

}  // namespace sigward::cli
