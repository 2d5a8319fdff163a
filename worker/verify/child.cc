#include "worker/verify/child.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_memory.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "verifier/evidence.h"
#include "worker/client/question_bounds.h"
#include "worker/sandbox/sandbox.h"
#include "worker/verify/question.h"

namespace sigward::worker {
namespace {

base::Result<base::SealedMemory> OpenEvidence(rpc::Message& message) {
  auto& descriptors = message.descriptors();
  if (descriptors.size() != 1) {
    return base::Fail(base::Reason::kProtocol, "a question came with " +
                                                   std::to_string(descriptors.size()) +
                                                   " descriptors, not with one");
  }
  return base::SealedMemory::Open(std::move(descriptors.front()), verifier::kMaxEvidenceBytes);
}

/// A failure means that the peer is gone or sent no message: there is nobody to tell.
base::Status ServeOne(int connection) {
  const auto deadline = base::Deadline::After(kChildTime);
  SIGWARD_ASSIGN_OR_RETURN(rpc::Message message,
                           rpc::ReceiveMessage(connection, kMaxQuestionBytes, deadline));
  const auto evidence = OpenEvidence(message);
  const std::string answer = evidence.ok() ? AnswerQuestion(message.bytes(), evidence->bytes())
                                           : RefuseQuestion(message.bytes(), evidence.error());
  return rpc::Send(connection, answer, {}, deadline);
}

}  // namespace

void RunChild(int connection, pid_t parent) {
  const ChildLimits limits{
      .cpu = kChildCpuTime, .address_space = kChildAddressSpace, .descriptors = kChildDescriptors};
  if (!EnterChild(connection, parent, limits).ok()) {
    _exit(1);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)ServeOne(connection);
  _exit(0);
}

}  // namespace sigward::worker
