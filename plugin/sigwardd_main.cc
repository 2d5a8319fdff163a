#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/config/config.h"
#include "base/root_only.h"
#include "base/sealed_memory.h"
#include "plugin/broker.h"
#include "rpc/listen_fds.h"

namespace {

constexpr int kUsage = 2;

constexpr const char* kHelp =
    "sigwardd [--config FILE] [--activated]\n"
    "Decides which container images may be on this node. FILE is /etc/sigward/config.toml unless\n"
    "named. Started by hand it starts its workers too; with a socket "
    "handed\n"
    "over (LISTEN_FDS) it is the deciding process alone; --activated refuses to be anything else. "
    "SIGHUP\n"
    "reloads the policy.\n";

struct Options {
  std::string config_path = sigward::kDefaultConfigPath;
  /// Never the launcher: a unit's sandbox is none in which the workers could be started.
  bool activated = false;
};

/// The path that LISTENER is bound to; empty when it has none.
std::string BoundPath(int listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  const std::string_view room(std::begin(address.sun_path), sizeof address.sun_path);
  return std::string(room.substr(0, std::min(room.find('\0'), room.size())));
}

/// A socket elsewhere would be one that nobody asks, with the workers looked for beside another.
sigward::base::Status CheckBoundPath(int listener, const std::string& expected) {
  const std::string bound = BoundPath(listener);
  if (std::filesystem::path(bound).lexically_normal() ==
      std::filesystem::path(expected).lexically_normal()) {
    return sigward::base::Ok();
  }
  return sigward::base::Fail(sigward::base::Reason::kConfigInvalid,
                             "the socket that was handed over is " +
                                 (bound.empty() ? std::string("not a path's") : bound) +
                                 ", but [gate] socket is " + expected);
}

/// The state is believed as the policy is, so nobody but root may be able to write there.
sigward::base::Status PrepareState(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  auto checked = sigward::base::CheckRootOnlyFolder(folder);
  return checked.ok() ? std::move(checked)
                      : sigward::base::Within("[state] dir", std::move(checked).error());
}

int Refuse(const sigward::base::Error& error) {
  std::fprintf(stderr, "sigwardd: %s\n", error.detail.c_str());
  return kUsage;
}

/// Becomes the launcher, which lies beside this program, with the configuration that was found good
/// here. Returns only when that cannot be.
int BecomeLauncher(const std::string& config_text) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string launcher = own.parent_path() / "sigward-launcher";
  const auto config = sigward::base::SealBytes(sigward::base::AsBytes(config_text));
  if (own.is_absolute() && config.ok() && fcntl(config->get(), F_SETFD, 0) == 0) {
    const std::string path = "/proc/self/fd/" + std::to_string(config->get());
    execl(launcher.c_str(), launcher.c_str(), path.c_str(), nullptr);
  }
  return Refuse(sigward::base::Fail(sigward::base::Reason::kConfigInvalid,
                                    launcher + " could not be started"));
}

int Run(const Options& options) {
  const auto text = sigward::ReadConfigText(options.config_path);
  const auto config = text.ok() ? sigward::ParseConfig(*text, options.config_path) : text.error();
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
  if (!listener->has_value() && options.activated) {
    return Refuse(sigward::base::Fail(sigward::base::Reason::kConfigInvalid,
                                      "--activated, but no socket was handed over"));
  }
  if (!listener->has_value()) {
    return BecomeLauncher(*text);
  }
  if (const auto bound = CheckBoundPath((*listener)->get(), config->gate_socket); !bound.ok()) {
    return Refuse(bound.error());
  }
  return sigward::RunBroker(*config, **std::move(listener));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
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
      options.config_path = argument.substr(std::string_view("--config=").size());
    } else if (argument == "--config" && i + 1 < argc) {
      options.config_path = argv[++i];
    } else if (argument == "--activated") {
      options.activated = true;
    } else {
      std::fprintf(stderr, "sigwardd: unknown argument %s\n%s", argv[i], kHelp);
      return kUsage;
    }
  }
  return Run(options);
}
