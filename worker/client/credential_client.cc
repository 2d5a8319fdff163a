#include "worker/client/credential_client.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "rpc/credential.pb.h"
#include "worker/client/ask_worker.h"

namespace sigward::worker {
namespace {

using base::Fail;
using base::Reason;

constexpr std::size_t kMaxDetail = 512;

base::Result<std::optional<Credential>> CredentialIn(const rpc::CredentialAnswer& answer) {
  if (answer.reason() != 0) {
    const std::optional<Reason> reason = base::ReasonFromNumber(answer.reason());
    return Fail(reason.value_or(Reason::kProtocol), base::OneLine(answer.detail(), kMaxDetail));
  }
  if (!answer.found()) {
    return std::optional<Credential>();
  }
  for (const std::string* field : {&answer.username(), &answer.password(), &answer.identity_token(),
                                   &answer.registry_token()}) {
    if (field->size() > kMaxCredentialField) {
      return Fail(Reason::kProtocol, "a credential of sigward-credentiald is too long");
    }
  }
  return std::optional(Credential{.username = answer.username(),
                                  .password = answer.password(),
                                  .identity_token = answer.identity_token(),
                                  .registry_token = answer.registry_token()});
}

}  // namespace

base::Result<std::optional<Credential>> CredentialClient::Find(const std::string& host,
                                                               const std::string& repository,
                                                               bool refused,
                                                               const base::Deadline& deadline) {
  rpc::CredentialQuestion question;
  question.set_host(host);
  question.set_repository(repository);
  question.set_refused(refused);
  const auto left = std::min(deadline.Left(), std::chrono::milliseconds(UINT32_MAX));
  question.set_timeout_ms(static_cast<std::uint32_t>(left.count()));
  SIGWARD_ASSIGN_OR_RETURN(const rpc::Message message,
                           AskWorker(socket_path_, question.SerializeAsString(), {},
                                     kMaxCredentialAnswerBytes, deadline));
  rpc::CredentialAnswer answer;
  const std::string_view bytes = message.bytes();
  if (!answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail(Reason::kProtocol, "sigward-credentiald's answer cannot be read");
  }
  return CredentialIn(answer);
}

}  // namespace sigward::worker
