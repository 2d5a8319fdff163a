#include "plugin/nri/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "plugin/nri/events.h"
#include "rpc/nri.pb.h"
#include "rpc/ttrpc.pb.h"

namespace sigward::nri {
namespace {

namespace wire = ::nri::pkg::api::v1alpha1;
using base::Deadline;
using base::Fail;
using base::Reason;

constexpr const char* kPluginService = "nri.pkg.api.v1alpha1.Plugin";
constexpr const char* kRuntimeService = "nri.pkg.api.v1alpha1.Runtime";
constexpr std::uint32_t kRegistrationStream = 1;
constexpr std::size_t kMaxNameInStatus = 128;
/// Longest poll; only bounds how late a patience is noticed.
constexpr std::chrono::milliseconds kLongestWait{60'000};

/// Methods that runtimes have and that ask nothing of us; each takes an answer without fields.
bool NeedsNoAnswer(std::string_view method) {
  static const std::set<std::string_view> kMethods = {
      "StateChange",        "RunPodSandbox",    "UpdatePodSandbox",    "PostUpdatePodSandbox",
      "StopPodSandbox",     "RemovePodSandbox", "PostCreateContainer", "StartContainer",
      "PostStartContainer", "UpdateContainer",  "PostUpdateContainer", "StopContainer",
      "RemoveContainer"};
  return kMethods.contains(method);
}

}  // namespace

Session::Session(std::shared_ptr<RuntimeConnection> connection, std::string index,
                 bool offer_validation, DecisionPool& pool, SessionListener listener)
    : connection_(std::move(connection)),
      index_(std::move(index)),
      offer_validation_(offer_validation),
      pool_(pool),
      listener_(std::move(listener)),
      phase_end_(Deadline::After(kRegistrationPatience)),
      message_end_(Deadline::After(kMessagePatience)) {}

Session::~Session() {
  for (const auto& reply : owed_) {
    reply->Drop();
  }
}

base::Error Session::Serve(int stop_fd) {
  wire::RegisterPluginRequest registration;
  registration.set_plugin_name("sigward");
  registration.set_plugin_idx(index_);
  ::ttrpc::Request request;
  request.set_service(kRuntimeService);
  request.set_method("RegisterPlugin");
  request.set_payload(registration.SerializeAsString());
  connection_->Send(rpc::NriConnection::kRuntime, {.stream = kRegistrationStream,
                                                   .type = rpc::kTtrpcRequest,
                                                   .flags = 0,
                                                   .data = request.SerializeAsString()});
  std::array<pollfd, 2> items{pollfd{.fd = connection_->fd(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = stop_fd, .events = POLLIN, .revents = 0}};
  for (;;) {
    (void)poll(items.data(), items.size(), static_cast<int>(NextWait().count()));
    if ((items[1].revents & POLLIN) != 0) {
      return Fail(Reason::kContainerdUnreachable, "the door is being closed");
    }
    RefuseLate();
    if (items[0].revents != 0) {
      if (auto status = Read(); !status.ok()) {
        return std::move(status).error();
      }
    }
    if (auto status = CheckPatience(); !status.ok()) {
      return std::move(status).error();
    }
  }
}

std::chrono::milliseconds Session::NextWait() const {
  std::chrono::milliseconds wait = kLongestWait;
  const auto until = [&wait](const Deadline& end) {
    // Left() rounds down; a wait that ends too early would spin.
    wait = std::min(wait, end.Left() + std::chrono::milliseconds(1));
  };
  for (const auto& reply : owed_) {
    until(reply->due());
  }
  if (!synchronised_) {
    until(phase_end_);
  }
  if (midway()) {
    until(message_end_);
  }
  return wait;
}

bool Session::midway() const {
  return demultiplexer_.midway() || plugin_decoder_.midway() || runtime_decoder_.midway();
}

base::Status Session::CheckPatience() const {
  if (!synchronised_ && phase_end_.Passed()) {
    return Fail(Reason::kTimeout, configured_ && accepted_ ? "the runtime did not synchronise"
                                                           : "the runtime did not register us");
  }
  if (midway() && message_end_.Passed()) {
    return Fail(Reason::kTimeout, "the runtime did not end a message");
  }
  return base::Ok();
}

void Session::RefuseLate() {
  for (const auto& reply : owed_) {
    if (!reply->answered() && reply->due().Passed()) {
      reply->Refuse(
          Fail(Reason::kTimeout, "the decision took too long for the runtime's time-out"));
    }
  }
  std::erase_if(owed_, [](const auto& reply) { return reply->answered(); });
}

base::Status Session::Read() {
  std::string bytes;
  SIGWARD_RETURN_IF_ERROR(connection_->Receive(bytes));
  if (!bytes.empty()) {
    message_end_ = Deadline::After(kMessagePatience);
  }
  std::string_view input = bytes;
  while (!input.empty()) {
    SIGWARD_ASSIGN_OR_RETURN(const auto part, demultiplexer_.Next(input));
    if (!part) {
      break;
    }
    SIGWARD_RETURN_IF_ERROR(part->connection == rpc::NriConnection::kPlugin
                                ? TakePlugin(part->bytes)
                                : TakeRuntime(part->bytes));
  }
  return base::Ok();
}

base::Status Session::TakePlugin(std::string_view bytes) {
  while (!bytes.empty()) {
    SIGWARD_ASSIGN_OR_RETURN(const auto message, plugin_decoder_.Next(bytes));
    if (message && message->type == rpc::kTtrpcRequest) {
      SIGWARD_RETURN_IF_ERROR(Serve(*message));
    }
    // Data belongs to streams, of which we have refused the beginning; other types are kept for
    // later by the specification.
  }
  return base::Ok();
}

base::Status Session::TakeRuntime(std::string_view bytes) {
  while (!bytes.empty()) {
    SIGWARD_ASSIGN_OR_RETURN(const auto message, runtime_decoder_.Next(bytes));
    if (!message || message->type != rpc::kTtrpcResponse ||
        message->stream != kRegistrationStream || accepted_) {
      continue;
    }
    ::ttrpc::Response response;
    if (!response.ParseFromString(message->data)) {
      return Fail(Reason::kProtocol, "the runtime's answer could not be read");
    }
    if (response.status().code() != 0) {
      return Fail(Reason::kProtocol, "the runtime refused to register us: " +
                                         base::OneLine(response.status().message(), kMaxLineBytes));
    }
    accepted_ = true;
  }
  return base::Ok();
}

base::Status Session::Serve(const rpc::TtrpcMessage& message) {
  if (message.stream % 2 == 0 || message.stream <= last_stream_) {
    SendStatus(*connection_, message.stream, StatusCode::kInvalidArgument,
               "a request needs an odd stream id that is higher than the last");
    return base::Ok();
  }
  last_stream_ = message.stream;
  if ((message.flags & rpc::kTtrpcRemoteOpen) != 0) {
    SendStatus(*connection_, message.stream, StatusCode::kUnimplemented, "nothing here streams");
    return base::Ok();
  }
  ::ttrpc::Request request;
  if (!request.ParseFromString(message.data)) {
    SendStatus(*connection_, message.stream, StatusCode::kInvalidArgument,
               "protocol: the request could not be read");
    return base::Ok();
  }
  return Call(message.stream, request);
}

base::Status Session::Call(std::uint32_t stream, const ::ttrpc::Request& request) {
  const std::string& method = request.method();
  if (request.service() != kPluginService) {
    SendStatus(*connection_, stream, StatusCode::kUnimplemented,
               "no service " + base::OneLine(request.service(), kMaxNameInStatus));
  } else if (method == "CreateContainer") {
    Ask(stream, Request::kCreateContainer, request);
  } else if (method == "ValidateContainerAdjustment") {
    Ask(stream, Request::kValidateContainerAdjustment, request);
  } else if (method == "Configure") {
    Configure(stream, request.payload());
  } else if (method == "Synchronize") {
    Synchronise(stream, request.payload());
  } else if (method == "Shutdown") {
    SendPayload(*connection_, stream, {});
    return Fail(Reason::kContainerdUnreachable, "the runtime shuts its plugins down");
  } else if (NeedsNoAnswer(method)) {
    SendPayload(*connection_, stream, {});
  } else {
    SendStatus(*connection_, stream, StatusCode::kUnimplemented,
               "no method " + base::OneLine(method, kMaxNameInStatus));
  }
  return base::Ok();
}

void Session::Configure(std::uint32_t stream, const std::string& payload) {
  wire::ConfigureRequest request;
  if (!request.ParseFromString(payload)) {
    SendStatus(*connection_, stream, StatusCode::kInvalidArgument,
               "protocol: the configuration could not be read");
    return;
  }
  if (request.request_timeout() > 0) {
    request_timeout_ = std::chrono::milliseconds(
        std::min<std::int64_t>(request.request_timeout(), kMaxRequestTimeout.count()));
  }
  with_validation_ = offer_validation_ && KnowsValidation(request.nri_version());
  configured_ = true;
  phase_end_ = Deadline::After(kSynchronisePatience);
  listener_.configured(base::OneLine(request.runtime_name(), kMaxNameInStatus),
                       base::OneLine(request.runtime_version(), kMaxNameInStatus));
  wire::ConfigureResponse response;
  response.set_events(EventMask(with_validation_));
  SendPayload(*connection_, stream, response.SerializeAsString());
}

void Session::Synchronise(std::uint32_t stream, const std::string& payload) {
  wire::SynchronizeRequest request;
  if (!request.ParseFromString(payload)) {
    SendStatus(*connection_, stream, StatusCode::kInvalidArgument,
               "protocol: the containers could not be read");
    return;
  }
  running_.Add(request);
  if (!request.more()) {
    synchronised_ = true;
    listener_.synchronised(running_.Take());
  }
  wire::SynchronizeResponse response;
  response.set_more(request.more());
  SendPayload(*connection_, stream, response.SerializeAsString());
}

void Session::Ask(std::uint32_t stream, Request kind, const ::ttrpc::Request& request) {
  listener_.asked();
  std::chrono::milliseconds timeout = request_timeout_;
  // The runtime also says how long it will wait for this very request.
  if (request.timeout_nano() > 0) {
    timeout = std::min(timeout, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::nanoseconds(request.timeout_nano())));
  }
  // The decision's own time-out says more than ours, so it comes first.
  const std::chrono::milliseconds margin = timeout / 40;
  const std::chrono::milliseconds due = timeout * 3 / 4 - margin;
  auto reply = std::make_shared<PendingReply>(connection_, stream, kind, Deadline::After(due));
  owed_.push_back(reply);
  pool_.Ask(std::move(reply), request.payload(), Deadline::After(due - margin));
}

}  // namespace sigward::nri
