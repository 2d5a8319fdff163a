#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rpc/long_message.h"

namespace sigward::worker {

/// Asks the worker at PATH one question and takes its answer of at most MAX_ANSWER bytes. Fails
/// with kTimeout; kWorkerFailed when the worker is not there, is not ours or is gone without an
/// answer; kProtocol when its answer is too large.
base::Result<rpc::Message> AskWorker(const std::string& path, std::string_view question,
                                     const std::vector<int>& descriptors, std::size_t max_answer,
                                     const base::Deadline& deadline);

}  // namespace sigward::worker
