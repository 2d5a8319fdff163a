#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::worker {

// All that is done with foreign bytes: it happens in a process of its own that ends with the
// answer, and opens nothing.

/// Answers QUESTION (an encoded rpc::VerifyQuestion) about EVIDENCE, the memory its objects lie in:
/// an encoded rpc::VerifyAnswer that fits into a frame. A question that cannot be answered gets an
/// answer with a reason: kProtocol where it is out of shape or bounds, without any authority, or
/// names an authority by a hash that is not its own; kTooLarge where the answer would not fit into
/// a frame.
std::string AnswerQuestion(std::string_view question, base::ByteView evidence);

/// The answer to a QUESTION whose evidence could not be taken because of ERROR.
std::string RefuseQuestion(std::string_view question, const base::Error& error);

}  // namespace sigward::worker
