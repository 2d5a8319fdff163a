#include "worker/verify/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "base/unique_fd.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "verifier/evidence.h"
#include "worker/client/question_bounds.h"
#include "worker/sandbox/sandbox.h"
#include "worker/verify/question.h"
#include "worker/verify/read_question.h"

namespace sigward::worker {
namespace {

/// The COUNT memories that came along with a question, each of at most MAX_BYTES.
base::Result<std::vector<base::SealedMemory>> OpenMemories(rpc::Message& message, std::size_t count,
                                                           std::size_t max_bytes) {
  if (message.descriptors().size() != count) {
    return base::Fail(base::Reason::kProtocol,
                      "a question came with " + std::to_string(message.descriptors().size()) +
                          " descriptors, not with " + std::to_string(count));
  }
  std::vector<base::SealedMemory> memories;
  for (base::UniqueFd& descriptor : message.descriptors()) {
    SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory memory,
                             base::SealedMemory::Open(std::move(descriptor), max_bytes));
    memories.push_back(std::move(memory));
  }
  return memories;
}

std::string Answer(rpc::Message& message) {
  const std::optional<std::size_t> read = MemoriesOfRead(message.bytes());
  const auto memories =
      OpenMemories(message, read.value_or(1), read ? kMaxReadBytes : verifier::kMaxEvidenceBytes);
  if (!memories.ok()) {
    return read ? RefuseRead(message.bytes(), memories.error())
                : RefuseQuestion(message.bytes(), memories.error());
  }
  if (!read) {
    return AnswerQuestion(message.bytes(), memories->front().bytes());
  }
  std::vector<base::ByteView> views;
  for (const base::SealedMemory& memory : *memories) {
    views.push_back(memory.bytes());
  }
  return AnswerRead(message.bytes(), views);
}

/// A failure means that the peer is gone or sent no message: there is nobody to tell.
base::Status ServeOne(int connection) {
  const auto deadline = base::Deadline::After(kChildTime);
  SIGWARD_ASSIGN_OR_RETURN(rpc::Message message,
                           rpc::ReceiveMessage(connection, kMaxQuestionBytes, deadline));
  return rpc::Send(connection, Answer(message), {}, deadline);
}

/// Waits for a connection of somebody who may ask. An invalid descriptor when there is none to be
/// had.
base::UniqueFd TakeConnection(int listener) {
  for (;;) {
    pollfd event{.fd = listener, .events = POLLIN, .revents = 0};
    if (poll(&event, 1, -1) < 0 && errno != EINTR) {
      return {};
    }
    base::UniqueFd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.valid() && rpc::CheckPeer(connection.get()).ok()) {
      return connection;
    }
    // Somebody else was quicker, or the peer is gone or a stranger.
    if (!connection.valid() && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      return {};
    }
  }
}

}  // namespace

void RunChild(int listener, int connected, pid_t parent, const ChildSeal& seal) {
  const ChildLimits limits{
      .cpu = kChildCpuTime, .address_space = kChildAddressSpace, .descriptors = kChildDescriptors};
  // First, because the rules are among the descriptors that are closed.
  if (!seal.reach.Enter().ok() || !EnterChild({listener, connected}, parent, limits).ok()) {
    _exit(1);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  RehearseRead();
  // Last: what comes before needs more calls than the list has.
  if (!seal.calls.Enter().ok()) {
    _exit(1);
  }
  const base::UniqueFd connection = TakeConnection(listener);
  if (!connection.valid() || write(connected, "c", 1) != 1) {
    _exit(1);
  }
  // A child in foreign hands must not take what others ask.
  close(listener);
  close(connected);
  (void)ServeOne(connection.get());
  _exit(0);
}

}  // namespace sigward::worker
