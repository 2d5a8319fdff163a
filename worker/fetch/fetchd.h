#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "worker/fetch/fetch_task.h"
#include "worker/fetch/http.h"

namespace sigward::worker {

/// Questions that are worked on at once; the next one is answered kOverloaded, and so is one about
/// a registry that has kMaxQuestionsPerRegistry already.
inline constexpr std::size_t kMaxFetchThreads = 128;
/// A thread that is idle for this long ends and closes its connections to registries.
inline constexpr std::chrono::milliseconds kIdleThreadLife{3'000};

/// Serves one connection: takes its question, answers it and returns. A peer that is neither root
/// nor this process's user, is silent or sends something else gets no answer or kProtocol.
void ServeConnection(base::UniqueFd connection, HttpClient& http, FetchContext& context);

/// Answers one connection with kOverloaded.
void RefuseConnection(base::UniqueFd connection);

/// Accepts connections on LISTENER and has them served until the listener fails, which is why it
/// returns: kIoFailed. Ends well when OUTDATED says, before a connection is taken, that this
/// process is not one to serve it: what was taken is served to its end, the connection waits for
/// whoever serves LISTENER next. There is no state to be saved, so a signal may end the process at
/// any time.
base::Status ServeListener(int listener, FetchContext& context,
                           const std::function<bool()>& outdated);

}  // namespace sigward::worker
