#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rpc/long_message.h"

namespace sigward::worker {

// What every answer of sigward-verifyd has to be before a word of it is believed.

/// Bytes that nobody can guess, kNonceBytes of them, for one question. Fails with kWorkerFailed.
base::Result<std::string> MakeNonce();

/// What an answer is refused with; WHY continues "sigward-verifyd's answer ".
base::Error NotAnAnswer(const char* why);

/// What ReceiveMessage took, as an ANSWER. Fails with kWorkerFailed when it is none.
template <typename Answer>
base::Result<Answer> DecodeAnswer(const rpc::Message& message) {
  Answer answer;
  const std::string_view bytes = message.bytes();
  if (!answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return NotAnAnswer("cannot be read");
  }
  return answer;
}

/// Checks that an answer with NONCE, REASON and DETAIL belongs to the question with ASKED as its
/// nonce, and is no refusal. Fails with kWorkerFailed, or with the refusal's own reason and text,
/// made fit for one line.
base::Status CheckBinding(std::string_view asked, std::string_view nonce, std::uint32_t reason,
                          std::string_view detail);

}  // namespace sigward::worker
