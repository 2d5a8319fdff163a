#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"
#include "rpc/gate.pb.h"
#include "rpc/gate_message.h"

namespace {

using sigward::rpc::DecodeGateAnswer;
using sigward::rpc::DecodeGateQuestion;
using sigward::rpc::Encode;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// What decodes is what the generated code reads too, and comes back from its own encoding.
void CheckQuestion(std::string_view bytes) {
  const auto question = DecodeGateQuestion(bytes);
  if (!question.ok()) {
    return;
  }
  sigward::rpc::test::GateQuestion generated;
  Require(generated.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  Require(generated.call() == static_cast<std::uint32_t>(question->call));
  Require(generated.reference() == question->reference);
  Require(generated.digest() == question->digest);
  Require(generated.media_type() == question->media_type);
  Require(sigward::base::IsUtf8(question->reference));
  const auto again = DecodeGateQuestion(Encode(*question));
  Require(again.ok() && Encode(*again) == Encode(*question));
}

void CheckAnswer(std::string_view bytes) {
  const auto answer = DecodeGateAnswer(bytes);
  if (!answer.ok()) {
    return;
  }
  sigward::rpc::test::GateAnswer generated;
  Require(generated.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  Require(generated.verdict() == answer->verdict);
  Require(generated.reason() == answer->reason);
  Require(generated.line() == answer->line);
  Require(generated.record() == answer->record);
  Require(!answer->allowed() || (answer->verdict == 3 && answer->reason == 0));
  const auto again = DecodeGateAnswer(Encode(*answer));
  Require(again.ok() && Encode(*again) == Encode(*answer));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = sigward::base::AsText({data, size});
  CheckQuestion(bytes);
  CheckAnswer(bytes);
  return 0;
}
