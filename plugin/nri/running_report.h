#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "plugin/nri/nri_door.h"

namespace sigward::nri {

/// A thread that tells of running containers, so that telling may take long. Of several lists that
/// wait only the newest is told.
class RunningReport {
 public:
  explicit RunningReport(std::function<void(std::vector<Container>)> tell);
  /// Waits for the telling that is under way.
  ~RunningReport();
  RunningReport(const RunningReport&) = delete;
  RunningReport& operator=(const RunningReport&) = delete;

  void Put(std::vector<Container> running);

 private:
  void Work();

  const std::function<void(std::vector<Container>)> tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::vector<Container>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sigward::nri
