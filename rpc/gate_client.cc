#include "rpc/gate_client.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/unique_fd.h"
#include "rpc/frame.h"

namespace sigward::rpc {
namespace {

using base::Fail;
using base::Reason;

/// Opens the folder that PATH lies in when it is root's alone. In any other, somebody else could
/// have put a gate of their own at PATH.
base::Result<base::UniqueFd> OpenFolder(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  base::UniqueFd folder(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!folder.valid() || fstat(folder.get(), &status) != 0) {
    return Fail(Reason::kGateUnreachable, "there is no folder " + parent.string());
  }
  if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(Reason::kGateUnreachable,
                "the gate's folder " + parent.string() + " is not root's alone");
  }
  return folder;
}

}  // namespace

std::string GateSocketPath() {
  const char* path = std::getenv(kGateSocketVariable);
  return path == nullptr || *path == '\0' ? kDefaultGateSocket : path;
}

base::Result<GateAnswer> AskGate(const std::string& path, const GateQuestion& question,
                                 const base::Deadline& deadline,
                                 const std::vector<int>& descriptors) {
  const std::filesystem::path socket_path(path);
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd folder, OpenFolder(socket_path));
  // Through the open folder: the one that was checked is the one that is used, and a long path fits
  // into a socket's address.
  const std::string through_folder =
      "/proc/self/fd/" + std::to_string(folder.get()) + "/" + socket_path.filename().string();
  auto connection = Connect(through_folder, deadline);
  if (!connection.ok()) {
    return base::Within(path, std::move(connection).error());
  }
  const int socket = connection->get();
  SIGWARD_RETURN_IF_ERROR(RequestSenders(socket));
  SIGWARD_RETURN_IF_ERROR(Send(socket, Encode(question), descriptors, deadline));
  SIGWARD_ASSIGN_OR_RETURN(const Frame answer, ReceiveFromRoot(socket, deadline));
  return DecodeGateAnswer(answer.bytes);
}

}  // namespace sigward::rpc
