#include <curl/curl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/config/config.h"
#include "base/log.h"
#include "base/result.h"
#include "rpc/listen_fds.h"
#include "worker/client/credential_client.h"
#include "worker/fetch/fetchd.h"
#include "worker/sandbox/sandbox.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kHelp =
    "Usage: sigward-fetchd [--config FILE]\n"
    "Fetches signatures from registries for sigwardd. FILE is sigward's configuration,\n"
    "/etc/sigward/config.toml unless named. It expects one listening socket from who starts it:\n"
    "sigwardd itself, or systemd by sigward-fetchd.socket (LISTEN_FDS=1, LISTEN_PID=its own, the\n"
    "socket as descriptor 3). It asks through the proxies of HTTPS_PROXY, HTTP_PROXY and "
    "NO_PROXY.\n";

/// Arenas and thresholds that let the memory of a burst go back to the system: what a question
/// reads is large and short-lived.
constexpr int kArenas = 2;
constexpr int kMappedFrom = 128 << 10;

std::optional<std::string> ConfigPathIn(int argc, char** argv) {
  if (argc == 1) {
    return sigward::kDefaultConfigPath;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--config") {
    return argv[2];
  }
  return std::nullopt;
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

/// Every thread keeps connections.
void RaiseDescriptorLimit() {
  rlimit limits{};
  if (getrlimit(RLIMIT_NOFILE, &limits) == 0) {
    limits.rlim_cur = limits.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limits);
  }
}

/// Returns only when it cannot go on. What needs rights comes before the first connection.
sigward::base::Error Serve(const sigward::Config& config, const sigward::base::UniqueFd& listener) {
  // A registry that closes a TLS connection would end the process: libcurl leaves the signal alone.
  signal(SIGPIPE, SIG_IGN);
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  const auto enter = []() -> sigward::base::Status {
    SIGWARD_RETURN_IF_ERROR(sigward::worker::HardenProcess());
    return sigward::worker::DropRoot(sigward::worker::kFetchdUser,
                                     sigward::worker::Keeps::kReadingFiles);
  };
  if (auto entered = enter(); !entered.ok()) {
    return std::move(entered).error();
  }
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return sigward::base::Fail(sigward::base::Reason::kInternal, "libcurl cannot be initialised");
  }
  RaiseDescriptorLimit();
  sigward::worker::CredentialClient credentials(config.credentiald_socket());
  sigward::worker::FetchContext context(config.hosts_dir);
  if (config.HasCredentials()) {
    context.authorization.credentials = &credentials;
  }
  context.authorization.token_hosts = config.token_hosts;
  SIGWARD_ASSIGN_OR_RETURN(context.proxies, sigward::worker::ProxySettings::Parse(
                                                {Variable("HTTP_PROXY", "http_proxy"),
                                                 Variable("HTTPS_PROXY", "https_proxy"),
                                                 Variable("NO_PROXY", "no_proxy")}));
  return sigward::worker::ServeListener(listener.get(), context);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<std::string> config_path = ConfigPathIn(argc, argv);
  if (!config_path.has_value()) {
    std::fputs(kHelp, stderr);
    return kUsage;
  }
  // Root's own file, read before root is given up and long before a registry's first byte.
  const auto config = sigward::ReadConfig(*config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "sigward-fetchd: %s\n", config.error().detail.c_str());
    return kUsage;
  }
  const auto listener = sigward::rpc::TakeOnlyListener();
  if (!listener.ok()) {
    std::fprintf(stderr, "sigward-fetchd: %s\n%s", listener.error().detail.c_str(), kHelp);
    return kUsage;
  }
  const sigward::base::Error error = Serve(*config, *listener);
  sigward::base::Log(sigward::base::Severity::kError, "fetchd-failed",
                     {{"reason", sigward::base::ReasonWord(error.reason)},
                      {"detail", std::string_view(error.detail)}});
  return kFailed;
}
