#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "plugin/nri/nri_door.h"
#include "scripted_runtime.h"
#include "temp_folder.h"

namespace sigward::nri {

/// Long, so that a decision is not late because the machine is busy.
inline constexpr std::int64_t kTimeoutMs = 9000;

/// Waits for CONDITION, which another thread makes true.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = base::Deadline::After(std::chrono::seconds(10));
  while (!condition()) {
    if (deadline.Passed()) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class NriDoorFixture : public ::testing::Test {
 protected:
  NriDoorFixture() { ::testing::internal::CaptureStderr(); }
  ~NriDoorFixture() override {
    door_.reset();
    ::testing::internal::GetCapturedStderr();
  }

  void Open() {
    door_ = std::make_unique<NriDoor>(
        DoorConfig{.socket = socket_, .index = "42"},
        DoorRooms{.decide =
                      [this](const Container& container, const base::Deadline& deadline) {
                        return decide_(container, deadline);
                      },
                  .running =
                      [this](std::vector<Container> running) {
                        const std::lock_guard lock(mutex_);
                        running_ = std::move(running);
                        ++told_;
                      }});
  }
  /// A door that is registered with RUNTIME.
  std::int32_t Register(testing::ScriptedRuntime& runtime, const std::string& version = "") {
    if (!door_) {
      Open();
    }
    EXPECT_TRUE(runtime.Accept());
    const std::int32_t events = runtime.Configure(version, kTimeoutMs);
    EXPECT_FALSE(runtime.Synchronise({}));
    EXPECT_TRUE(Eventually([this] { return door_->status().registered; }));
    return events;
  }
  static std::string CreateOf(const std::string& id) {
    testing::wire::CreateContainerRequest request;
    request.mutable_pod()->set_id("pod-" + id);
    request.mutable_pod()->set_name("web");
    request.mutable_pod()->set_uid("uid");
    request.mutable_pod()->set_namespace_("team-a");
    (*request.mutable_pod()->mutable_labels())["app"] = "web";
    (*request.mutable_pod()->mutable_annotations())["note"] = "pod";
    request.mutable_container()->set_id(id);
    request.mutable_container()->set_pod_sandbox_id("pod-" + id);
    request.mutable_container()->set_name("main");
    (*request.mutable_container()->mutable_labels())["tier"] = "front";
    (*request.mutable_container()->mutable_annotations())["io.kubernetes.cri.image-name"] = "app";
    request.mutable_container()->add_mounts()->set_source("/run/volume");
    return request.SerializeAsString();
  }
  ::ttrpc::Response Create(testing::ScriptedRuntime& runtime, const std::string& id) {
    return runtime.Answer(runtime.Call("CreateContainer", CreateOf(id)));
  }
  base::Reason ErrorReason() const {
    const auto status = door_->status();
    return status.error ? status.error->reason : base::Reason::kInternal;
  }

  testing::TempFolder folder_;
  std::string socket_ = folder_ / "nri.sock";
  std::function<Answer(const Container&, const base::Deadline&)> decide_ =
      [](const Container&, const base::Deadline&) { return Answer{.allowed = true, .line = ""}; };
  std::mutex mutex_;
  std::vector<Container> running_;
  int told_ = 0;
  std::unique_ptr<NriDoor> door_;
};

}  // namespace sigward::nri
