#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "policy/snapshot.h"

namespace sigward::sync {

/// The policy in force. A new one is read, checked as a whole, written to the state and only then
/// put in place; whatever fails leaves the last good one where it is, across restarts too. Each
/// content that was accepted gets the next generation; generations only go up.
/// Safe for use by many threads.
class ActivePolicy {
 public:
  /// SOURCE is the path of the compiled policy, STATE_FILE where the last good one is kept.
  ActivePolicy(std::string source, std::string state_file)
      : source_(std::move(source)), state_file_(std::move(state_file)) {}

  /// Takes up the last good policy that the state holds, then Reload. Fails like Reload; what the
  /// state held is active all the same.
  base::Status Start();

  /// Takes the source's content. Fails with kPolicyUnavailable, kPolicyInvalid, kTooLarge or
  /// kIoFailed; then nothing has changed.
  base::Status Reload();

  /// Null as long as there is none.
  std::shared_ptr<const policy::PolicySnapshot> Current() const;

  /// Why the last Start or Reload did not take the source, if it did not.
  std::optional<base::Error> last_error() const;
  const std::string& source() const { return source_; }

 private:
  base::Status RestoreLastGood();
  base::Status Take();
  void Swap(std::shared_ptr<const policy::PolicySnapshot> snapshot, std::string content);

  const std::string source_;
  const std::string state_file_;
  /// Serialises Start and Reload.
  std::mutex change_;
  std::string content_;
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::PolicySnapshot> current_;
  std::optional<base::Error> last_error_;
};

}  // namespace sigward::sync
