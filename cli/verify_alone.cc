#include "cli/verify_alone.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cli/policy_argument.h"
#include "cli/problems.h"
#include "plugin/answer/node_platform.h"
#include "plugin/standalone/standalone_config.h"
#include "plugin/standalone/standalone_gate.h"
#include "plugin/standalone/worker_processes.h"
#include "verifier/evidence.h"

namespace sigward::cli {
namespace {

constexpr int kMaxTimeout = 300;
constexpr std::size_t kMaxPlatformPart = 32;

bool IsPlatformPart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxPlatformPart &&
         part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

std::optional<verifier::Platform> ParsePlatform(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.emplace_back(text.substr(0, slash));
    if (slash == std::string_view::npos) {
      break;
    }
    text.remove_prefix(slash + 1);
  }
  if (parts.size() < 2 || parts.size() > 3 || !std::ranges::all_of(parts, IsPlatformPart)) {
    return std::nullopt;
  }
  return verifier::Platform{parts[0], parts[1], parts.size() == 3 ? parts[2] : ""};
}

std::string CheckPlatform(const std::string& text) {
  return ParsePlatform(text).has_value()
             ? std::string()
             : "expected os/architecture or os/architecture/variant, like linux/arm64";
}

/// The file that is named, or where docker and cosign keep the user's; empty when there is none.
std::string AuthFile(const AloneOptions& options) {
  if (!options.auth_file.empty()) {
    return std::filesystem::absolute(options.auth_file).lexically_normal().string();
  }
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  const std::filesystem::path folder =
      variable("DOCKER_CONFIG").empty() ? variable("HOME") / ".docker" : variable("DOCKER_CONFIG");
  std::error_code error;
  const std::filesystem::path file = folder / "config.json";
  return folder.is_absolute() && std::filesystem::is_regular_file(file, error) ? file.string() : "";
}

}  // namespace

void AddAloneOptions(CLI::App& command, AloneOptions& options) {
  CLI::Option* policy =
      command
          .add_option("--policy", options.policy,
                      "Decide without the daemon, by this policy: sources or a compiled file")
          ->check(CLI::ExistingPath)
          ->option_text("DIR|FILE");
  CLI::Option* hosts_dir =
      command
          .add_option("--hosts-dir", options.hosts_dir, "Folder with the registries' hosts.toml")
          ->check(CLI::ExistingDirectory)
          ->needs(policy)
          ->option_text("DIR");
  CLI::Option* auth_file = command
                               .add_option("--auth-file", options.auth_file,
                                           "Docker's config.json with registries' credentials")
                               ->check(CLI::ExistingFile)
                               ->needs(policy)
                               ->option_text("FILE");
  command
      .add_option("--config", options.config,
                  "A node's configuration, to read registries as it does")
      ->check(CLI::ExistingFile)
      ->needs(policy)
      ->excludes(hosts_dir)
      ->excludes(auth_file)
      ->option_text("FILE");
  command.add_option("--platform", options.platform, "The node's platform, if it is another")
      ->check(CLI::Validator(CheckPlatform, ""))
      ->needs(policy)
      ->option_text("os/arch[/variant]");
  command.add_option("--timeout", options.timeout, "Seconds for each image, 30 unless set")
      ->check(CLI::Range(1, kMaxTimeout).description(""))
      ->needs(policy)
      ->option_text("SECONDS");
}

ExitCode WithStandaloneGate(const AloneOptions& options, OutputFormat format,
                            const std::function<ExitCode(const AskAboutImage&)>& ask_all) {
  Problems problems;
  auto policy = LoadPolicy(options.policy, problems);
  if (!policy.ok()) {
    ReportError(format, policy.error());
    return ExitCode::kUsage;
  }
  if (*policy == nullptr) {
    ReportErrors(problems, "nothing was verified", format);
    return ExitCode::kUsage;
  }
  if (format == OutputFormat::kText) {
    PrintWarnings(problems);
  }
  auto config = options.config.empty()
                    ? StandaloneConfig(std::filesystem::absolute(options.hosts_dir).string(),
                                       AuthFile(options))
                    : NodeConfig(options.config);
  if (!config.ok()) {
    ReportError(format, config.error());
    return ExitCode::kUsage;
  }
  const auto folder = WorkerFolder();
  auto gate =
      folder.ok()
          ? StandaloneGate::Start(
                *folder, {.policy = *std::move(policy),
                          .platform = ParsePlatform(options.platform).value_or(NodePlatform()),
                          .config_text = *std::move(config)})
          : folder.error();
  if (!gate.ok()) {
    ReportError(format, gate.error());
    return ExitCode::kFailed;
  }
  return ask_all([&](const std::string& image) -> base::Result<rpc::GateAnswer> {
    return (*gate)->Verify(image, base::Deadline::After(std::chrono::seconds(options.timeout)));
  });
}

}  // namespace sigward::cli
