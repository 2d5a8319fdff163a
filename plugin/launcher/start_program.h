#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sigward {

/// The folder of this very program; empty when /proc does not say.
std::string ProgramFolder();

/// Puts /dev/null where a standard stream is closed. A number under 3 that is free would be given
/// to the next socket, and then taken for a stream. To be called before a socket is made.
void OpenStandardStreams();

/// Where a program that StartProgram has given a configuration finds it, and the file of another's
/// socket.
inline constexpr const char* kConfigInChild = "/proc/self/fd/4";
inline constexpr const char* kPeerInChild = "/proc/self/fd/5";

/// Descriptors for a program that is started; negative ones are not given.
struct HandedOver {
  int socket = -1;
  int config = -1;
  int peer = -1;
};

/// This process's environment, NAME=VALUE each.
std::vector<std::string> OwnEnvironment();

/// Starts ARGUMENTS, the path of a program first, as a child that dies with the calling thread. It
/// gets ENVIRONMENT without what that says of handed-over sockets, the socket as descriptor 3 and
/// is told so (sd_listen_fds(3)), the configuration as 4, the peer as 5, the standard ones, and no
/// other. Returns its pid, or -1 when there is no new process. A program that cannot be run ends at
/// once with 127.
pid_t StartProgram(std::vector<std::string> arguments, std::vector<std::string> environment,
                   const HandedOver& handed_over);

}  // namespace sigward
