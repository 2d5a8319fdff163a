#include "worker/credentials/program_slots.h"

namespace sigward::worker {

using base::Fail;
using base::Reason;

ProgramSlots::Slot::~Slot() {
  {
    const std::lock_guard lock(slots_->mutex_);
    --slots_->running_;
    const auto found = slots_->runs_.find(program_);
    if (--found->second == 0) {
      slots_->runs_.erase(found);
    }
  }
  // Not one: it may be one that waits for another program, which still has no room.
  slots_->given_back_.notify_all();
}

base::Result<std::unique_ptr<ProgramSlots::Slot>> ProgramSlots::Take(
    const std::string& program, const base::Deadline& deadline) {
  {
    std::unique_lock lock(mutex_);
    if (!given_back_.wait_until(lock, deadline.when(), [&] { return HasRoomFor(program); })) {
      return Fail(Reason::kTimeout,
                  running_ < kMaxProgramsAtOnce
                      ? program + " runs " + std::to_string(kMaxRunsOfOneProgram) + " times already"
                      : std::to_string(kMaxProgramsAtOnce) + " credential programs run already");
    }
    ++running_;
    ++runs_[program];
  }
  return std::make_unique<Slot>(*this, program);
}

bool ProgramSlots::HasRoomFor(const std::string& program) const {
  const auto found = runs_.find(program);
  return running_ < kMaxProgramsAtOnce &&
         (found == runs_.end() || found->second < kMaxRunsOfOneProgram);
}

}  // namespace sigward::worker
