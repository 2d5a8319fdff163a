#include "worker/credentials/credentiald.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/credential.pb.h"
#include "rpc/frame.h"
#include "rpc/long_message.h"
#include "worker/serving/accept_forever.h"
#include "worker/serving/idle_last_pool.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Fail;
using base::Reason;

/// How long a peer has for its question, and for taking the answer.
constexpr std::chrono::milliseconds kPeerPatience{1000};
/// The same when overloaded: the listener waits for it.
constexpr std::chrono::milliseconds kRefusalPatience{50};

bool MayAsk(int connection, uid_t asker) {
  const auto peer = rpc::CheckPeerOr(asker, connection);
  if (!peer.ok()) {
    base::Log(base::Severity::kWarning, "peer-refused", {{"detail", peer.error().detail}});
  }
  return peer.ok();
}

void Reply(int connection, const base::Result<std::optional<Credential>>& found,
           std::chrono::milliseconds patience) {
  rpc::CredentialAnswer answer;
  if (!found.ok()) {
    answer.set_reason(static_cast<std::uint32_t>(found.error().reason));
    answer.set_detail(found.error().detail);
  } else {
    answer.set_found(found->has_value());
    if (const auto& credential = *found; credential.has_value()) {
      answer.set_username(credential->username);
      answer.set_password(credential->password);
      answer.set_identity_token(credential->identity_token);
      answer.set_registry_token(credential->registry_token);
    }
  }
  // "Nothing found" has no bytes of its own, and an empty frame cannot be sent.
  std::string bytes = answer.SerializeAsString();
  if (bytes.empty()) {
    answer.set_detail("none");
    bytes = answer.SerializeAsString();
  }
  const auto sent = rpc::SendMessage(connection, bytes, {}, Deadline::After(patience));
  if (!sent.ok()) {
    base::Log(base::Severity::kNotice, "answer-not-sent", {{"detail", sent.error().detail}});
  }
}

}  // namespace

void AnswerCredentialQuestion(base::UniqueFd connection, uid_t asker, CredentialSource& source) {
  if (!MayAsk(connection.get(), asker)) {
    return;
  }
  const auto frame = rpc::Receive(connection.get(), Deadline::After(kPeerPatience));
  if (!frame.ok()) {
    return;
  }
  rpc::CredentialQuestion question;
  if (!question.ParseFromArray(frame->bytes.data(), static_cast<int>(frame->bytes.size()))) {
    Reply(connection.get(), Fail(Reason::kProtocol, "question cannot be read"), kPeerPatience);
    return;
  }
  const auto time = std::min(std::chrono::milliseconds(question.timeout_ms()), kMaxCredentialTime);
  const auto found = source.Find(question.host(), question.repository(), question.refused(),
                                 Deadline::After(time));
  Reply(connection.get(), found, kPeerPatience);
}

void RefuseCredentialQuestion(base::UniqueFd connection, uid_t asker) {
  // The question is taken first: closing with it unread would reset the connection and the answer
  // would be lost.
  if (MayAsk(connection.get(), asker) &&
      rpc::Receive(connection.get(), Deadline::After(kRefusalPatience)).ok()) {
    Reply(connection.get(),
          Fail(Reason::kOverloaded, "more than " + std::to_string(kMaxCredentialThreads) +
                                        " questions to sigward-credentiald at once"),
          kRefusalPatience);
  }
}

base::Result<uid_t> OwnerOf(int listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Fail(Reason::kConfigInvalid, "the listening socket does not say where it is");
  }
  const std::string_view room(std::begin(address.sun_path), sizeof address.sun_path);
  const std::string path(room.substr(0, std::min(room.find('\0'), room.size())));
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return Fail(Reason::kConfigInvalid, "the listening socket is not where it says");
  }
  return status.st_uid;
}

base::Error ServeCredentials(int listener, uid_t asker, CredentialSource& source) {
  IdleLastPool pool(kMaxCredentialThreads, kIdleCredentialThreadLife, [&source, asker] {
    return [&source, asker](base::UniqueFd connection) {
      AnswerCredentialQuestion(std::move(connection), asker, source);
    };
  });
  return AcceptForever(listener, pool,
                       [asker](base::UniqueFd connection) {
                         RefuseCredentialQuestion(std::move(connection), asker);
                       })
      .error();
}

}  // namespace sigward::worker
