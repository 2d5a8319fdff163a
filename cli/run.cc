#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "cli/verbs.h"

namespace sigward::cli {
namespace {

/// Whether a command line that cannot be parsed asks for JSON.
bool WantsJson(const std::vector<std::string_view>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool named = arguments[i] == "-o" || arguments[i] == "--format";
    if (arguments[i] == "-ojson" || arguments[i] == "--format=json" ||
        (named && i + 1 < arguments.size() && arguments[i + 1] == "json")) {
      return true;
    }
  }
  return false;
}

int ReportUsage(const CLI::App& app, const CLI::ParseError& error,
                const std::vector<std::string_view>& arguments) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return app.exit(error);  // --help and --version
  }
  if (WantsJson(arguments)) {
    PrintOut(base::Json{{"error", {{"reason", "usage"}, {"message", error.what()}}}}.dump() + "\n");
  } else {
    (void)app.exit(error);
  }
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace

const char* Version() {
  return SIGWARD_VERSION;
}

void AddOutputOption(CLI::App& command, OutputFormat& format) {
  static const std::map<std::string, OutputFormat> kFormats = {{"text", OutputFormat::kText},
                                                               {"json", OutputFormat::kJson}};
  command.add_option("-o,--format", format, "How to print: text or json")
      ->transform(CLI::Validator(
          [](std::string& text) {
            const auto known = kFormats.find(text);
            if (known == kFormats.end()) {
              return "expected json or text; got \"" + base::OneLine(text, base::kMaxNameInError) +
                     "\"";
            }
            // What CLI11 makes an enumeration of.
            text = std::to_string(static_cast<int>(known->second));
            return std::string();
          },
          ""))
      ->option_text("json|text");
}

void AddVersion(CLI::App& app, Action& action) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::kText);
  CLI::App* command = app.add_subcommand("version", "Print the version of this program");
  AddOutputOption(*command, *format);
  command->callback([format, &action] {
    action = [format] {
      PrintOut(*format == OutputFormat::kJson ? base::Json{{"version", Version()}}.dump() + "\n"
                                              : "sigward " + std::string(Version()) + "\n");
      return ExitCode::kOk;
    };
  });
}

int Run(int argc, const char* const* argv) {
  CLI::App app("Checks container images against signature policies", "sigward");
  Action action;
  app.require_subcommand(1);
  app.set_version_flag("--version", "sigward " + std::string(Version()));
  AddVerify(app, action);
  AddVerifyBundle(app, action);
  AddPolicy(app, action);
  AddPrefetch(app, action);
  AddAudit(app, action);
  AddStatus(app, action);
  AddDoctor(app, action);
  AddSetup(app, action);
  AddVersion(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, {argv + std::min(argc, 1), argv + argc});
  }
  return static_cast<int>(action());
}

}  // namespace sigward::cli
