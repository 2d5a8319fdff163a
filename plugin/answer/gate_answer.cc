#include "plugin/answer/gate_answer.h"

#include <cstddef>
#include <utility>

#include "base/text.h"

namespace sigward {
namespace {

constexpr std::size_t kMaxTextInLine = 512;

}  // namespace

rpc::GateAnswer AnswerOf(const policy::Decision& decision, journal::Told told) {
  rpc::GateAnswer answer;
  answer.verdict = static_cast<std::uint32_t>(decision.verdict);
  answer.reason =
      decision.error.has_value() ? static_cast<std::uint32_t>(decision.error->reason) : 0;
  answer.line = std::move(told.line);
  answer.record = std::move(told.record);
  return answer;
}

policy::Decision Refusal(base::Error error) {
  policy::Decision decision;
  decision.verdict =
      base::CouldNotTell(error.reason) ? policy::Verdict::kUndetermined : policy::Verdict::kDeny;
  decision.error = std::move(error);
  return decision;
}

std::string LineOf(const base::Error& error) {
  return std::string(base::ReasonWord(error.reason)) + ": " +
         base::OneLine(error.detail, kMaxTextInLine);
}

}  // namespace sigward
