#include "plugin/nri/nri_door.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "nri_door_fixture.h"
#include "plugin/nri/events.h"
#include "plugin/nri/running_containers.h"

namespace sigward::nri {
namespace {

using base::Reason;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace wire = ::nri::pkg::api::v1alpha1;

constexpr std::int32_t kCreate = 1 << 3;
constexpr std::int32_t kValidate = 1 << 13;

using NriDoorTest = NriDoorFixture;

TEST_F(NriDoorTest, StaysShutWithoutASocket) {
  const NriDoor door({}, {});
  EXPECT_FALSE(door.status().registered);
  EXPECT_FALSE(door.status().error.has_value());
}

TEST_F(NriDoorTest, RegistersAsSigwardAndTellsOfTheRuntime) {
  testing::ScriptedRuntime runtime(socket_);
  Open();
  ASSERT_TRUE(runtime.Accept());
  EXPECT_FALSE(door_->status().registered);
  const auto registration = runtime.TakeRegistration();
  ASSERT_TRUE(registration.has_value());
  EXPECT_EQ(registration->plugin_name(), "sigward");
  EXPECT_EQ(registration->plugin_idx(), "42");
  runtime.Close();
  Register(runtime);
  const auto status = door_->status();
  EXPECT_EQ(status.runtime_name, "containerd");
  EXPECT_EQ(status.runtime_version, "v2.1.9");
  EXPECT_EQ(status.gaps, 0U) << "the first connection never was registered";
  EXPECT_FALSE(status.error.has_value());
}

TEST_F(NriDoorTest, SubscribesOnlyToWhatTheRuntimeKnows) {
  const struct {
    const char* version;
    std::int32_t events;
  } rows[] = {{"", kCreate},
              {"v0.9.0", kCreate},
              {"0.9.99", kCreate},
              {"v0.10.0", kCreate | kValidate},
              {"0.12.1", kCreate | kValidate},
              {"v1.0.0", kCreate | kValidate},
              {"(devel)", kCreate},
              {"v0", kCreate},
              {"v0.x", kCreate},
              {"unknown", kCreate}};
  for (const auto& row : rows) {
    EXPECT_EQ(EventMask(KnowsValidation(row.version)), row.events) << row.version;
  }
  testing::ScriptedRuntime runtime(socket_);
  EXPECT_EQ(Register(runtime), kCreate);
  EXPECT_FALSE(door_->status().validates);
  EXPECT_EQ(Register(runtime, "v0.10.0"), kCreate | kValidate);
  EXPECT_TRUE(door_->status().validates);
}

TEST_F(NriDoorTest, RegistersWithCreateContainerAloneWhenTheEventsAreRefused) {
  testing::ScriptedRuntime runtime(socket_);
  Open();
  ASSERT_TRUE(runtime.Accept());
  EXPECT_EQ(runtime.Configure("v0.10.0", kTimeoutMs), kCreate | kValidate);
  // The runtime tells nothing: it closes.
  EXPECT_EQ(Register(runtime, "v0.10.0"), kCreate);
  EXPECT_EQ(Register(runtime, "v0.10.0"), kCreate | kValidate) << "tried again after a gap";
}

TEST_F(NriDoorTest, ARefusedRegistrationIsToldAndTriedAgain) {
  testing::ScriptedRuntime runtime(socket_);
  Open();
  ASSERT_TRUE(runtime.Accept());
  EXPECT_TRUE(runtime.TakeRegistration("invalid plugin index").has_value());
  EXPECT_TRUE(runtime.SeesClose());
  EXPECT_TRUE(Eventually([this] { return ErrorReason() == Reason::kProtocol; }));
  EXPECT_THAT(door_->status().error->detail, HasSubstr("invalid plugin index"));
  Register(runtime);
  EXPECT_EQ(door_->status().gaps, 0U);
}

TEST_F(NriDoorTest, PutsRunningContainersTogetherFromChunks) {
  testing::ScriptedRuntime runtime(socket_);
  Open();
  ASSERT_TRUE(runtime.Accept());
  runtime.Configure("", kTimeoutMs);
  wire::SynchronizeRequest chunk;
  for (int i = 0; i < 3; ++i) {
    chunk.Clear();
    chunk.add_pods()->set_id("p" + std::to_string(i));
    chunk.mutable_pods(0)->set_namespace_("ns" + std::to_string(i));
    chunk.add_containers()->set_id("c" + std::to_string(i));
    // The container's pod may come in a later chunk.
    chunk.mutable_containers(0)->set_pod_sandbox_id("p" + std::to_string(2 - i));
    chunk.set_more(i < 2);
    EXPECT_EQ(runtime.Synchronise(chunk), i < 2);
    EXPECT_EQ(door_->status().registered, i == 2);
  }
  EXPECT_TRUE(Eventually([this] {
    const std::lock_guard lock(mutex_);
    return told_ == 1;
  }));
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(running_.size(), 3U);
  EXPECT_EQ(running_[0].id, "c0");
  EXPECT_EQ(running_[0].pod_namespace, "ns2");
  EXPECT_EQ(running_[2].pod_namespace, "ns0");
}

TEST_F(NriDoorTest, KeepsABoundedNumberOfRunningContainers) {
  wire::SynchronizeRequest chunk;
  for (std::size_t i = 0; i < kMaxRunningContainers; ++i) {
    chunk.add_containers()->set_id(std::to_string(i));
  }
  RunningContainers running;
  running.Add(chunk);
  auto collected = running.Take();
  EXPECT_EQ(collected.containers.size(), kMaxRunningContainers);
  EXPECT_EQ(collected.left_out, 0U);
  running.Add(chunk);
  chunk.Clear();
  chunk.add_containers()->set_id("one more");
  running.Add(chunk);
  collected = running.Take();
  EXPECT_EQ(collected.containers.size(), kMaxRunningContainers);
  EXPECT_EQ(collected.left_out, 1U);
  chunk.mutable_containers(0)->set_name(std::string(kMaxRunningBytes, 'n'));
  running.Add(chunk);
  collected = running.Take();
  EXPECT_TRUE(collected.containers.empty());
  EXPECT_EQ(collected.left_out, 1U);
}

TEST_F(NriDoorTest, AnswersOtherMethods) {
  testing::ScriptedRuntime runtime(socket_);
  Register(runtime);
  for (const char* method :
       {"StateChange", "RunPodSandbox", "UpdatePodSandbox", "PostUpdatePodSandbox",
        "StopPodSandbox", "RemovePodSandbox", "PostCreateContainer", "StartContainer",
        "PostStartContainer", "UpdateContainer", "PostUpdateContainer", "StopContainer",
        "RemoveContainer"}) {
    const auto answer = runtime.Answer(runtime.Call(method, "anything"));
    EXPECT_FALSE(answer.has_status()) << method;
    EXPECT_EQ(answer.payload(), "") << method;
  }
  EXPECT_EQ(runtime.Answer(runtime.Call("Reboot")).status().code(), 12);
  ::ttrpc::Request other;
  other.set_service("nri.pkg.api.v2.Plugin");
  other.set_method("CreateContainer");
  EXPECT_EQ(runtime.Answer(runtime.Call(other)).status().code(), 12);
}

TEST_F(NriDoorTest, RefusesRequestsThatAreNotCalls) {
  testing::ScriptedRuntime runtime(socket_);
  Register(runtime);
  ::ttrpc::Request request;
  request.set_service("nri.pkg.api.v1alpha1.Plugin");
  request.set_method("StateChange");
  const std::string data = request.SerializeAsString();
  runtime.SendMessage(1, {1002, rpc::kTtrpcRequest, 0, data});
  EXPECT_EQ(runtime.Answer(1002).status().code(), 3) << "an even stream";
  runtime.SendMessage(1, {1001, rpc::kTtrpcRequest, rpc::kTtrpcRemoteOpen, data});
  EXPECT_EQ(runtime.Answer(1001).status().code(), 12) << "a stream of data";
  runtime.SendMessage(1, {999, rpc::kTtrpcRequest, 0, data});
  EXPECT_EQ(runtime.Answer(999).status().code(), 3) << "a stream that was passed";
  runtime.SendMessage(1, {1003, rpc::kTtrpcRequest, 0, "\xff\xff"});
  EXPECT_EQ(runtime.Answer(1003).status().code(), 3) << "no request";
  runtime.SendMessage(1, {1003, rpc::kTtrpcData, 1, "data"});
  runtime.SendMessage(1, {1005, 99, 0, "a type of later"});
  runtime.SendMessage(2, {9, rpc::kTtrpcResponse, 0, "not asked for"});
  runtime.SendMessage(1, {1005, rpc::kTtrpcRequest, 1, data});
  EXPECT_FALSE(runtime.Answer(1005).has_status()) << "the connection lives";
  runtime.SendMessage(1, {1007, rpc::kTtrpcRequest, 0, [&] {
                            request.set_method("CreateContainer");
                            request.set_payload("\xff\xff");
                            return request.SerializeAsString();
                          }()});
  EXPECT_THAT(runtime.Answer(1007).status().message(), StartsWith("protocol: "));
  EXPECT_EQ(door_->status().gaps, 0U);
}

TEST_F(NriDoorTest, WhatBreaksTheConnectionIsAGapAndTheDoorComesBack) {
  testing::ScriptedRuntime runtime(socket_);
  std::string long_frame;
  rpc::AppendBigEndian(long_frame, 1);
  rpc::AppendBigEndian(long_frame, static_cast<std::uint32_t>(rpc::kMaxNriPayload) + 1);
  std::string long_message;
  rpc::AppendBigEndian(long_message, static_cast<std::uint32_t>(rpc::kMaxTtrpcData) + 1);
  long_message += "\0\0\0\1\1\0";
  long_message.resize(rpc::kTtrpcHeaderBytes);
  const struct {
    const char* what;
    std::function<void()> act;
    Reason reason;
  } rows[] = {
      {"garbage", [&] { runtime.SendBytes("GET / HTTP/1.1\r\n\r\n"); }, Reason::kProtocol},
      {"another connection", [&] { runtime.SendFrame(3, "x"); }, Reason::kProtocol},
      {"a frame too long", [&] { runtime.SendBytes(long_frame); }, Reason::kTooLarge},
      {"a message too long", [&] { runtime.SendFrame(1, long_message); }, Reason::kTooLarge},
      {"a cut frame",
       [&] {
         runtime.SendBytes(long_frame.substr(0, 5));
         runtime.Close();
       },
       Reason::kProtocol},
      {"closed", [&] { runtime.Close(); }, Reason::kProtocol},
      {"Shutdown", [&] { EXPECT_FALSE(runtime.Answer(runtime.Call("Shutdown")).has_status()); },
       Reason::kContainerdUnreachable}};
  std::uint64_t gaps = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Register(runtime);
    EXPECT_EQ(door_->status().gaps, gaps);
    row.act();
    ++gaps;
    EXPECT_TRUE(Eventually([&] { return door_->status().gaps == gaps; }));
    EXPECT_EQ(ErrorReason(), row.reason);
    EXPECT_FALSE(door_->status().registered);
  }
  Register(runtime);
  EXPECT_FALSE(Create(runtime, "c").has_status());
}

TEST_F(NriDoorTest, WaitsForTheRuntimeAndComesWhenItIsThere) {
  Open();
  EXPECT_TRUE(Eventually([this] { return ErrorReason() == Reason::kContainerdUnreachable; }));
  testing::ScriptedRuntime runtime(socket_);
  Register(runtime);
}

TEST_F(NriDoorTest, DoesNotConnectToASocketThatIsNotRoots) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a socket away";
  }
  testing::ScriptedRuntime runtime(socket_);
  ASSERT_EQ(chown(socket_.c_str(), 65534, 65534), 0);
  Open();
  EXPECT_FALSE(runtime.Accept(milliseconds(400)));
  ASSERT_TRUE(Eventually([this] { return door_->status().error.has_value(); }));
  EXPECT_EQ(ErrorReason(), Reason::kContainerdUnreachable);
  EXPECT_THAT(door_->status().error->detail, HasSubstr("belongs to user 65534"));
  ASSERT_EQ(chown(socket_.c_str(), 0, 0), 0);
  Register(runtime);
}

}  // namespace
}  // namespace sigward::nri
