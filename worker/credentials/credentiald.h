#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>

#include "base/result.h"
#include "base/unique_fd.h"
#include "worker/client/credential_source.h"

namespace sigward::worker {

/// Questions that are worked on at once, as many as sigward-fetchd can have; the next is
/// kOverloaded.
inline constexpr std::size_t kMaxCredentialThreads = 128;
inline constexpr std::chrono::milliseconds kIdleCredentialThreadLife{3'000};
/// Longest time that a question may take, whatever it asks for.
inline constexpr std::chrono::milliseconds kMaxCredentialTime{10'000};

/// Serves one connection: takes its question, answers it and returns. A peer that is neither root
/// nor this process's user nor ASKER is closed without an answer.
void AnswerCredentialQuestion(base::UniqueFd connection, uid_t asker, CredentialSource& source);

/// Answers one connection with kOverloaded.
void RefuseCredentialQuestion(base::UniqueFd connection, uid_t asker);

/// The owner of the path that LISTENER is bound to: who made the socket has given it to whom may
/// ask. Fails with kConfigInvalid.
base::Result<uid_t> OwnerOf(int listener);

/// Accepts connections on LISTENER and answers them from SOURCE until the listener fails, which is
/// why it returns: kIoFailed.
base::Error ServeCredentials(int listener, uid_t asker, CredentialSource& source);

}  // namespace sigward::worker
