#include <cstdio>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "rpc/listen_fds.h"
#include "verifier/public_key.h"
#include "worker/sandbox/sandbox.h"
#include "worker/verify/parent.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kHelp =
    "Usage: sigward-verifyd\n"
    "Verifies signatures for sigwardd, one child process a question. It takes no arguments and\n"
    "expects one listening socket from who starts it: sigwardd itself, or systemd by\n"
    "sigward-verifyd.socket (LISTEN_FDS=1, LISTEN_PID=its own, the socket as descriptor 3).\n";

/// Everything that needs rights comes before the first connection, everything that is slow too.
sigward::base::Status Serve(sigward::base::UniqueFd listener) {
  SIGWARD_RETURN_IF_ERROR(sigward::worker::HardenProcess());
  SIGWARD_RETURN_IF_ERROR(
      sigward::worker::DropRoot(sigward::worker::kVerifydUser, sigward::worker::Keeps::kNothing));
  SIGWARD_RETURN_IF_ERROR(sigward::verifier::WarmUp());
  using sigward::worker::CallFilter;
  SIGWARD_ASSIGN_OR_RETURN(CallFilter of_child,
                           CallFilter::Make(sigward::worker::VerifydChildCalls()));
  SIGWARD_ASSIGN_OR_RETURN(const CallFilter own,
                           CallFilter::Make(sigward::worker::VerifydParentCalls()));
  SIGWARD_ASSIGN_OR_RETURN(auto reach,
                           sigward::worker::Reach::Make({}, sigward::worker::Tcp::kNone));
  SIGWARD_RETURN_IF_ERROR(reach.Enter());
  SIGWARD_ASSIGN_OR_RETURN(
      sigward::worker::Parent parent,
      sigward::worker::Parent::Make(
          std::move(listener), sigward::worker::MaxChildren(std::thread::hardware_concurrency()),
          {.calls = std::move(of_child), .reach = std::move(reach)}));
  SIGWARD_RETURN_IF_ERROR(own.Enter());
  return parent.Run();
}

}  // namespace

int main(int argc, char** /*argv*/) {
  auto listener = sigward::rpc::TakeOnlyListener();
  if (argc != 1 || !listener.ok()) {
    std::fprintf(stderr, "sigward-verifyd: %s\n%s",
                 argc != 1 ? "it takes no arguments" : listener.error().detail.c_str(), kHelp);
    return kUsage;
  }
  const auto served = Serve(std::move(listener).value());
  if (!served.ok()) {
    sigward::base::Log(sigward::base::Severity::kError, "verifyd-failed",
                       {{"reason", sigward::base::ReasonWord(served.error().reason)},
                        {"detail", std::string_view(served.error().detail)}});
    return kFailed;
  }
  return 0;
}
