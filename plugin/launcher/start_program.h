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

/// Where a program that StartProgram has given a configuration finds it.
inline constexpr const char* kConfigInChild = "/proc/self/fd/4";

/// This process's environment, NAME=VALUE each.
std::vector<std::string> OwnEnvironment();

/// Starts ARGUMENTS, the path of a program first, as a child that dies with the calling thread. It
/// gets ENVIRONMENT without what that says of handed-over sockets, SOCKET as descriptor 3 and is
/// told so (sd_listen_fds(3)), CONFIG, unless that is negative, as descriptor 4, the standard ones,
/// and no other. Returns its pid, or -1 when there is no new process. A program that cannot be run
/// ends at once with 127.
pid_t StartProgram(std::vector<std::string> arguments, std::vector<std::string> environment,
                   int socket, int config);

}  // namespace sigward
