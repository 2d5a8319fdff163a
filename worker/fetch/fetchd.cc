#include "worker/fetch/fetchd.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/sealed_memory.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "worker/serving/accept_forever.h"
#include "worker/serving/idle_last_pool.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;
using base::Result;

/// How long a peer has for its question, and for taking the answer.
constexpr std::chrono::milliseconds kPeerPatience{1000};
// No registry takes more than half of the threads.
static_assert(2 * kMaxQuestionsPerRegistry <= kMaxFetchThreads);
/// The same when overloaded: the listener waits for it.
constexpr std::chrono::milliseconds kRefusalPatience{50};

FetchReply FailedReply(const base::Error& error) {
  FetchReply reply;
  reply.answer.set_reason(static_cast<std::uint32_t>(error.reason));
  reply.answer.set_detail(error.detail);
  return reply;
}

Result<FetchTask> ReadTask(std::string_view bytes) {
  rpc::FetchQuestion question;
  if (!question.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail(Reason::kProtocol, "question cannot be read");
  }
  return ParseTask(question);
}

using Places = std::vector<std::unique_ptr<RegistryShares::Place>>;

/// The reply to QUESTION. What it holds is set aside until PLACES are left.
FetchReply ReplyTo(std::string_view question, HttpClient& http, FetchContext& context,
                   Places& places) {
  const auto task = ReadTask(question);
  if (!task.ok()) {
    return FailedReply(task.error());
  }
  for (const std::string& registry : RegistriesOf(*task)) {
    places.push_back(context.shares.Enter(registry));
    if (places.back() == nullptr) {
      return FailedReply(Fail(Reason::kOverloaded, "more than " +
                                                       std::to_string(kMaxQuestionsPerRegistry) +
                                                       " questions at once about " + registry));
    }
  }
  const TakeBytes take_bytes = [&places](std::size_t count) {
    return std::ranges::all_of(places,
                               [count](const auto& place) { return place->TakeBytes(count); });
  };
  http.SetAside(&take_bytes);
  FetchReply reply = Answer(*task, http, context);
  http.SetAside(nullptr);
  return reply;
}

base::Status SendReply(int connection, const FetchReply& reply, const Deadline& deadline) {
  std::vector<int> descriptors;
  base::UniqueFd memory;
  if (reply.answer.reason() == 0) {
    SIGWARD_ASSIGN_OR_RETURN(memory, base::SealBytes(reply.memory));
    descriptors.push_back(memory.get());
  }
  return rpc::SendMessage(connection, reply.answer.SerializeAsString(), descriptors, deadline);
}

void Reply(int connection, const FetchReply& reply, std::chrono::milliseconds patience) {
  const auto sent = SendReply(connection, reply, Deadline::After(patience));
  if (!sent.ok()) {
    base::Log(base::Severity::kNotice, "answer-not-sent",
              {{"reason", base::ReasonWord(sent.error().reason)},
               {"detail", std::string_view(sent.error().detail)}});
  }
}

}  // namespace

void ServeConnection(base::UniqueFd connection, HttpClient& http, FetchContext& context) {
  if (const auto peer = rpc::CheckPeer(connection.get()); !peer.ok()) {
    base::Log(base::Severity::kWarning, "peer-refused",
              {{"detail", std::string_view(peer.error().detail)}});
    return;
  }
  const auto frame = rpc::Receive(connection.get(), Deadline::After(kPeerPatience));
  if (!frame.ok()) {
    return;
  }
  Places places;
  Reply(connection.get(), ReplyTo(frame->bytes, http, context, places), kPeerPatience);
}

void RefuseConnection(base::UniqueFd connection) {
  const auto overloaded =
      Fail(Reason::kOverloaded, "more than " + std::to_string(kMaxFetchThreads) +
                                    " questions to sigward-fetchd at once");
  // The question is taken first: closing with it unread would reset the connection and the answer
  // would be lost.
  if (rpc::Receive(connection.get(), Deadline::After(kRefusalPatience)).ok()) {
    Reply(connection.get(), FailedReply(overloaded), kRefusalPatience);
  }
}

base::Status ServeListener(int listener, FetchContext& context,
                           const std::function<bool()>& outdated) {
  IdleLastPool pool(kMaxFetchThreads, kIdleThreadLife, [&context] {
    const auto http = std::make_shared<HttpClient>(context.proxies);
    return [&context, http](base::UniqueFd connection) {
      ServeConnection(std::move(connection), *http, context);
    };
  });
  return AcceptForever(listener, pool, RefuseConnection, outdated);
}

}  // namespace sigward::worker
