#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "nri_door_fixture.h"
#include "plugin/nri/decision_pool.h"

namespace sigward::nri {
namespace {

using std::chrono::milliseconds;
using ::testing::StartsWith;
namespace wire = ::nri::pkg::api::v1alpha1;

using NriDecisionsTest = NriDoorFixture;

TEST_F(NriDecisionsTest, AnAllowedContainerGetsAnEmptyAnswer) {
  testing::ScriptedRuntime runtime(socket_);
  Container seen;
  decide_ = [&](const Container& container, const base::Deadline& deadline) {
    EXPECT_LE(deadline.Left(), milliseconds(kTimeoutMs * 3 / 4));
    EXPECT_GE(deadline.Left(), milliseconds(kTimeoutMs / 2));
    seen = container;
    return Answer{.allowed = true, .line = "allowed"};
  };
  Register(runtime);
  const auto answer = Create(runtime, "c1");
  EXPECT_FALSE(answer.has_status());
  EXPECT_EQ(answer.payload(), "");
  EXPECT_EQ(seen.id, "c1");
  EXPECT_EQ(seen.pod_id, "pod-c1");
  EXPECT_EQ(seen.name, "main");
  EXPECT_EQ(seen.pod_name, "web");
  EXPECT_EQ(seen.pod_namespace, "team-a");
  EXPECT_EQ(seen.pod_uid, "uid");
  EXPECT_EQ(seen.labels.at("tier"), "front");
  EXPECT_EQ(seen.annotations.at("io.kubernetes.cri.image-name"), "app");
  EXPECT_EQ(seen.pod_labels.at("app"), "web");
  EXPECT_EQ(seen.pod_annotations.at("note"), "pod");
  EXPECT_THAT(seen.mount_sources, ::testing::ElementsAre("/run/volume"));
  EXPECT_EQ(door_->status().questions, 1U);
}

TEST_F(NriDecisionsTest, ARefusalIsAStatusWithTheLine) {
  testing::ScriptedRuntime runtime(socket_);
  const struct {
    const char* line;
    const char* told;
  } rows[] = {{"no-signature: none for app", "no-signature: none for app"},
              {"bad\nline \xff", "bad?line ?"},
              {"", "internal: refused without a reason"}};
  std::string line;
  decide_ = [&line](const Container&, const base::Deadline&) {
    return Answer{.allowed = false, .line = line};
  };
  Register(runtime, "v0.10.0");
  for (const auto& row : rows) {
    line = row.line;
    const auto answer = Create(runtime, "c");
    EXPECT_EQ(answer.status().code(), 7);
    EXPECT_EQ(answer.status().message(), row.told);
    wire::ValidateContainerAdjustmentResponse validation;
    EXPECT_TRUE(validation.ParseFromString(
        runtime.Answer(runtime.Call("ValidateContainerAdjustment", CreateOf("c"))).payload()));
    EXPECT_TRUE(validation.reject());
    EXPECT_EQ(validation.reason(), row.told);
  }
}

TEST_F(NriDecisionsTest, AValidationThatIsAllowedRejectsNothing) {
  testing::ScriptedRuntime runtime(socket_);
  Register(runtime, "v0.10.0");
  const auto answer = runtime.Answer(runtime.Call("ValidateContainerAdjustment", CreateOf("c")));
  EXPECT_FALSE(answer.has_status());
  EXPECT_EQ(answer.payload(), "");
}

TEST_F(NriDecisionsTest, ADecisionThatThrowsRefuses) {
  testing::ScriptedRuntime runtime(socket_);
  decide_ = [](const Container& container, const base::Deadline&) -> Answer {
    if (container.id == "1") {
      throw std::runtime_error("broken");
    }
    throw 7;
  };
  Register(runtime);
  EXPECT_EQ(Create(runtime, "1").status().message(), "internal: broken");
  EXPECT_EQ(Create(runtime, "2").status().message(), "internal: the decision failed");
}

TEST_F(NriDecisionsTest, ALateDecisionIsAnsweredInTimeAndDropped) {
  testing::ScriptedRuntime runtime(socket_);
  std::atomic<int> decided = 0;
  std::promise<void> late;
  decide_ = [&](const Container& container, const base::Deadline&) {
    if (container.id == "late") {
      late.get_future().wait();
    }
    ++decided;
    return Answer{.allowed = true, .line = ""};
  };
  Register(runtime);
  const auto start = std::chrono::steady_clock::now();
  // This request has less time than Configure said.
  const auto stream = runtime.Call("CreateContainer", CreateOf("late"), 400'000'000);
  const auto answer = runtime.Answer(stream);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(answer.status().code(), 7);
  EXPECT_THAT(answer.status().message(), StartsWith("timeout: "));
  EXPECT_GE(elapsed, milliseconds(280));
  EXPECT_EQ(decided, 0);
  EXPECT_FALSE(Create(runtime, "other").has_status()) << "others are decided meanwhile";
  late.set_value();
  EXPECT_TRUE(Eventually([&decided] { return decided == 2; }));
  // A second answer on the same stream would fail in the scripted runtime.
  EXPECT_FALSE(Create(runtime, "after").has_status());
}

TEST_F(NriDecisionsTest, DecidesManyAtOnce) {
  constexpr int kMany = 200;
  constexpr int kSome = 4;
  testing::ScriptedRuntime runtime(socket_);
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  decide_ = [&](const Container& container, const base::Deadline&) {
    const int now = ++at_once;
    int before = most;
    while (now > before && !most.compare_exchange_weak(before, now)) {
    }
    // The first ones wait until there are some beside them.
    const auto deadline = base::Deadline::After(milliseconds(10'000));
    do {
      std::this_thread::sleep_for(milliseconds(5));
    } while (most <= kSome && !deadline.Passed());
    --at_once;
    return Answer{.allowed = container.id.size() == 1, .line = "no-signature: " + container.id};
  };
  Register(runtime);
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < kMany; ++i) {
    streams.push_back(
        runtime.Call("CreateContainer", CreateOf(i % 2 == 0 ? "a" : "id" + std::to_string(i))));
  }
  for (int i = 0; i < kMany; ++i) {
    const auto answer = runtime.Answer(streams[static_cast<std::size_t>(i)]);
    EXPECT_EQ(answer.status().message(), i % 2 == 0 ? "" : "no-signature: id" + std::to_string(i));
  }
  EXPECT_GT(most, kSome);
  EXPECT_LE(most, static_cast<int>(kDecisionsAtOnce));
  EXPECT_EQ(door_->status().questions, static_cast<std::uint64_t>(kMany));
}

TEST_F(NriDecisionsTest, RefusesWhatIsTooMuchAtOnce) {
  testing::ScriptedRuntime runtime(socket_);
  std::mutex gate;
  gate.lock();
  std::atomic<std::size_t> deciding = 0;
  decide_ = [&](const Container&, const base::Deadline&) {
    ++deciding;
    const std::lock_guard waits(gate);
    return Answer{.allowed = true, .line = ""};
  };
  Register(runtime);
  std::vector<std::uint32_t> streams;
  for (std::size_t i = 0; i < kDecisionsAtOnce; ++i) {
    streams.push_back(runtime.Call("CreateContainer", CreateOf("c")));
  }
  EXPECT_TRUE(Eventually([&deciding] { return deciding == kDecisionsAtOnce; }));
  for (std::size_t i = 0; i < kMaxWaitingQuestions; ++i) {
    streams.push_back(runtime.Call("CreateContainer", CreateOf("c")));
  }
  const auto overloaded = Create(runtime, "one more");
  EXPECT_EQ(overloaded.status().code(), 7);
  EXPECT_THAT(overloaded.status().message(), StartsWith("overloaded: "));
  gate.unlock();
  for (const std::uint32_t stream : streams) {
    EXPECT_EQ(runtime.Answer(stream).status().code(), 0);
  }
}

TEST_F(NriDecisionsTest, LosesAConnectionWithDecisionsUnderWay) {
  testing::ScriptedRuntime runtime(socket_);
  std::mutex gate;
  gate.lock();
  std::atomic<int> deciding = 0;
  decide_ = [&](const Container&, const base::Deadline&) {
    ++deciding;
    const std::lock_guard waits(gate);
    return Answer{.allowed = true, .line = ""};
  };
  Register(runtime);
  for (int i = 0; i < 40; ++i) {
    runtime.Call("CreateContainer", CreateOf("c"));
  }
  EXPECT_TRUE(Eventually([&deciding] { return deciding > 0; }));
  runtime.Close();
  EXPECT_TRUE(Eventually([this] { return door_->status().gaps == 1; }));
  Register(runtime);
  gate.unlock();
  EXPECT_FALSE(Create(runtime, "c").has_status()) << "and nothing of the old connection comes";
  door_.reset();
}

TEST_F(NriDecisionsTest, EndsSoonWithADecisionUnderWay) {
  testing::ScriptedRuntime runtime(socket_);
  std::atomic<bool> deciding = false;
  decide_ = [&deciding](const Container&, const base::Deadline&) {
    deciding = true;
    std::this_thread::sleep_for(milliseconds(200));
    return Answer{.allowed = true, .line = ""};
  };
  Register(runtime);
  for (int i = 0; i < 100; ++i) {
    runtime.Call("CreateContainer", CreateOf("c"));
  }
  EXPECT_TRUE(Eventually([&deciding] { return deciding.load(); }));
  const auto start = std::chrono::steady_clock::now();
  door_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(5000));
  EXPECT_TRUE(runtime.SeesClose());
}

}  // namespace
}  // namespace sigward::nri
