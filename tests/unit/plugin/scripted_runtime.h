#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "rpc/big_endian.h"
#include "rpc/frame.h"
#include "rpc/nri.pb.h"
#include "rpc/nri_multiplexer.h"
#include "rpc/ttrpc.h"
#include "rpc/ttrpc.pb.h"

namespace sigward::testing {

namespace wire = ::nri::pkg::api::v1alpha1;

/// The runtime's side of NRI, as a test directs it.
class ScriptedRuntime {
 public:
  explicit ScriptedRuntime(const std::string& path)
      : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
  }

  /// Takes the plugin's next connection. False when none comes within SPAN.
  bool Accept(std::chrono::milliseconds span = std::chrono::seconds(10)) {
    Close();
    if (!rpc::Wait(listener_.get(), POLLIN, base::Deadline::After(span)).ok()) {
      return false;
    }
    connection_.Reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return connection_.valid();
  }

  void Close() {
    connection_.Reset();
    demultiplexer_ = {};
    decoders_ = {};
    answers_.clear();
    calls_.clear();
    stream_ = 1;
  }

  /// The plugin's RegisterPlugin, answered with STATUS; empty when none comes.
  std::optional<wire::RegisterPluginRequest> TakeRegistration(const std::string& refusal = "") {
    while (calls_.empty()) {
      if (!Pump()) {
        return std::nullopt;
      }
    }
    const rpc::TtrpcMessage call = calls_.front();
    calls_.pop_front();
    ::ttrpc::Request request;
    EXPECT_TRUE(request.ParseFromString(call.data));
    EXPECT_EQ(request.service(), "nri.pkg.api.v1alpha1.Runtime");
    EXPECT_EQ(request.method(), "RegisterPlugin");
    EXPECT_EQ(call.stream % 2, 1U);
    wire::RegisterPluginRequest registration;
    EXPECT_TRUE(registration.ParseFromString(request.payload()));
    ::ttrpc::Response response;
    if (!refusal.empty()) {
      response.mutable_status()->set_code(2);
      response.mutable_status()->set_message(refusal);
    }
    SendMessage(2, {call.stream, rpc::kTtrpcResponse, 0, response.SerializeAsString()});
    return registration;
  }

  /// Calls a method of the plugin and returns the stream on which it answers.
  std::uint32_t Call(const std::string& method, const std::string& payload = "",
                     std::int64_t timeout_nano = 0) {
    ::ttrpc::Request request;
    request.set_service("nri.pkg.api.v1alpha1.Plugin");
    request.set_method(method);
    request.set_payload(payload);
    request.set_timeout_nano(timeout_nano);
    return Call(request);
  }
  std::uint32_t Call(const ::ttrpc::Request& request) {
    const std::uint32_t stream = std::exchange(stream_, stream_ + 2);
    SendMessage(1, {stream, rpc::kTtrpcRequest, 0, request.SerializeAsString()});
    return stream;
  }

  void SendMessage(std::uint32_t connection, const rpc::TtrpcMessage& message) {
    SendFrame(connection, rpc::Encode(message).value());
  }
  void SendFrame(std::uint32_t connection, std::string_view payload) {
    std::string frame;
    rpc::AppendBigEndian(frame, connection);
    rpc::AppendBigEndian(frame, static_cast<std::uint32_t>(payload.size()));
    SendBytes(frame.append(payload));
  }
  void SendBytes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  /// The answer on STREAM; a status of code -1 when the connection ends before.
  ::ttrpc::Response Answer(std::uint32_t stream) {
    while (!answers_.contains(stream)) {
      if (!Pump()) {
        ::ttrpc::Response none;
        none.mutable_status()->set_code(-1);
        return none;
      }
    }
    return answers_[stream];
  }
  bool answered(std::uint32_t stream) const { return answers_.contains(stream); }

  /// Waits until the plugin closes the connection.
  bool SeesClose() {
    while (Pump()) {
    }
    return closed_;
  }

  /// Registration and Configure; returns the events that the plugin subscribes to.
  std::int32_t Configure(const std::string& nri_version, std::int64_t timeout_ms) {
    EXPECT_TRUE(TakeRegistration().has_value());
    wire::ConfigureRequest request;
    request.set_runtime_name("containerd");
    request.set_runtime_version("v2.1.9");
    request.set_request_timeout(timeout_ms);
    request.set_nri_version(nri_version);
    wire::ConfigureResponse response;
    EXPECT_TRUE(
        response.ParseFromString(Answer(Call("Configure", request.SerializeAsString())).payload()));
    return response.events();
  }

  /// One chunk of Synchronize; returns the plugin's `more`.
  bool Synchronise(const wire::SynchronizeRequest& request) {
    wire::SynchronizeResponse response;
    const auto answer = Answer(Call("Synchronize", request.SerializeAsString()));
    EXPECT_EQ(answer.status().code(), 0);
    EXPECT_TRUE(response.ParseFromString(answer.payload()));
    return response.more();
  }

 private:
  /// Takes what has arrived apart. False at the end of the connection, or of patience.
  bool Pump() {
    closed_ = false;
    if (!rpc::Wait(connection_.get(), POLLIN, base::Deadline::After(std::chrono::seconds(10)))
             .ok()) {
      return false;
    }
    std::string bytes(64U << 10, '\0');
    const ssize_t size = recv(connection_.get(), bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      closed_ = true;
      return false;
    }
    std::string_view input(bytes.data(), static_cast<std::size_t>(size));
    while (!input.empty()) {
      const auto part = demultiplexer_.Next(input).value();
      if (part) {
        Take(*part);
      }
    }
    return true;
  }
  void Take(const rpc::NriPart& part) {
    EXPECT_LE(part.bytes.size(), rpc::kMaxNriPayloadSent);
    const bool plugin = part.connection == rpc::NriConnection::kPlugin;
    std::string_view bytes = part.bytes;
    while (!bytes.empty()) {
      const auto message = decoders_.at(plugin ? 0 : 1).Next(bytes).value();
      if (message && plugin) {
        EXPECT_FALSE(answers_.contains(message->stream)) << "a second answer";
        EXPECT_TRUE(answers_[message->stream].ParseFromString(message->data));
      } else if (message) {
        calls_.push_back(*message);
      }
    }
  }

  base::UniqueFd listener_;
  base::UniqueFd connection_;
  rpc::NriDemultiplexer demultiplexer_;
  std::array<rpc::TtrpcDecoder, 2> decoders_;
  std::map<std::uint32_t, ::ttrpc::Response> answers_;
  std::deque<rpc::TtrpcMessage> calls_;
  std::uint32_t stream_ = 1;
  bool closed_ = false;
};

}  // namespace sigward::testing
