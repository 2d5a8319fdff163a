#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "rpc/frame.h"
#include "rpc/gate_message.h"

namespace sigward::testing {

/// What came with one connection.
struct GateVisit {
  rpc::GateQuestion question;
  std::vector<base::UniqueFd> descriptors;
};

/// A gate at a path: takes COUNT connections one after another and answers each with the bytes that
/// a function of the test makes; no bytes hang up.
class ScriptedGate {
 public:
  using Script = std::function<std::string(int visit, GateVisit& question)>;

  ScriptedGate(const std::string& path, int count, Script script) {
    auto listener = rpc::Listen(path);
    if (!listener.ok()) {
      std::abort();
    }
    thread_ = std::thread([count, script = std::move(script), listener = std::move(*listener)] {
      for (int visit = 0; visit < count; ++visit) {
        if (!Serve(listener.get(), visit, script)) {
          return;
        }
      }
    });
  }
  ScriptedGate(const ScriptedGate&) = delete;
  ScriptedGate& operator=(const ScriptedGate&) = delete;
  ~ScriptedGate() { thread_.join(); }

 private:
  static bool Serve(int listener, int visit, const Script& script) {
    const auto deadline = base::Deadline::After(std::chrono::seconds(15));
    if (!rpc::Wait(listener, POLLIN, deadline).ok()) {
      return false;
    }
    const base::UniqueFd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    auto frame = rpc::Receive(connection.get(), deadline);
    if (!frame.ok()) {
      return false;
    }
    auto question = rpc::DecodeGateQuestion(frame->bytes);
    if (!question.ok()) {
      return false;
    }
    GateVisit taken{std::move(*question), std::move(frame->descriptors)};
    const std::string bytes = script(visit, taken);
    return bytes.empty() || rpc::Send(connection.get(), bytes, {}, deadline).ok();
  }

  std::thread thread_;
};

inline std::string AllowingBytes() {
  return rpc::Encode(rpc::GateAnswer{3, 0, "allowed: fine", "{}"});
}

}  // namespace sigward::testing
