#include "shim/create_question.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "rpc/gate_client.h"

namespace sigward::shim {
namespace {

using base::Fail;
using base::Reason;

constexpr const char* kMountinfo = "/proc/self/mountinfo";

base::Error Failed(const std::string& what, int error) {
  const char* const text = strerrordesc_np(error);
  return Fail(Reason::kIoFailed, what + ": " + (text == nullptr ? "unknown error" : text));
}

/// Opens for reading without ever waiting: a FIFO in its place would hold up the create.
base::Result<base::UniqueFd> OpenRegular(const std::string& path, const std::string& name) {
  base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!file.valid() || fstat(file.get(), &status) != 0) {
    return Failed("opening " + name, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(Reason::kIoFailed, name + " is no regular file");
  }
  return file;
}

/// Whether a gate could be found in the folder of its socket, as rpc::AskGate sees it. Only how
/// long to wait depends on it.
bool HasFolder(const std::string& socket_path) {
  const std::filesystem::path path(socket_path);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  struct stat status {};
  return stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == 0 &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// One attempt. The files are opened anew for each: a descriptor's position is shared with whom it
/// was sent to, and a daemon that died may have read half of it.
base::Result<rpc::GateAnswer> AskOnce(const std::string& socket_path,
                                      const rpc::GateQuestion& question,
                                      const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd config,
                           OpenRegular(question.bundle + "/config.json", "config.json"));
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd mountinfo, OpenRegular(kMountinfo, kMountinfo));
  return rpc::AskGate(socket_path, question, deadline, {config.get(), mountinfo.get()});
}

}  // namespace

base::Result<std::string> ResolveBundle(const RuntimeCall& call) {
  const char* const given = call.bundle.empty() ? "." : call.bundle.c_str();
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(given, nullptr), &std::free);
  struct stat status {};
  if (resolved == nullptr || stat(resolved.get(), &status) != 0) {
    return Failed("the bundle", errno);
  }
  std::string bundle(resolved.get());
  if (!S_ISDIR(status.st_mode)) {
    return Fail(Reason::kIoFailed, "the bundle is no folder");
  }
  if (bundle.size() > kMaxRuntimePathBytes || !base::IsUtf8(bundle)) {
    return Fail(Reason::kInvalidArguments, "the bundle's path is not UTF-8");
  }
  return bundle;
}

base::Result<rpc::GateAnswer> AskAboutCreate(const std::string& socket_path,
                                             const RuntimeCall& call, const std::string& bundle,
                                             const GatePatience& patience) {
  rpc::GateQuestion question;
  question.call = rpc::GateCall::kCreate;
  question.bundle = bundle;
  question.runtime_root = call.Global("root");
  question.container_id = call.container_id;
  const auto deadline = base::Deadline::After(patience.answer);
  const auto folder_deadline = deadline.Within(patience.folder);
  for (;;) {
    auto answer = AskOnce(socket_path, question, deadline);
    if (answer.ok()) {
      return answer;
    }
    // kProtocol: the daemon went away between question and answer.
    const Reason reason = answer.error().reason;
    if (reason != Reason::kGateUnreachable && reason != Reason::kProtocol) {
      return answer;
    }
    // The last attempt gets a pause's time too: it is to end with what it met, not with a time-out.
    if (deadline.Left() <= 2 * patience.pause ||
        (folder_deadline.Passed() && !HasFolder(socket_path))) {
      return answer;
    }
    std::this_thread::sleep_for(patience.pause);
  }
}

}  // namespace sigward::shim
