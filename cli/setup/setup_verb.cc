// sigward setup

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "base/clock.h"
#include "cli/node/command.h"
#include "cli/setup/plan.h"
#include "cli/setup/setup_inputs.h"
#include "cli/verbs.h"

namespace sigward::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kReloadPatience{30};
constexpr std::size_t kMaxReloadOutput = 64U << 10;

struct SetupOptions {
  WhereToSetUp where;
  bool undo = false;
  bool yes = false;
};

ExitCode FailWith(const base::Error& error) {
  // What follows the first line is a difference, which must keep its lines.
  const std::size_t line_end = error.detail.find('\n');
  ReportError(OutputFormat::kText, base::Fail(error.reason, error.detail.substr(0, line_end)));
  if (line_end != std::string::npos) {
    PrintError(error.detail.substr(line_end + 1));
  }
  return ExitCode::kFailed;
}

bool Confirmed(const SetupOptions& options) {
  if (options.yes) {
    return true;
  }
  if (isatty(STDIN_FILENO) != 1) {
    PrintError("sigward: nothing was written; --yes writes it\n");
    return false;
  }
  PrintError("Write this? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// The record comes first: what is written after a crash is known then, and what is not written is
/// passed over by --undo.
base::Status WriteRecord(const SetupOptions& options, const Plan& plan) {
  const std::string folder = options.where.root + fs::path(kSetupRecord).parent_path().string();
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return Apply({FileKind::kText, kSetupRecord, std::nullopt, EncodeRecord(plan.written)},
               options.where.root);
}

base::Status Write(const SetupOptions& options, const Plan& plan) {
  if (!options.undo) {
    SIGWARD_RETURN_IF_ERROR(WriteRecord(options, plan));
  }
  for (const Change& change : plan.changes) {
    SIGWARD_RETURN_IF_ERROR(Apply(change, options.where.root));
    const fs::path folder = fs::path(options.where.root + change.path).parent_path();
    if (!change.after.has_value() && folder.extension() == ".d") {
      (void)rmdir(folder.c_str());  // works only when nothing else lies there
    }
  }
  if (options.undo) {
    SIGWARD_RETURN_IF_ERROR(
        Apply({FileKind::kText, kSetupRecord, std::nullopt, std::nullopt}, options.where.root));
  }
  return base::Ok();
}

/// systemd reads drop-ins only when it is told to.
void ReloadSystemd(const SetupOptions& options) {
  if (!options.where.root.empty()) {
    return;
  }
  const auto done = RunCommand({"systemctl", "daemon-reload"}, kMaxReloadOutput,
                               base::Deadline::After(kReloadPatience));
  if (!done.ok() || done->exit_code != 0) {
    PrintError("sigward: systemctl daemon-reload failed; run it before restarting containerd\n");
  }
}

base::Result<Plan> MakePlan(const SetupOptions& options, const LookAtFile& look) {
  if (options.undo) {
    SIGWARD_ASSIGN_OR_RETURN(const std::vector<Written> written, ReadRecord(look));
    return PlanUndo(written, look);
  }
  SIGWARD_RETURN_IF_ERROR(CheckNode(options.where.root));
  SIGWARD_ASSIGN_OR_RETURN(const SetupInputs inputs, ReadInputs(options.where, look));
  return PlanSetup(inputs, look);
}

ExitCode Setup(const SetupOptions& options) {
  const LookAtFile look = FilesBelow(options.where.root);
  const auto plan = MakePlan(options, look);
  if (!plan.ok()) {
    return FailWith(plan.error());
  }
  for (const Change& change : plan->changes) {
    PrintOut(DiffText(change));
  }
  for (const std::string& note : plan->notes) {
    PrintError("note: " + note + "\n");
  }
  if (plan->changes.empty()) {
    PrintError("nothing to do\n");
    return ExitCode::kOk;
  }
  if (!options.undo) {
    PrintError(
        "note: from the restart on nothing starts unless sigwardd answers: see that sigward "
        "status shows a policy first\n");
  }
  (void)std::fflush(stdout);
  if (!Confirmed(options)) {
    return ExitCode::kFailed;
  }
  if (const auto written = Write(options, *plan); !written.ok()) {
    return FailWith(written.error());
  }
  ReloadSystemd(options);
  PrintError(options.undo
                 ? "removed; restart containerd to take effect\n"
                 : "written; restart containerd to take effect, then run sigward doctor\n");
  return ExitCode::kOk;
}

}  // namespace

void AddSetup(CLI::App& app, Action& action) {
  auto options = std::make_shared<SetupOptions>();
  CLI::App* command =
      app.add_subcommand("setup", "Put sigward's gates into containerd's and systemd's files");
  command->add_flag("--undo", options->undo, "Remove what setup has written");
  command->add_flag("--yes", options->yes, "Do not ask");
  command
      ->add_option("--containerd-config", options->where.containerd_config,
                   "containerd's configuration")
      ->option_text("FILE");
  command->add_option("--root", options->where.root, "Work on the files below this folder")
      ->option_text("FOLDER");
  command->footer(
      "The change is shown first. Nothing is restarted. Exit code: 0 written or nothing to do, 1 "
      "otherwise.");
  command->callback([options, &action] { action = [options] { return Setup(*options); }; });
}

}  // namespace sigward::cli
