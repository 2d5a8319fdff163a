#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "plugin/broker.h"
#include "plugin/config.h"
#include "plugin/launcher.h"
#include "plugin/sync/root_only.h"
#include "rpc/listen_fds.h"

namespace {

constexpr int kUsage = 2;

constexpr const char* kHelp =
    "sigwardd [--config FILE]\n"
    "Decides which container images may be on this node. FILE is /etc/sigward/config.toml unless\n"
    "named. Started by hand it starts sigward-fetchd and sigward-verifyd too; with a socket "
    "handed\n"
    "over (LISTEN_FDS) it is the deciding process alone. SIGHUP reloads the policy.\n";

/// The state is believed as the policy is, so nobody but root may be able to write there.
sigward::base::Status PrepareState(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  auto checked = sigward::sync::CheckRootOnlyFolder(folder);
  return checked.ok() ? std::move(checked)
                      : sigward::base::Within("[state] dir", std::move(checked).error());
}

int Refuse(const sigward::base::Error& error) {
  std::fprintf(stderr, "sigwardd: %s\n", error.detail.c_str());
  return kUsage;
}

int Run(const std::string& config_path) {
  const auto text = sigward::ReadConfigText(config_path);
  const auto config = text.ok() ? sigward::ParseConfig(*text, config_path) : text.error();
  if (!config.ok()) {
    return Refuse(config.error());
  }
  if (const auto state = PrepareState(config->state_dir); !state.ok()) {
    return Refuse(state.error());
  }
  auto listener = sigward::rpc::TakeListenerIfAny();
  if (!listener.ok()) {
    return Refuse(listener.error());
  }
  if (!listener->has_value()) {
    return sigward::RunLauncher(*config, *text);
  }
  return sigward::RunBroker(*config, **std::move(listener));
}

}  // namespace

int main(int argc, char** argv) {
  std::string config_path = sigward::kDefaultConfigPath;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (argument == "--version") {
      std::puts("sigwardd " SIGWARD_VERSION);
      return 0;
    }
    if (argument.starts_with("--config=")) {
      config_path = argument.substr(std::string_view("--config=").size());
    } else if (argument == "--config" && i + 1 < argc) {
      config_path = argv[++i];
    } else {
      std::fprintf(stderr, "sigwardd: unknown argument %s\n%s", argv[i], kHelp);
      return kUsage;
    }
  }
  return Run(config_path);
}
