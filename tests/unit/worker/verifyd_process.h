#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "temp_folder.h"

namespace sigward::testing {

/// A sigward-verifyd of the test's own, the program itself, with its socket handed over as systemd
/// does it.
class VerifydProcess {
 public:
  VerifydProcess();
  VerifydProcess(const VerifydProcess&) = delete;
  VerifydProcess& operator=(const VerifydProcess&) = delete;
  /// Ends the process when the test has not.
  ~VerifydProcess();

  const std::string& path() const { return path_; }
  pid_t pid() const { return pid_; }
  /// Its children, those included that are dead and not reaped.
  std::vector<pid_t> Children() const;
  /// Waits until there are COUNT children, at most ten seconds; true when there are.
  bool WaitForChildren(std::size_t count) const;
  /// The one child, as soon as there is exactly one; 0 if that does not come to be.
  pid_t OnlyChild() const;
  /// A line of /proc/PID/status.
  std::string StatusLine(pid_t pid, const std::string& name) const;
  void Signal(int number) const;
  /// Waits for the end; returns the status of wait(2).
  int Wait();

 private:
  TempFolder folder_;
  std::string path_ = folder_ / "verifyd.sock";
  pid_t pid_ = -1;
};

/// Runs sigward-verifyd with ARGUMENTS and without a socket; returns its exit status.
int RunVerifydWithoutSocket(const std::vector<std::string>& arguments);

}  // namespace sigward::testing
