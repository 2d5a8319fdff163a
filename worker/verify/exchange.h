#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "worker/client/question_bounds.h"

namespace sigward::worker {

// What the kinds of questions have in common: a nonce, and a refusal in place of an answer.

/// The QUESTION in BYTES. One that is too long or no message at all reads as an empty one.
template <typename Question>
Question Decode(std::string_view bytes) {
  Question question;
  if (bytes.size() > kMaxQuestionBytes ||
      !question.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    question.Clear();
  }
  return question;
}

/// An encoded answer that says nothing but that there is none.
template <typename Answer>
std::string Refusal(const std::string& nonce, const base::Error& error) {
  Answer answer;
  if (nonce.size() == kNonceBytes) {
    answer.set_nonce(nonce);
  }
  answer.set_reason(static_cast<std::uint32_t>(error.reason));
  answer.set_detail(base::OneLine(error.detail, kMaxAnswerText));
  return answer.SerializeAsString();
}

}  // namespace sigward::worker
