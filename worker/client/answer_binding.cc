#include "worker/client/answer_binding.h"

#include <sys/random.h>

#include "base/text.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {

using base::Fail;
using base::Reason;

base::Result<std::string> MakeNonce() {
  std::string nonce(kNonceBytes, '\0');
  if (getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
    return Fail(Reason::kWorkerFailed, "no random bytes for a question");
  }
  return nonce;
}

base::Error NotAnAnswer(const char* why) {
  return Fail(Reason::kWorkerFailed, std::string("sigward-verifyd's answer ") + why);
}

base::Status CheckBinding(std::string_view asked, std::string_view nonce, std::uint32_t reason,
                          std::string_view detail) {
  if (nonce != asked) {
    return NotAnAnswer("belongs to another question");
  }
  if (reason != 0) {
    return Fail(base::ReasonFromNumber(reason).value_or(Reason::kWorkerFailed),
                base::OneLine(detail, kMaxAnswerText));
  }
  return base::Ok();
}

}  // namespace sigward::worker
