#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "plugin/nri/decision_pool.h"
#include "plugin/nri/nri_door.h"
#include "plugin/nri/pending_reply.h"
#include "plugin/nri/running_containers.h"
#include "plugin/nri/runtime_connection.h"
#include "rpc/nri_multiplexer.h"
#include "rpc/ttrpc.h"

namespace ttrpc {
class Request;
}  // namespace ttrpc

namespace sigward::nri {

/// The runtime's time-out where Configure names none, and the longest that is believed: an answer
/// that is earlier than it had to be is never wrong.
inline constexpr std::chrono::milliseconds kDefaultRequestTimeout{2000};
inline constexpr std::chrono::milliseconds kMaxRequestTimeout{10'000};
/// How long the runtime may take to answer RegisterPlugin and to call Configure, to synchronise us
/// after that (it waits for creations that are under way), and to end a message that it has begun.
inline constexpr std::chrono::seconds kRegistrationPatience{10};
inline constexpr std::chrono::minutes kSynchronisePatience{5};
inline constexpr std::chrono::seconds kMessagePatience{10};

/// What a session tells while it serves; called on its thread.
struct SessionListener {
  std::function<void(std::string runtime_name, std::string runtime_version)> configured;
  /// The runtime has registered us: from now on it asks.
  std::function<void(RunningContainers::Collected running)> synchronised;
  std::function<void()> asked;
};

/// One connection to a runtime, from registration to its end.
class Session {
 public:
  /// OFFER_VALIDATION: subscribe to ValidateContainerAdjustment too, where the runtime's NRI
  /// version knows it.
  Session(std::shared_ptr<RuntimeConnection> connection, std::string index, bool offer_validation,
          DecisionPool& pool, SessionListener listener);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Registers and serves until the connection ends or STOP_FD is readable; returns why it ended:
  /// kProtocol (closed, garbage, registration refused), kTooLarge, kTimeout,
  /// kContainerdUnreachable (the runtime shuts down).
  base::Error Serve(int stop_fd);

  bool registered() const { return synchronised_; }
  bool validates() const { return configured_ && with_validation_; }
  /// True when the connection ended between our list of events and the registration: an older
  /// runtime does so when it does not know one of them.
  bool events_may_be_refused() const { return validates() && !synchronised_; }

 private:
  base::Status Read();
  base::Status TakePlugin(std::string_view bytes);
  base::Status TakeRuntime(std::string_view bytes);
  base::Status Serve(const rpc::TtrpcMessage& message);
  base::Status Call(std::uint32_t stream, const ::ttrpc::Request& request);
  void Configure(std::uint32_t stream, const std::string& payload);
  void Synchronise(std::uint32_t stream, const std::string& payload);
  void Ask(std::uint32_t stream, Request kind, const ::ttrpc::Request& request);
  void RefuseLate();
  base::Status CheckPatience() const;
  std::chrono::milliseconds NextWait() const;
  bool midway() const;

  const std::shared_ptr<RuntimeConnection> connection_;
  const std::string index_;
  const bool offer_validation_;
  DecisionPool& pool_;
  const SessionListener listener_;

  rpc::NriDemultiplexer demultiplexer_;
  rpc::TtrpcDecoder plugin_decoder_;
  rpc::TtrpcDecoder runtime_decoder_;
  std::uint32_t last_stream_ = 0;
  bool accepted_ = false;
  bool configured_ = false;
  bool with_validation_ = false;
  bool synchronised_ = false;
  std::chrono::milliseconds request_timeout_ = kDefaultRequestTimeout;
  base::Deadline phase_end_;
  base::Deadline message_end_;
  RunningContainers running_;
  std::vector<std::shared_ptr<PendingReply>> owed_;
};

}  // namespace sigward::nri
