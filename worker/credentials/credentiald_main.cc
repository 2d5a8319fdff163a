#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/log.h"
#include "base/result.h"
#include "rpc/listen_fds.h"
#include "worker/credentials/credentiald.h"
#include "worker/credentials/node_credentials.h"
#include "worker/sandbox/sandbox.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kHelp =
    "Usage: sigward-credentiald [--config FILE [--asker UID]]\n"
    "Finds credentials for registries, for sigward-fetchd alone: in a docker config.json, and by\n"
    "running the helpers and credential providers that FILE (/etc/sigward/config.toml unless "
    "named)\n"
    "leads to. It expects one listening socket from who starts it: sigwardd, or systemd by\n"
    "sigward-credentiald.socket. The socket's owner may ask, or the user UID.\n";
/// Questions are few and small.
constexpr int kArenas = 2;
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Options {
  std::string config_path = sigward::kDefaultConfigPath;
  /// Who may ask; none: the socket's owner.
  std::optional<uid_t> asker;
};

std::optional<uid_t> UidIn(std::string_view text) {
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(uid)
                                                                  : std::nullopt;
}

std::optional<Options> OptionsIn(int argc, char** argv) {
  Options options;
  if (argc > 1 && (argc < 3 || std::string_view(argv[1]) != "--config")) {
    return std::nullopt;
  }
  if (argc >= 3) {
    options.config_path = argv[2];
  }
  if (argc == 5 && std::string_view(argv[3]) == "--asker") {
    options.asker = UidIn(argv[4]);
  }
  return argc > 3 && !options.asker.has_value() ? std::nullopt : std::optional(options);
}

/// Returns only when it cannot go on. It stays root where it was started as root: its programs need
/// the node's identity and root's files.
sigward::base::Error Serve(const sigward::Config& config, std::optional<uid_t> named_asker,
                           int listener) {
  using sigward::worker::NodeCredentials;
  mallopt(M_ARENA_MAX, kArenas);
  auto asker = named_asker.has_value() ? sigward::base::Result<uid_t>(*named_asker)
                                       : sigward::worker::OwnerOf(listener);
  if (!asker.ok()) {
    return std::move(asker).error();
  }
  if (auto hardened = sigward::worker::HardenProcess(); !hardened.ok()) {
    return std::move(hardened).error();
  }
  const char* const path = std::getenv("PATH");
  NodeCredentials credentials({.auth_file = config.auth_file,
                               .provider_config = config.credential_provider_config,
                               .provider_bin_dir = config.credential_provider_bin_dir,
                               .search_path = path == nullptr ? kDefaultPath : path,
                               .environment = sigward::worker::EnvironmentForPrograms(environ)},
                              sigward::base::Clock::System());
  return sigward::worker::ServeCredentials(listener, *asker, credentials);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = OptionsIn(argc, argv);
  if (!options.has_value()) {
    std::fputs(kHelp, stderr);
    return kUsage;
  }
  const auto config = sigward::ReadConfig(options->config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "sigward-credentiald: %s\n", config.error().detail.c_str());
    return kUsage;
  }
  const auto listener = sigward::rpc::TakeOnlyListener();
  if (!listener.ok()) {
    std::fprintf(stderr, "sigward-credentiald: %s\n%s", listener.error().detail.c_str(), kHelp);
    return kUsage;
  }
  const sigward::base::Error error = Serve(*config, options->asker, listener->get());
  sigward::base::Log(sigward::base::Severity::kError, "credentiald-failed",
                     {{"reason", sigward::base::ReasonWord(error.reason)},
                      {"detail", std::string_view(error.detail)}});
  return kFailed;
}
