#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::worker {

/// Programs that run at once, and runs of any one among them; a question that needs one more waits.
inline constexpr std::size_t kMaxProgramsAtOnce = 16;
inline constexpr std::size_t kMaxRunsOfOneProgram = kMaxProgramsAtOnce / 2;

/// How many credential programs run, so that one that hangs leaves room for the others. Safe for
/// several threads.
class ProgramSlots {
 public:
  /// The right to run a program, until it is destroyed, before the slots are.
  class Slot {
   public:
    Slot(ProgramSlots& slots, std::string program) : slots_(&slots), program_(std::move(program)) {}
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    ProgramSlots* slots_;
    std::string program_;
  };

  /// A right to run PROGRAM, never null. Fails with kTimeout when there is none by DEADLINE.
  base::Result<std::unique_ptr<Slot>> Take(const std::string& program,
                                           const base::Deadline& deadline);

 private:
  bool HasRoomFor(const std::string& program) const;

  std::mutex mutex_;
  std::condition_variable given_back_;
  std::size_t running_ = 0;
  /// Only programs that run.
  std::map<std::string, std::size_t> runs_;
};

}  // namespace sigward::worker
