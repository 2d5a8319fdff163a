#include "plugin/standalone/worker_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/config/config.h"
#include "base/sealed_memory.h"
#include "base/users.h"
#include "plugin/launcher/start_program.h"
#include "rpc/frame.h"

namespace sigward {
namespace {

using base::Fail;
using base::Reason;

constexpr const char* kFetchd = "sigward-fetchd";
constexpr const char* kVerifyd = "sigward-verifyd";
constexpr const char* kCredentiald = "sigward-credentiald";

bool IsProgram(const std::string& path) {
  return access(path.c_str(), X_OK) == 0;
}

base::Error Failed(const std::string& what) {
  const char* text = strerrordesc_np(errno);
  return Fail(Reason::kIoFailed, what + ": " + (text == nullptr ? "unknown error" : text));
}

/// What a worker may know of this process's environment. In CI that holds secrets, and a worker
/// reads foreign bytes.
std::vector<std::string> WorkerEnvironment() {
  static constexpr std::array<std::string_view, 14> kNames = {
      "HTTP_PROXY",      "HTTPS_PROXY",  "ALL_PROXY",    "NO_PROXY",      "http_proxy",
      "https_proxy",     "all_proxy",    "no_proxy",     "SSL_CERT_FILE", "SSL_CERT_DIR",
      "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"};
  std::vector<std::string> variables = OwnEnvironment();
  std::erase_if(variables, [](const std::string& variable) {
    const std::string_view name = std::string_view(variable).substr(0, variable.find('='));
    return std::ranges::find(kNames, name) == kNames.end();
  });
  return variables;
}

/// Holds back the signals that end this process, so that none leaves a folder behind.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before_);
  }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;
  ~WithoutSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

base::Result<std::string> WorkerFolder() {
  const std::string own = ProgramFolder();
  const std::string installed =
      (std::filesystem::path(own) / "../lib/sigward").lexically_normal().string();
  for (const std::string& folder : {own, installed}) {
    if (!own.empty() && IsProgram(folder + "/" + kFetchd) && IsProgram(folder + "/" + kVerifyd)) {
      return folder;
    }
  }
  return Fail(Reason::kIoFailed, std::string(kFetchd) + " and " + kVerifyd + " are neither in " +
                                     own + " nor in " + installed);
}

base::Result<WorkerProcesses> WorkerProcesses::Start(const std::string& folder,
                                                     std::string_view config_text) {
  OpenStandardStreams();
  WorkerProcesses workers;
  SIGWARD_RETURN_IF_ERROR(workers.MakeSockets());
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd config,
                           base::SealBytes(base::AsBytes(config_text)));
  SIGWARD_ASSIGN_OR_RETURN(const Config parsed, ParseConfig(config_text, "configuration"));
  std::vector<std::string> fetchd{folder + "/" + kFetchd, "--config", kConfigInChild};
  if (parsed.HasCredentials()) {
    SIGWARD_RETURN_IF_ERROR(workers.StartCredentiald(folder, config.get()));
    fetchd.insert(fetchd.end(), {"--credentiald", kPeerInChild});
  }
  SIGWARD_RETURN_IF_ERROR(workers.StartOne(std::move(fetchd), WorkerEnvironment(), workers.fetchd_,
                                           config.get(), workers.credentiald_.name.get()));
  SIGWARD_RETURN_IF_ERROR(workers.StartOne({folder + "/" + kVerifyd}, WorkerEnvironment(),
                                           workers.verifyd_, /*config=*/-1));
  return workers;
}

/// It runs the user's own credential helpers, so it knows the user's environment.
base::Status WorkerProcesses::StartCredentiald(const std::string& folder, int config) {
  const uid_t asker = geteuid() == 0 ? base::kFetchdUser : geteuid();
  // Who connects must be able to write to the socket.
  if (asker != geteuid() &&
      fchownat(credentiald_.name.get(), "", asker, asker, AT_EMPTY_PATH) != 0) {
    return Failed("giving the socket of sigward-credentiald away");
  }
  return StartOne(
      {folder + "/" + kCredentiald, "--config", kConfigInChild, "--asker", std::to_string(asker)},
      OwnEnvironment(), credentiald_, config);
}

WorkerProcesses::~WorkerProcesses() {
  for (const pid_t pid : pids_) {
    kill(pid, SIGKILL);
  }
  for (const pid_t pid : pids_) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

/// A socket needs a name only until somebody holds its file.
base::Status WorkerProcesses::MakeSockets() {
  const WithoutSignals quiet;
  const char* parent = std::getenv("TMPDIR");
  std::string folder =
      std::string(parent == nullptr || *parent == '\0' ? "/tmp" : parent) + "/sigward.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return Failed("a folder for sockets, " + folder);
  }
  base::Status made = MakeSocketsIn(folder);
  if (rmdir(folder.c_str()) != 0 && made.ok()) {
    return Failed("removing " + folder);
  }
  return made;
}

base::Status WorkerProcesses::MakeSocketsIn(const std::string& folder) {
  const base::UniqueFd opened(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) {
    return Failed(folder);
  }
  SIGWARD_ASSIGN_OR_RETURN(fetchd_, MakeSocket(opened.get(), "fetchd.sock"));
  SIGWARD_ASSIGN_OR_RETURN(verifyd_, MakeSocket(opened.get(), "verifyd.sock"));
  SIGWARD_ASSIGN_OR_RETURN(credentiald_, MakeSocket(opened.get(), "credentiald.sock"));
  return base::Ok();
}

base::Result<WorkerProcesses::Socket> WorkerProcesses::MakeSocket(int folder,
                                                                  const std::string& name) {
  // However long the folder's own path is, this one is short enough for a socket.
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + name;
  Socket socket;
  SIGWARD_ASSIGN_OR_RETURN(socket.listener, rpc::Listen(path));
  socket.name = base::UniqueFd(openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const bool is_held = socket.name.valid();
  if (unlinkat(folder, name.c_str(), 0) != 0 || !is_held) {
    return Failed(name);
  }
  return socket;
}

base::Status WorkerProcesses::StartOne(std::vector<std::string> arguments,
                                       std::vector<std::string> environment, Socket& socket,
                                       int config, int peer) {
  const std::string program = arguments.front();
  const pid_t pid = StartProgram(std::move(arguments), std::move(environment),
                                 {.socket = socket.listener.get(), .config = config, .peer = peer});
  if (pid < 0) {
    return Failed("starting " + program);
  }
  pids_.push_back(pid);
  // The worker's is the only one from here on: with it the socket closes, and nobody waits for an
  // answer that cannot come.
  socket.listener = base::UniqueFd();
  return base::Ok();
}

}  // namespace sigward
