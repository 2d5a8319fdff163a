#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "policy/snapshot.h"

namespace sigward::sync {

/// The policy in force. A new one is read and checked as a whole and only then put in place;
/// whatever fails leaves the last good one where it is. Each content that was accepted gets the
/// next generation; generations only go up. The state remembers the last one across restarts; where
/// it cannot be written (a full disk), the new policy is in force all the same, for it may revoke a
/// key. Safe for use by many threads.
class ActivePolicy {
 public:
  /// SOURCE is the path of the compiled policy, STATE_FILE where the last good one is kept.
  ActivePolicy(std::string source, std::string state_file)
      : source_(std::move(source)), state_file_(std::move(state_file)) {}

  /// Takes up the last good policy that the state holds, then Reload. Fails like Reload; what the
  /// state held is active all the same.
  base::Status Start();

  /// Takes the source's content. Fails with kPolicyUnavailable, kPolicyInvalid or kTooLarge; then
  /// nothing has changed. Fails with kIoFailed when it was taken, but the state could not be
  /// written; the next call tries that again.
  base::Status Reload();

  /// Null as long as there is none.
  std::shared_ptr<const policy::PolicySnapshot> Current() const;

  /// Why the last Start or Reload did not take the source, if it did not.
  std::optional<base::Error> last_error() const;
  const std::string& source() const { return source_; }

 private:
  base::Status RestoreLastGood();
  base::Status Take();
  base::Status MakeDurable();
  void Swap(std::shared_ptr<const policy::PolicySnapshot> snapshot, std::string content);

  const std::string source_;
  const std::string state_file_;
  /// Serialises Start and Reload.
  std::mutex change_;
  std::string content_;
  bool is_durable_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::PolicySnapshot> current_;
  std::optional<base::Error> last_error_;
};

}  // namespace sigward::sync
