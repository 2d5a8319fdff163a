#include "base/unique_fd.h"

#include <unistd.h>

namespace sigward::base {

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) {
    // Never repeated on EINTR: on Linux the descriptor is gone then, and may be another's already.
    close(fd_);
  }
  fd_ = fd;
}

}  // namespace sigward::base
