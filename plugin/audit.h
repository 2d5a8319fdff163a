#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugin/containerd/containerd.h"
#include "plugin/create_door.h"
#include "plugin/sync/active_policy.h"
#include "rpc/gate_message.h"

namespace sigward {

/// Containers that one pass looks at, and how long it may take for each.
inline constexpr std::size_t kMaxAudited = 10'000;
inline constexpr std::chrono::seconds kAuditDeadline{8};
/// Records of one page of an answer, together; a page goes into one frame.
inline constexpr std::size_t kMaxPageBytes = 48U << 10;

/// Judges what runs already, in the background after each change of the policy and when asked;
/// stops what is refused, where the policy says so. What could not be told is never stopped; what
/// is thrown while a container is judged (out of memory, say) means just that.
class Audit {
 public:
  /// Everything outlives it.
  Audit(containerd::Containerd& containerd, CreateDoor& door, journal::Journal& journal,
        sync::ActivePolicy& policy)
      : containerd_(containerd), door_(door), journal_(journal), policy_(policy) {}
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  void Start();

  /// Looks at everything that runs, soon.
  void Request();

  /// `sigward audit`: QUESTION's reference is the number of the first record wanted; with "" or "0"
  /// everything is judged anew. The record is {"containers": […], "next": N}, next absent at the
  /// end.
  rpc::GateAnswer Answer(const rpc::GateQuestion& question);

 private:
  void Run();
  base::Result<std::vector<std::string>> Pass();
  /// Pass, which may throw.
  base::Status PassInTheBackground();
  CreateVerdict Judge(const std::string& ns, const std::string& id, journal::Question& question);

  containerd::Containerd& containerd_;
  CreateDoor& door_;
  journal::Journal& journal_;
  sync::ActivePolicy& policy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;
  bool stopping_ = false;
  /// Records of the last pass that was asked for, for its further pages.
  std::vector<std::string> records_;
  std::thread thread_;
};

}  // namespace sigward
