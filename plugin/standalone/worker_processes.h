#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward {

/// sigward-fetchd and sigward-verifyd of this process alone, and sigward-credentiald where the
/// configuration names credentials. They die with the thread that has started them, however that
/// ends. Nothing of them stays on the disk while they run: the names of their sockets are gone once
/// they listen, and are reached by descriptor.
class WorkerProcesses {
 public:
  /// Starts them from FOLDER, with the configuration CONFIG_TEXT. Fails with kConfigInvalid when
  /// that is none, kIoFailed: no folder can be made below $TMPDIR (/tmp without it), or there is no
  /// process or no memory for one. Whether they can work shows with the first question: that is
  /// kWorkerFailed.
  static base::Result<WorkerProcesses> Start(const std::string& folder,
                                             std::string_view config_text);

  WorkerProcesses(WorkerProcesses&& other) noexcept = default;
  WorkerProcesses& operator=(WorkerProcesses&& other) = delete;
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;
  /// Ends all and waits until they are gone.
  ~WorkerProcesses();

  /// Paths for the workers' clients, of this process only.
  std::string fetchd_socket() const { return fetchd_.Path(); }
  std::string verifyd_socket() const { return verifyd_.Path(); }

 private:
  struct Socket {
    std::string Path() const { return "/proc/self/fd/" + std::to_string(name.get()); }
    /// Listens.
    base::UniqueFd listener;
    /// Its file, without a name by now.
    base::UniqueFd name;
  };
  WorkerProcesses() = default;
  base::Status MakeSockets();
  base::Status MakeSocketsIn(const std::string& folder);
  static base::Result<Socket> MakeSocket(int folder, const std::string& name);
  /// CONFIG is negative where none is needed, PEER where no other worker is asked.
  base::Status StartOne(std::vector<std::string> arguments, std::vector<std::string> environment,
                        Socket& socket, int config, int peer = -1);
  base::Status StartCredentiald(const std::string& folder, int config);

  Socket fetchd_;
  Socket verifyd_;
  Socket credentiald_;
  std::vector<pid_t> pids_;
};

/// Where the programs of the workers are: beside this program, as in a build, or in ../lib/sigward,
/// as they are installed. Fails with kIoFailed.
base::Result<std::string> WorkerFolder();

}  // namespace sigward
