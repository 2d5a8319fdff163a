// The OCI runtime wrapper, installed as `runc` and `crun` in a folder that stands first in
// containerd's PATH. It asks the gate before a container is created, and becomes the real runtime:
// same process, environment (but for the count of hops), descriptors, signal mask, working
// directory. What starts nothing goes to the real runtime at once: a dead sigward leaves running
// containers as they are, to be seen, killed and deleted.

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/text.h"
#include "rpc/gate_client.h"
#include "shim/create_question.h"
#include "shim/real_runtime.h"
#include "shim/refusal.h"
#include "shim/runtime_arguments.h"

namespace {

using sigward::base::Fail;
using sigward::base::Reason;
using sigward::base::Result;
using sigward::shim::RuntimeCall;
using sigward::shim::RuntimeCallKind;
using Arguments = std::span<const char* const>;

constexpr int kRefused = 1;

/// What is executed, once nothing speaks against it.
struct Execution {
  std::string path;
  std::vector<std::string> arguments;
  std::string hop;
};

std::string LineOf(const sigward::base::Error& error) {
  return std::string(sigward::base::ReasonWord(error.reason)) + ": " + error.detail;
}

/// The real runtime, and argv[0] for it: a bare name stays, a path (to us) becomes the path to it.
Result<Execution> FindExecution(std::string_view argv0) {
  SIGWARD_ASSIGN_OR_RETURN(const std::string name, sigward::shim::RuntimeNameOf(argv0));
  Execution execution;
  SIGWARD_ASSIGN_OR_RETURN(
      execution.hop, sigward::shim::NextHop(std::getenv(sigward::shim::kRuntimeHopsVariable)));
  SIGWARD_ASSIGN_OR_RETURN(const auto own, sigward::shim::FindOwnProgram());
  const char* const search_path = std::getenv("PATH");
  SIGWARD_ASSIGN_OR_RETURN(
      execution.path,
      sigward::shim::FindRealRuntime(name, search_path == nullptr ? "" : search_path, own));
  const bool bare = argv0.find('/') == std::string_view::npos;
  execution.arguments.push_back(bare ? std::string(argv0) : execution.path);
  return execution;
}

/// Fails with the gate's line when it does not allow what CALL would start.
sigward::base::Result<std::string> AllowedBundle(const RuntimeCall& call) {
  SIGWARD_ASSIGN_OR_RETURN(std::string bundle, sigward::shim::ResolveBundle(call));
  SIGWARD_ASSIGN_OR_RETURN(const auto answer, sigward::shim::AskAboutCreate(
                                                  sigward::rpc::GateSocketPath(), call, bundle));
  if (answer.allowed()) {
    return bundle;
  }
  // The line has its reason in front already.
  const auto reason = sigward::base::ReasonFromNumber(answer.reason).value_or(Reason::kProtocol);
  const std::string word = std::string(sigward::base::ReasonWord(reason)) + ": ";
  std::string detail = answer.line.empty() ? "the gate refuses without a reason" : answer.line;
  return Fail(reason, detail.starts_with(word) ? detail.substr(word.size()) : detail);
}

Result<Execution> Prepare(std::string_view argv0, Arguments given, const RuntimeCall& call) {
  if (call.kind == RuntimeCallKind::kRefuse) {
    return call.refusal;
  }
  SIGWARD_ASSIGN_OR_RETURN(Execution execution, FindExecution(argv0));
  if (call.kind == RuntimeCallKind::kStartsNothing) {
    execution.arguments.insert(execution.arguments.end(), given.begin(), given.end());
    return execution;
  }
  SIGWARD_ASSIGN_OR_RETURN(const std::string bundle, AllowedBundle(call));
  for (std::string& argument : sigward::shim::CanonicalArguments(call, bundle)) {
    execution.arguments.push_back(std::move(argument));
  }
  return execution;
}

/// The caller's environment with HOP in it.
std::vector<char*> EnvironmentWith(std::string& hop) {
  const std::string name = std::string(sigward::shim::kRuntimeHopsVariable) + "=";
  hop.insert(0, name);
  std::vector<char*> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(name)) {
      environment.push_back(*entry);
    }
  }
  environment.push_back(hop.data());
  environment.push_back(nullptr);
  return environment;
}

/// Returns only when it could not be executed. By its path, not by a descriptor: a runtime that is
/// a script could not be read through one that is closed on exec.
sigward::base::Error Execute(Execution execution) {
  std::vector<char*> arguments;
  arguments.reserve(execution.arguments.size() + 1);
  for (std::string& argument : execution.arguments) {
    arguments.push_back(argument.data());
  }
  arguments.push_back(nullptr);
  execve(execution.path.c_str(), arguments.data(), EnvironmentWith(execution.hop).data());
  const char* const text = strerrordesc_np(errno);
  return Fail(Reason::kRuntimeUnknown,
              execution.path + " cannot be executed: " + (text == nullptr ? "" : text));
}

int Refuse(std::string_view argv0, const RuntimeCall& call, const sigward::base::Error& error) {
  const std::string text = sigward::base::OneLine(LineOf(error), sigward::shim::kMaxRefusalBytes);
  const std::string_view name = argv0.substr(argv0.rfind('/') + 1);
  const std::string file = sigward::shim::LogFileOf(name, call.Global("log"));
  if (!file.empty()) {
    sigward::shim::AppendLogLine(file,
                                 sigward::shim::RefusalLogLine(text, call.Global("log-format"),
                                                               sigward::base::UtcNowText()));
  }
  const std::string line = text + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
  return kRefused;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments all(argv, static_cast<std::size_t>(argc));
  const std::string_view argv0 = all.empty() ? "" : all.front();
  const Arguments given = all.empty() ? all : all.subspan(1);
  const RuntimeCall call = sigward::shim::ParseRuntimeCall(given);
  auto execution = Prepare(argv0, given, call);
  if (!execution.ok()) {
    return Refuse(argv0, call, execution.error());
  }
  return Refuse(argv0, call, Execute(std::move(*execution)));
}
