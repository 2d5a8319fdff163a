#include "plugin/broker.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "plugin/answer/node_platform.h"
#include "plugin/answering_threads.h"
#include "plugin/audit.h"
#include "plugin/containerd/binding.h"
#include "plugin/containerd/content_evidence.h"
#include "plugin/containerd/grpc_containerd.h"
#include "plugin/containerd/image_content.h"
#include "plugin/create_door.h"
#include "plugin/evidence/layout_evidence.h"
#include "plugin/gate/evidence_store.h"
#include "plugin/gate/gate.h"
#include "plugin/gate_server.h"
#include "plugin/journal/journal.h"
#include "plugin/nri/nri_door.h"
#include "plugin/preparation.h"
#include "plugin/sync/active_policy.h"
#include "worker/client/fetchd_client.h"
#include "worker/client/reader_client.h"
#include "worker/client/verifyd_client.h"
#include "worker/sandbox/call_filter.h"
#include "worker/sandbox/sandbox.h"

namespace sigward {
namespace {

using base::Severity;

/// How long answers that are under way may take after SIGTERM.
constexpr std::chrono::seconds kDrainTime{3};

/// Eight for each question, and as many again for the rest.
constexpr rlim_t kDescriptors = rlim_t{2} * 8 * kMaxQuestionsAtOnce;

void LogPolicy(const base::Status& status, const sync::ActivePolicy& policy) {
  const auto current = policy.Current();
  const auto generation = static_cast<std::int64_t>(current == nullptr ? 0 : current->generation());
  const auto count = static_cast<std::int64_t>(current == nullptr ? 0 : current->policies().size());
  const bool in_force = status.ok() || status.error().reason == base::Reason::kIoFailed;
  if (in_force) {
    base::Log(Severity::kNotice, "policy-active",
              {{"generation", generation}, {"policies", count}, {"source", policy.source()}});
  }
  if (status.ok()) {
    return;
  }
  base::Log(Severity::kError, in_force ? "policy-not-durable" : "policy-not-taken",
            {{"reason", base::ReasonWord(status.error().reason)},
             {"detail", status.error().detail},
             {"active_generation", generation},
             {"effect", in_force             ? "a restart may fall back to the one before"
                        : current == nullptr ? "every image is refused"
                                             : "the last good one stays"}});
}

base::UniqueFd SignalDescriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) {
    sigaddset(&signals, number);
  }
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return base::UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Gives up what this process never needs, before it starts a thread and reads what others say. No
/// program is run from here on.
base::Status SealBroker() {
  SIGWARD_RETURN_IF_ERROR(worker::RefuseNewPrivileges());
  SIGWARD_ASSIGN_OR_RETURN(const worker::CallFilter calls,
                           worker::CallFilter::Make(worker::SigwarddCalls()));
  return calls.Enter();
}

/// A create holds several descriptors, and the usual soft limit is below what all that are answered
/// at once hold together.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = std::min(limit.rlim_max, std::max<rlim_t>(limit.rlim_cur, kDescriptors));
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// Returns when a signal says to end; RELOAD at each that says to reload.
void WaitForTheEnd(int signals, const std::function<void()>& reload) {
  pollfd watched{signals, POLLIN, 0};
  while (true) {
    if (poll(&watched, 1, -1) < 0 && errno != EINTR) {
      return;
    }
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo != SIGHUP) {
        return;
      }
      reload();
    }
  }
}

}  // namespace

int RunBroker(const Config& config, base::UniqueFd listener) {
  // Threads come and go with bursts of questions: two arenas keep what they leave behind small.
  mallopt(M_ARENA_MAX, 2);
  RaiseDescriptorLimit();
  umask(0077);
  signal(SIGPIPE, SIG_IGN);
  const base::UniqueFd signals = SignalDescriptor();
  if (const base::Status sealed = SealBroker(); !sealed.ok()) {
    base::Log(Severity::kError, "cannot-be-sealed", {{"detail", sealed.error().detail}});
    return 1;
  }
  gate::EvidenceStore store(config.state_dir + "/evidence");
  if (const base::Status opened = store.Open(); !opened.ok()) {
    base::Log(Severity::kError, "evidence-store-unusable", {{"detail", opened.error().detail}});
  }
  sync::ActivePolicy policy(config.policy_path, config.state_dir + "/policy.json");
  LogPolicy(policy.Start(), policy);

  worker::FetchdClient fetcher(config.fetchd_socket());
  worker::VerifydClient verifier(config.verifyd_socket());
  worker::VerifydReader reader(config.verifyd_socket());
  journal::Journal journal;
  containerd::GrpcContainerd containerd(config.containerd_address);
  containerd::ImageContents contents(containerd, reader, NodePlatform());
  containerd::ContentEvidence content_evidence(containerd, contents);
  evidence::LayoutEvidence layouts(config.evidence_layouts, contents.facts());
  gate::Gate gate(fetcher, verifier, &store, NodePlatform(), base::Clock::System(),
                  {&layouts, &content_evidence});
  containerd::Binding binding(containerd, reader, contents, config.containerd_state);
  Preparation preparation(containerd, contents, gate, store, policy);
  CreateDoor create({config, policy, gate, journal, binding, preparation});
  Audit audit(containerd, create, journal, policy);
  nri::NriDoor nri({config.nri_socket, config.nri_index},
                   {[&](const nri::Container& container, const base::Deadline& deadline) {
                      return create.AtNri(container, deadline);
                    },
                    [&](const std::vector<nri::Container>&) { audit.Request(); }});
  GateServer server(
      {config, policy, gate, store, journal, fetcher, create, audit, preparation, nri});
  AnsweringThreads threads([&](const base::UniqueFd& connection) { server.Serve(connection); },
                           kMaxQuestionsAtOnce);
  preparation.Start();
  audit.Start();
  audit.Request();
  if (const base::Status started = threads.Start(listener.get()); !started.ok()) {
    base::Log(Severity::kError, "cannot-serve", {{"detail", started.error().detail}});
    _exit(1);
  }
  base::Log(Severity::kNotice, "ready",
            {{"version", SIGWARD_VERSION}, {"socket", config.gate_socket}});
  WaitForTheEnd(signals.get(), [&] {
    LogPolicy(policy.Reload(), policy);
    preparation.PolicyChanged();
    audit.Request();
  });
  base::Log(Severity::kNotice, "stopping", {});
  threads.Drain(base::Deadline::After(kDrainTime));
  // Threads that are still waiting for a worker hold references into this frame.
  _exit(0);
}

}  // namespace sigward
