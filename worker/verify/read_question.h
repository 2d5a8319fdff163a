#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sigward::worker {

// The questions of worker::Reader, answered under the same rule as question.h: in a process of its
// own that ends with the answer, and opens nothing.

/// How many memories come along with QUESTION when it is an encoded rpc::ReadQuestion: one with an
/// object of an image, a listing or manifests, two with a container. None when it is another
/// question, or no message.
std::optional<std::size_t> MemoriesOfRead(std::string_view question);

/// Answers QUESTION (an encoded rpc::ReadQuestion) about MEMORIES: an encoded rpc::ReadAnswer that
/// fits into a frame. A question that cannot be answered gets an answer with a reason: those of
/// Reader, kProtocol where it is out of shape or bounds, kTooLarge where the answer would not fit
/// into a frame.
std::string AnswerRead(std::string_view question, std::span<const base::ByteView> memories);

/// The answer to a QUESTION whose memories could not be taken because of ERROR.
std::string RefuseRead(std::string_view question, const base::Error& error);

/// Answers a small question of its own about a container, and forgets it: the memory that the first
/// question would touch first is touched before there is one.
void RehearseRead();

}  // namespace sigward::worker
