// sigward policy compile

#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "cli/policy_sources.h"
#include "cli/problems.h"
#include "cli/verbs.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Json;
using base::Reason;

constexpr std::string_view kStandardOutput = "-";

struct CompileArguments {
  std::vector<std::string> sources;
  std::string output;
  /// Empty for the one that is installed.
  std::string public_good_root;
  /// NAME=FOLDER.
  std::vector<std::string> mirrors;
  std::vector<std::string> accept_expired;
  OutputFormat format = OutputFormat::kText;
};

/// The compiled policy holds no secret, and whoever asks what a node enforces may read it.
base::Status WriteOutput(const std::string& path, std::string_view text) {
  constexpr mode_t kReadableByAll = 0644;
  SIGWARD_RETURN_IF_ERROR(base::ReplaceFile(path, text));
  if (chmod(path.c_str(), kReadableByAll) != 0) {
    return Fail(Reason::kIoFailed, "cannot set the mode of " + path);
  }
  return base::Ok();
}

void ReportSuccess(const CompileArguments& options, const CompiledPolicy& compiled,
                   const Problems& problems, std::size_t files) {
  if (options.format == OutputFormat::kJson) {
    if (options.output != kStandardOutput) {
      const Json json = {{"policies", compiled.policies},
                         {"noMatch", policy::NoMatchWord(compiled.no_match)},
                         {"output", options.output},
                         {"warnings", ProblemsJson(problems.warnings())}};
      PrintOut(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    }
    return;
  }
  PrintWarnings(problems);
  PrintError("compiled " + Counted(compiled.policies, "policy", "policies") + " from " +
             Counted(files, "file", "files") + "; an image that no policy matches: " +
             std::string(policy::NoMatchWord(compiled.no_match)) + "\n");
}

/// Empty when TEXT is NAME=FOLDER.
std::string IsNameAndFolder(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == 0 || equals == std::string::npos || equals + 1 == text.size()
             ? "expected NAME=FOLDER"
             : "";
}

/// Puts the --trust-root-mirror options into MIRRORS. Of two for one name neither is guessed at.
bool TakeMirrors(const CompileArguments& options, TufMirrors& mirrors) {
  for (const std::string& mirror : options.mirrors) {
    const std::size_t equals = mirror.find('=');
    const std::string name = mirror.substr(0, equals);
    if (!mirrors.folders.emplace(name, mirror.substr(equals + 1)).second) {
      ReportError(options.format,
                  Fail(Reason::kInvalidArguments, "--trust-root-mirror is given twice for " +
                                                      base::OneLine(name, base::kMaxNameInError)));
      return false;
    }
  }
  return true;
}

ExitCode CompilePolicy(const CompileArguments& options) {
  const auto sources = ReadPolicySources(options.sources);
  if (!sources.ok()) {
    ReportError(options.format, sources.error());
    return ExitCode::kFailed;
  }
  Problems problems;
  CompileOptions compile = InstalledCompileOptions();
  if (!options.public_good_root.empty()) {
    compile.public_good_root = options.public_good_root;
  }
  if (!TakeMirrors(options, compile.mirrors)) {
    return ExitCode::kUsage;
  }
  compile.mirrors.accept_expired = {options.accept_expired.begin(), options.accept_expired.end()};
  const auto compiled = CompileSources(*sources, problems, compile);
  if (!compiled.has_value()) {
    ReportErrors(problems, "nothing was written", options.format);
    return ExitCode::kFailed;
  }
  if (options.output == kStandardOutput) {
    PrintOut(compiled->text);
  } else if (const auto written = WriteOutput(options.output, compiled->text); !written.ok()) {
    ReportError(options.format, written.error());
    return ExitCode::kFailed;
  }
  ReportSuccess(options, *compiled, problems, sources->size());
  return ExitCode::kOk;
}

}  // namespace

void AddPolicy(CLI::App& app, Action& action) {
  auto options = std::make_shared<CompileArguments>();
  CLI::App* policy = app.add_subcommand("policy", "Work with policies");
  policy->require_subcommand(1);
  CLI::App* compile = policy->add_subcommand(
      "compile", "Check ClusterImagePolicies and write them in the form that the daemon reads");
  compile->add_option("SOURCE", options->sources, "Folders and files with YAML or JSON")
      ->required()
      ->option_text("DIR|FILE...");
  compile->add_option("--output", options->output, "File to write; - is standard output")
      ->required()
      ->option_text("FILE");
  compile
      ->add_option("--sigstore-root", options->public_good_root,
                   "trusted_root.json of Sigstore's public instances, for policies that name no "
                   "other (default: the one that is installed)")
      ->option_text("FILE");
  compile
      ->add_option("--trust-root-mirror", options->mirrors,
                   "The folder with a copy of the TUF repository that the TrustRoot NAME has as "
                   "remote; may be given for several")
      ->option_text("NAME=FOLDER")
      ->expected(1)
      ->take_all()
      ->check(IsNameAndFolder);
  compile
      ->add_option("--accept-expired-trust-root", options->accept_expired,
                   "Weakens: the TUF metadata of the TrustRoot NAME may have expired")
      ->option_text("NAME")
      ->expected(1)
      ->take_all();
  AddOutputOption(*compile, options->format);
  compile->callback([options, &action] { action = [options] { return CompilePolicy(*options); }; });
}

}  // namespace sigward::cli
