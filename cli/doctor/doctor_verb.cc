// sigward doctor

#include <algorithm>
#include <memory>

#include "cli/doctor/checks.h"
#include "cli/verbs.h"

namespace sigward::cli {
namespace {

struct DoctorOptions {
  WhereToLook where;
  OutputFormat format = OutputFormat::kText;
};

ExitCode Doctor(const DoctorOptions& options) {
  const auto findings = Diagnose(LookAtNode(options.where));
  PrintOut(options.format == OutputFormat::kJson ? ReportJson(findings).dump() + "\n"
                                                 : ReportText(findings));
  const bool well = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity != Severity::kNote;
  });
  return well ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

void AddDoctor(CLI::App& app, Action& action) {
  auto options = std::make_shared<DoctorOptions>();
  options->where.canaries = true;
  CLI::App* command =
      app.add_subcommand("doctor", "Say whether this node's gates are in force, and what is not");
  command->add_option("--config", options->where.config, "sigwardd's configuration")
      ->option_text("FILE");
  command
      ->add_option("--runtime-folder", options->where.runtime_folder,
                   "The folder that must be first in containerd's PATH")
      ->option_text("FOLDER");
  command
      ->add_option("--containerd-pid", options->where.containerd, "Look at this containerd alone")
      ->option_text("PID");
  command->add_option("--root", options->where.root, "Look at the files below this folder")
      ->option_text("FOLDER");
  command->add_flag_callback(
      "--no-canary", [options] { options->where.canaries = false; },
      "Do not ask the gates about images that must be refused or pass");
  command->footer(
      "Exit code: 0 enforcing and nothing to do, 1 otherwise. It reads configuration and "
      "processes,\n"
      "and asks at both gates about images that cannot be: nothing is pulled or started.");
  AddOutputOption(*command, options->format);
  command->callback([options, &action] { action = [options] { return Doctor(*options); }; });
}

}  // namespace sigward::cli
