#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "plugin/broker.h"
#include "plugin/config.h"
#include "plugin/launcher.h"
#include "rpc/listen_fds.h"

namespace {

constexpr int kUsage = 2;

constexpr const char* kHelp =
    "sigwardd [--config FILE]\n"
    "Decides which container images may be on this node. FILE is /etc/sigward/config.toml unless\n"
    "named. Started by hand it starts sigward-fetchd and sigward-verifyd too; with a socket handed\n"
    "over (LISTEN_FDS) it is the deciding process alone. SIGHUP reloads the policy.\n";

int Run(const std::string& config_path) {
  const auto config = sigward::ReadConfig(config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "sigwardd: %s\n", config.error().detail.c_str());
    return kUsage;
  }
  auto sockets = sigward::rpc::TakeListenFds();
  if (sockets.empty()) {
    return sigward::RunLauncher(*config, config_path);
  }
  return sigward::RunBroker(*config, std::move(sockets.front().socket));
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
