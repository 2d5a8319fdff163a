#include "plugin/nri/running_report.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace sigward::nri {

RunningReport::RunningReport(std::function<void(std::vector<Container>)> tell)
    : tell_(std::move(tell)), thread_([this] { Work(); }) {}

RunningReport::~RunningReport() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RunningReport::Put(std::vector<Container> running) {
  const std::lock_guard lock(mutex_);
  waiting_ = std::move(running);
  changed_.notify_all();
}

void RunningReport::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || waiting_.has_value(); });
    if (ending_) {
      return;
    }
    std::vector<Container> running = std::move(*waiting_);
    waiting_.reset();
    lock.unlock();
    try {
      tell_(std::move(running));
    } catch (const std::exception& error) {
      base::Log(base::Severity::kError, "nri-running-failed", {{"error", error.what()}});
    } catch (...) {
      base::Log(base::Severity::kError, "nri-running-failed", {});
    }
    lock.lock();
  }
}

}  // namespace sigward::nri
