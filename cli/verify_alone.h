#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/output.h"
#include "rpc/gate_message.h"

namespace sigward::cli {

/// What `sigward verify` is told when it works without a daemon.
struct AloneOptions {
  /// Path of the policy; empty: the daemon is asked.
  std::string policy;
  std::string hosts_dir = "/etc/containerd/certs.d";
  /// Docker's config.json with credentials for registries; empty: the user's own, if there is one.
  std::string auth_file;
  /// Path of a node's configuration, which counts instead of hosts_dir and auth_file; may be empty.
  std::string config;
  /// "os/architecture" or "os/architecture/variant"; empty: this machine's.
  std::string platform;
  /// Seconds for each image.
  int timeout = 30;
};

/// Adds --policy and the options that need it to COMMAND.
void AddAloneOptions(CLI::App& command, AloneOptions& options);

/// Answers for one reference.
using AskAboutImage = std::function<base::Result<rpc::GateAnswer>(const std::string&)>;

/// Reads the policy, starts the workers and has ASK_ALL ask as often as it likes; returns what that
/// returns. What keeps it from asking is reported in FORMAT: kUsage when the policy or the
/// configuration is not there or broken, kFailed when the workers cannot be started.
ExitCode WithStandaloneGate(const AloneOptions& options, OutputFormat format,
                            const std::function<ExitCode(const AskAboutImage&)>& ask_all);

}  // namespace sigward::cli
