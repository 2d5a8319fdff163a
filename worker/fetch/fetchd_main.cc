#include <curl/curl.h>
#include <malloc.h>
#include <signal.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/config/config.h"
#include "base/log.h"
#include "base/result.h"
#include "rpc/listen_fds.h"
#include "worker/client/credential_client.h"
#include "worker/fetch/fetchd.h"
#include "worker/fetch/readable_places.h"
#include "worker/sandbox/call_filter.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/sandbox.h"

namespace {

using sigward::base::Status;
using sigward::worker::ReadablePlaces;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kHelp =
    "Usage: sigward-fetchd [--config FILE [--credentiald SOCKET]]\n"
    "Fetches signatures from registries for sigwardd. FILE is sigward's configuration,\n"
    "/etc/sigward/config.toml unless named; SOCKET is where sigward-credentiald listens, if not\n"
    "where FILE says. It expects one listening socket from who starts it:\n"
    "sigwardd itself, or systemd by sigward-fetchd.socket (LISTEN_FDS=1, LISTEN_PID=its own, the\n"
    "socket as descriptor 3). It asks through the proxies of HTTPS_PROXY, HTTP_PROXY and "
    "NO_PROXY.\n";

/// Arenas and thresholds that let the memory of a burst go back to the system: what a question
/// reads is large and short-lived.
constexpr int kArenas = 2;
constexpr int kMappedFrom = 128 << 10;

struct Options {
  std::string config_path = sigward::kDefaultConfigPath;
  /// Empty: where the configuration says.
  std::string credentiald_socket;
};

std::optional<Options> OptionsIn(int argc, char** argv) {
  Options options;
  if (argc > 1 && (argc < 3 || std::string_view(argv[1]) != "--config")) {
    return std::nullopt;
  }
  if (argc >= 3) {
    options.config_path = argv[2];
  }
  if (argc > 3 && (argc != 5 || std::string_view(argv[3]) != "--credentiald")) {
    return std::nullopt;
  }
  if (argc == 5) {
    options.credentiald_socket = argv[4];
  }
  return options;
}

/// The first of NAMES that is set, as Go looks for them.
std::string Variable(const char* upper, const char* lower) {
  for (const char* name : {upper, lower}) {
    if (const char* value = std::getenv(name); value != nullptr && value[0] != '\0') {
      return value;
    }
  }
  return {};
}

/// What no burst of questions comes near.
constexpr sigward::worker::ProcessLimits kLimits{.address_space = std::size_t{8} << 30,
                                                 .descriptors = 4096};

/// Everything that needs rights comes before the first connection: the files that say how, too.
Status Enter(const ReadablePlaces& places) {
  SIGWARD_RETURN_IF_ERROR(sigward::worker::HardenProcess());
  SIGWARD_RETURN_IF_ERROR(sigward::worker::DropRoot(sigward::worker::kFetchdUser,
                                                    sigward::worker::Keeps::kReadingFiles));
  SIGWARD_RETURN_IF_ERROR(sigward::worker::LimitProcess(kLimits));
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return sigward::base::Fail(sigward::base::Reason::kInternal, "libcurl cannot be initialised");
  }
  SIGWARD_ASSIGN_OR_RETURN(const auto calls,
                           sigward::worker::CallFilter::Make(sigward::worker::FetchdCalls()));
  SIGWARD_ASSIGN_OR_RETURN(const auto reach, sigward::worker::Reach::Make(
                                                 places.paths(), sigward::worker::Tcp::kConnects));
  SIGWARD_RETURN_IF_ERROR(reach.Enter());
  return calls.Enter();
}

/// Returns only when it cannot go on, or should not because files have taken others' places.
Status Serve(const sigward::Config& config, const std::string& credentiald_socket,
             const sigward::base::UniqueFd& listener) {
  // A registry that closes a TLS connection would end the process: libcurl leaves the signal alone.
  signal(SIGPIPE, SIG_IGN);
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  ReadablePlaces places(config.hosts_dir);
  // Asked before the list of calls is taken on, which does not have this one.
  const bool has_walls = sigward::worker::kSealed && sigward::worker::LandlockVersion() > 0;
  SIGWARD_RETURN_IF_ERROR(Enter(places));
  sigward::worker::CredentialClient credentials(
      credentiald_socket.empty() ? config.credentiald_socket() : credentiald_socket);
  sigward::worker::FetchContext context(config.hosts_dir);
  if (config.HasCredentials()) {
    context.authorization.credentials = &credentials;
  }
  context.authorization.token_hosts = config.token_hosts;
  SIGWARD_ASSIGN_OR_RETURN(context.proxies, sigward::worker::ProxySettings::Parse(
                                                {Variable("HTTP_PROXY", "http_proxy"),
                                                 Variable("HTTPS_PROXY", "https_proxy"),
                                                 Variable("NO_PROXY", "no_proxy")}));
  return sigward::worker::ServeListener(listener.get(), context,
                                        [&] { return has_walls && places.Outdated(); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = OptionsIn(argc, argv);
  if (!options.has_value()) {
    std::fputs(kHelp, stderr);
    return kUsage;
  }
  // Root's own file, read before root is given up and long before a registry's first byte.
  const auto config = sigward::ReadConfig(options->config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "sigward-fetchd: %s\n", config.error().detail.c_str());
    return kUsage;
  }
  const auto listener = sigward::rpc::TakeOnlyListener();
  if (!listener.ok()) {
    std::fprintf(stderr, "sigward-fetchd: %s\n%s", listener.error().detail.c_str(), kHelp);
    return kUsage;
  }
  const Status served = Serve(*config, options->credentiald_socket, *listener);
  if (served.ok()) {
    sigward::base::Log(sigward::base::Severity::kNotice, "fetchd-outdated",
                       {{"detail", "files were replaced or named that it may not read"},
                        {"effect", "it ends and is started again"}});
    return 0;
  }
  const sigward::base::Error& error = served.error();
  sigward::base::Log(sigward::base::Severity::kError, "fetchd-failed",
                     {{"reason", sigward::base::ReasonWord(error.reason)},
                      {"detail", std::string_view(error.detail)}});
  return kFailed;
}
