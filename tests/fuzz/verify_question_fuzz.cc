#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/reason.h"
#include "rpc/frame.h"
#include "rpc/worker.pb.h"
#include "worker/client/question_bounds.h"
#include "worker/verify/question.h"

namespace {

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// An answer is whole and fits, a refusal carries nothing that could be taken for a proof, and
/// nobody is answered for who was not asked about.
void CheckAnswer(const std::string& bytes, std::string_view question_bytes) {
  Require(bytes.size() <= sigward::rpc::kMaxFrameBytes);
  sigward::rpc::VerifyAnswer answer;
  Require(answer.ParseFromString(bytes));
  if (answer.reason() != 0) {
    Require(sigward::base::ReasonFromNumber(answer.reason()).has_value());
    Require(answer.authorities_size() == 0);
    Require(answer.detail().size() <= sigward::worker::kMaxAnswerText);
    return;
  }
  sigward::rpc::VerifyQuestion question;
  Require(question.ParseFromArray(question_bytes.data(), static_cast<int>(question_bytes.size())));
  Require(answer.nonce() == question.nonce());
  Require(answer.digest() == question.digest());
  Require(answer.authorities_size() == question.authorities_size());
  Require(answer.authorities_size() > 0);
  for (int i = 0; i < answer.authorities_size(); ++i) {
    Require(answer.authorities(i).hash() == question.authorities(i).hash());
    Require(answer.authorities(i).reason() != 0 || answer.authorities(i).proof_size() > 0);
  }
}

}  // namespace

/// The input: two bytes with the length of the question, little end first, the question, and the
/// memory that its objects lie in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const sigward::base::ByteView rest(data + 2, size - 2);
  const std::size_t length = std::size_t{data[0]} | std::size_t{data[1]} << 8;
  const std::size_t question_size = length < rest.size() ? length : rest.size();
  const std::string_view question = sigward::base::AsText(rest.first(question_size));
  CheckAnswer(sigward::worker::AnswerQuestion(question, rest.subspan(question_size)), question);
  return 0;
}
