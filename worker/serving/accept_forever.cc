#include "worker/serving/accept_forever.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace sigward::worker {
namespace {

/// How long accepting pauses when the process is out of descriptors.
constexpr int kAcceptPauseMs = 50;

}  // namespace

base::Status AcceptForever(int listener, IdleLastPool& pool,
                           const std::function<void(base::UniqueFd connection)>& refuse,
                           const std::function<bool()>& outdated) {
  while (true) {
    // The listener may have come non-blocking.
    pollfd watched{listener, POLLIN, 0};
    poll(&watched, 1, -1);
    if (outdated()) {
      return base::Ok();
    }
    base::UniqueFd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.valid()) {
      if (auto refused = pool.Offer(std::move(connection)); refused.has_value()) {
        refuse(std::move(*refused));
      }
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      poll(nullptr, 0, kAcceptPauseMs);
    } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK || errno == EOPNOTSUPP) {
      return base::Fail(base::Reason::kIoFailed, "accept on the listening socket");
    }
  }
}

}  // namespace sigward::worker
