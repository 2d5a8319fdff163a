#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/gate/gate.h"
#include "plugin/standalone/worker_processes.h"
#include "policy/snapshot.h"
#include "rpc/gate_message.h"
#include "verifier/evidence.h"
#include "worker/client/fetchd_client.h"
#include "worker/client/verifyd_client.h"

namespace sigward {

/// The gate in a process of its own, where there is no daemon: the same decision path and the same
/// workers, which it starts itself; no containerd, nothing kept on the disk, nothing logged.
class StandaloneGate {
 public:
  struct Options {
    /// Never null.
    std::shared_ptr<const policy::PolicySnapshot> policy;
    verifier::Platform platform;
    /// What sigward-fetchd is configured by, of StandaloneConfig or NodeConfig.
    std::string config_text;
  };

  /// Starts the workers that lie in WORKER_FOLDER. Fails as WorkerProcesses::Start does.
  static base::Result<std::unique_ptr<StandaloneGate>> Start(const std::string& worker_folder,
                                                             Options options);

  /// What a daemon with this policy would answer to rpc::GateCall::kVerify about REFERENCE.
  rpc::GateAnswer Verify(const std::string& reference, const base::Deadline& deadline);

 private:
  StandaloneGate(WorkerProcesses workers, Options options);

  const WorkerProcesses workers_;
  const std::shared_ptr<const policy::PolicySnapshot> policy_;
  worker::FetchdClient fetcher_;
  worker::VerifydClient verifier_;
  gate::Gate gate_;
};

}  // namespace sigward
