#pragma once

#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "rpc/frame.h"

namespace sigward::testing {

inline base::Deadline Soon() {
  return base::Deadline::After(std::chrono::milliseconds(10'000));
}

/// A worker at PATH that does on each connection what the test says.
class ScriptedWorker {
 public:
  ScriptedWorker(const std::string& path, std::function<void(int)> serve)
      : listener_(rpc::Listen(path).value()),
        serve_(std::move(serve)),
        thread_([this] { Run(); }) {}
  ScriptedWorker(const ScriptedWorker&) = delete;
  ScriptedWorker& operator=(const ScriptedWorker&) = delete;
  ~ScriptedWorker() {
    shutdown(listener_.get(), SHUT_RDWR);  // ends accept
    thread_.join();
  }

 private:
  void Run() {
    for (;;) {
      const base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid()) {
        return;
      }
      serve_(connection.get());
    }
  }

  base::UniqueFd listener_;
  std::function<void(int)> serve_;
  std::thread thread_;
};

}  // namespace sigward::testing
