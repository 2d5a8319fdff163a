// containerd's image verifier (bindir): asked once per pull with the resolved descriptor. Exit 0
// lets the pull go on; everything else refuses it, and standard output is the reason that users
// see.

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/files.h"
#include "base/result.h"
#include "base/text.h"
#include "rpc/gate_client.h"
#include "shim/pull_request.h"

namespace {

using sigward::base::Result;

constexpr int kAllowed = 0;
constexpr int kRefused = 1;
/// Longer than the daemon's own deadline of 8 s, so that its reason is seen, and shorter than the
/// 10 s after which containerd kills a verifier and shows none.
constexpr std::chrono::milliseconds kPatience{9500};
constexpr std::size_t kMaxLine = 2048;

Result<sigward::rpc::GateAnswer> Ask(std::span<const char* const> arguments) {
  const auto deadline = sigward::base::Deadline::After(kPatience);
  SIGWARD_ASSIGN_OR_RETURN(auto request, sigward::shim::ParseArguments(arguments));
  SIGWARD_ASSIGN_OR_RETURN(
      const std::string descriptor,
      sigward::base::ReadToEnd(STDIN_FILENO, sigward::shim::kMaxDescriptorBytes, deadline));
  SIGWARD_ASSIGN_OR_RETURN(std::string media_type,
                           sigward::shim::CheckDescriptor(request, descriptor));
  return sigward::rpc::AskGate(sigward::rpc::GateSocketPath(),
                               {sigward::rpc::GateCall::kPull, std::move(request.name),
                                std::move(request.digest), std::move(media_type)},
                               deadline);
}

void Print(std::string_view line) {
  const std::string text = sigward::base::OneLine(line, kMaxLine) + "\n";
  (void)!write(STDOUT_FILENO, text.data(), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const char* const> all(argv, static_cast<std::size_t>(argc));
  const auto answer = Ask(all.empty() ? all : all.subspan(1));
  if (!answer.ok()) {
    Print(std::string(sigward::base::ReasonWord(answer.error().reason)) + ": " +
          answer.error().detail);
    return kRefused;
  }
  Print(answer->line);
  return answer->allowed() ? kAllowed : kRefused;
}
