#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace sigward::testing {

/// Runs BODY in a child; returns its wait status. BODY returns the exit status.
inline int StatusOf(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(body());
  }
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

inline int ExitStatusOf(const std::function<int()>& body) {
  const int status = StatusOf(body);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return WEXITSTATUS(status);
}

}  // namespace sigward::testing
