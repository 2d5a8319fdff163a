#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "temp_folder.h"

namespace sigward::testing {

/// A sigward-verifyd of the test's own, the program itself, with its socket handed over as systemd
/// does it.
class VerifydProcess {
 public:
  /// It may open DESCRIPTORS at most; none: as many as the test. PROGRAM is what is started.
  explicit VerifydProcess(std::optional<rlim_t> descriptors = std::nullopt,
                          const char* program = kProgram);
  static constexpr const char* kProgram = SIGWARD_BIN_DIR "/sigward-verifyd";

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
  /// The child that waits for a connection, as soon as there is no other; 0 if that does not come
  /// to be. The next connection is its.
  pid_t ReadyChild() const;
  /// A line of /proc/PID/status.
  std::string StatusLine(pid_t pid, const std::string& name) const;
  /// The soft limit of PID that /proc/PID/limits calls NAME.
  std::string Limit(pid_t pid, const std::string& name) const;
  /// Lines of its log that hold TEXT.
  std::size_t CountInLog(const std::string& text) const;
  void Signal(int number) const;
  /// Waits for the end; returns the status of wait(2).
  int Wait();

 private:
  TempFolder folder_;
  /// False when PID has no listening socket; whoever may not look believes that it has.
  bool HasListener(pid_t pid) const;

  std::string path_ = folder_ / "verifyd.sock";
  /// As /proc/PID/fd shows it.
  std::string listener_;
  pid_t pid_ = -1;
};

/// Runs sigward-verifyd with ARGUMENTS and without a socket; returns its exit status.
int RunVerifydWithoutSocket(const std::vector<std::string>& arguments);

}  // namespace sigward::testing
