#include "worker/client/ask_worker.h"

#include <utility>

#include "rpc/frame.h"

namespace sigward::worker {
namespace {

using base::Reason;

/// The same failure as its caller sees it: which of the many ways a worker can be gone does not
/// matter to a decision, that time ran out does.
base::Error AsWorkerFailure(base::Error error) {
  if (error.reason != Reason::kTimeout) {
    error.reason = Reason::kWorkerFailed;
  }
  return error;
}

base::Result<base::UniqueFd> Reach(const std::string& path, const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(base::UniqueFd connection, rpc::Connect(path, deadline));
  SIGWARD_RETURN_IF_ERROR(rpc::CheckPeer(connection.get()));
  return connection;
}

}  // namespace

base::Result<rpc::Message> AskWorker(const std::string& path, std::string_view question,
                                     const std::vector<int>& descriptors, std::size_t max_answer,
                                     const base::Deadline& deadline) {
  auto connection = Reach(path, deadline);
  if (!connection.ok()) {
    return AsWorkerFailure(base::Within(path, std::move(connection).error()));
  }
  auto sent = rpc::SendMessage(connection->get(), question, descriptors, deadline);
  if (!sent.ok()) {
    return AsWorkerFailure(std::move(sent).error());
  }
  auto answer = rpc::ReceiveMessage(connection->get(), max_answer, deadline);
  if (!answer.ok() && answer.error().reason == Reason::kTooLarge) {
    return base::Fail(Reason::kProtocol, answer.error().detail);
  }
  if (!answer.ok()) {
    return AsWorkerFailure(std::move(answer).error());
  }
  return answer;
}

}  // namespace sigward::worker
