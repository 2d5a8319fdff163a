#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::rpc {

/// Largest frame in bytes, and most descriptors that go with one.
inline constexpr std::size_t kMaxFrameBytes = 64U << 10;
inline constexpr std::size_t kMaxFrameDescriptors = 16;

struct Frame {
  std::string bytes;
  std::vector<base::UniqueFd> descriptors;
};

/// Makes a listening SOCK_SEQPACKET socket at PATH, mode 0600, replacing a stale one. Fails with
/// kIoFailed, also when PATH is not a socket or somebody still listens there.
base::Result<base::UniqueFd> Listen(const std::string& path);

/// Connects to PATH, waiting where the listener's queue is full. Fails with kGateUnreachable when
/// nobody listens, kTimeout at DEADLINE; naming the place is left to the caller.
base::Result<base::UniqueFd> Connect(const std::string& path, const base::Deadline& deadline);

/// Sends one frame with copies of DESCRIPTORS. Fails with kTooLarge, kTimeout, kProtocol (peer
/// gone, or no bytes: an empty frame could not be told from a peer that is gone).
base::Status Send(int socket, std::string_view bytes, const std::vector<int>& descriptors,
                  const base::Deadline& deadline);

/// Receives one frame. Descriptors are close-on-exec and closed on every failure. Fails with
/// kTooLarge (cut frame, too many descriptors), kTimeout, kProtocol (peer gone before a frame).
base::Result<Frame> Receive(int socket, const base::Deadline& deadline);

/// Lets the kernel attach to each frame who sent it. To be called before the peer sends: what was
/// sent earlier shows nobody. Fails with kIoFailed.
base::Status RequestSenders(int socket);

/// Like Receive, after RequestSenders: fails with kProtocol too unless a process of root sent the
/// frame (SCM_CREDENTIALS, which the kernel vouches for).
base::Result<Frame> ReceiveFromRoot(int socket, const base::Deadline& deadline);

/// Fails with kProtocol unless the peer of SOCKET runs as root or as this process's own user
/// (SO_PEERCRED: whoever connected, or made the listener).
base::Status CheckPeer(int socket);

/// The same for one more user: OTHER.
base::Status CheckPeerOr(uid_t other, int socket);

/// Waits for EVENTS (poll(2)) on SOCKET. Fails with kTimeout at DEADLINE.
base::Status Wait(int socket, short events, const base::Deadline& deadline);

}  // namespace sigward::rpc
