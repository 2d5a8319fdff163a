#include "shim/create_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "result_matchers.h"
#include "scripted_gate.h"
#include "temp_folder.h"

namespace sigward::shim {
namespace {

using base::Reason;
using std::chrono::milliseconds;
using testing::FailsWith;
using testing::GateVisit;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::ScriptedGate;

constexpr GatePatience kShort{milliseconds(600), milliseconds(150), milliseconds(20)};
const std::string kConfig = R"({"ociVersion":"1.0.2"})";

class CreateQuestion : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "bundle");
    ASSERT_THAT(base::WriteNewFile(folder_ / "bundle/config.json", kConfig), IsOk());
    const char* const words[] = {"--root", "/run/r", "create", "id"};
    call_ = ParseRuntimeCall(words);
    ASSERT_EQ(call_.kind, RuntimeCallKind::kAsk);
  }

  base::Result<rpc::GateAnswer> Ask(const GatePatience& patience = kShort) {
    const auto before = base::Clock::System().SteadyNow();
    auto answer = AskAboutCreate(socket_, call_, folder_ / "bundle", patience);
    took_ = std::chrono::duration_cast<milliseconds>(base::Clock::System().SteadyNow() - before);
    return answer;
  }

  testing::TempFolder folder_;
  std::string socket_ = folder_ / "gate.sock";
  RuntimeCall call_;
  milliseconds took_{};
};

TEST_F(CreateQuestion, HandsOverTheIdTheRootAndTwoFiles) {
  const ScriptedGate gate(socket_, 1, [&](int, GateVisit& visit) {
    EXPECT_EQ(visit.question.call, rpc::GateCall::kCreate);
    EXPECT_EQ(visit.question.bundle, folder_ / "bundle");
    EXPECT_EQ(visit.question.runtime_root, "/run/r");
    EXPECT_EQ(visit.question.container_id, "id");
    EXPECT_EQ(visit.question.reference, "");
    EXPECT_EQ(visit.descriptors.size(), 2U);
    EXPECT_THAT(base::ReadToEnd(visit.descriptors.at(0).get(), 1000), IsOkAndHolds(kConfig));
    const auto mountinfo = base::ReadToEnd(visit.descriptors.at(1).get(), 1U << 20);
    EXPECT_THAT(mountinfo, IsOkAndHolds(::testing::HasSubstr(" / ")));
    return testing::AllowingBytes();
  });
  const auto answer = Ask();
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->allowed());
}

TEST_F(CreateQuestion, ARestartedGateDelaysAndDoesNotRefuse) {
  const ScriptedGate gate(socket_, 3, [&](int number, GateVisit& visit) {
    // Read to its end by a daemon that then dies: the next one gets it from the start.
    EXPECT_THAT(base::ReadToEnd(visit.descriptors.at(0).get(), 1000), IsOkAndHolds(kConfig));
    return number < 2 ? "" : testing::AllowingBytes();
  });
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(CreateQuestion, AGateThatComesLaterIsFound) {
  std::unique_ptr<ScriptedGate> gate;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(250));
    gate = std::make_unique<ScriptedGate>(socket_, 1,
                                          [](int, GateVisit&) { return testing::AllowingBytes(); });
  });
  const auto answer = Ask({milliseconds(5000), milliseconds(100), milliseconds(10)});
  later.join();
  EXPECT_THAT(answer, IsOk());
  EXPECT_GE(took_, milliseconds(200));
}

TEST_F(CreateQuestion, NobodyThereIsWaitedForToTheEnd) {
  EXPECT_THAT(Ask(), FailsWith(Reason::kGateUnreachable));
  EXPECT_GE(took_, milliseconds(490));
  EXPECT_LE(took_, milliseconds(10'000));
}

TEST_F(CreateQuestion, AGateThatOnlyHangsUpIsAskedToTheEnd) {
  constexpr int kVisits = 1000;
  const ScriptedGate gate(socket_, kVisits, [](int visit, GateVisit&) {
    return visit + 1 < kVisits ? std::string() : testing::AllowingBytes();
  });
  EXPECT_THAT(Ask(), FailsWith(Reason::kProtocol));
  EXPECT_GE(took_, milliseconds(490));
  // Up to the last visit, so that the gate's thread ends.
  EXPECT_THAT(Ask({milliseconds(14000), milliseconds(100), milliseconds(0)}), IsOk());
}

TEST_F(CreateQuestion, AHungGateIsATimeout) {
  const ScriptedGate gate(socket_, 1, [](int, GateVisit&) {
    std::this_thread::sleep_for(milliseconds(900));
    return std::string();
  });
  EXPECT_THAT(Ask(), FailsWith(Reason::kTimeout));
}

TEST_F(CreateQuestion, WithoutAFolderOfRootsItEndsSooner) {
  socket_ = folder_ / "missing/gate.sock";
  EXPECT_THAT(Ask({milliseconds(5000), milliseconds(100), milliseconds(10)}),
              FailsWith(Reason::kGateUnreachable));
  EXPECT_GE(took_, milliseconds(90));  // clocks round
  EXPECT_LE(took_, milliseconds(2500));
  for (const mode_t mode : {0775U, 0757U, 01777U}) {
    std::filesystem::create_directory(folder_ / "missing");
    ASSERT_EQ(chmod((folder_ / "missing").c_str(), mode), 0);
    EXPECT_THAT(Ask({milliseconds(5000), milliseconds(100), milliseconds(10)}),
                FailsWith(Reason::kGateUnreachable));
    EXPECT_LE(took_, milliseconds(2500));
    std::filesystem::remove(folder_ / "missing");
  }
}

TEST_F(CreateQuestion, ConfigIsARegularFile) {
  const std::string config = folder_ / "bundle/config.json";
  std::filesystem::rename(config, folder_ / "elsewhere.json");
  EXPECT_THAT(Ask(), FailsWith(Reason::kIoFailed));
  std::filesystem::create_symlink(folder_ / "elsewhere.json", config);
  EXPECT_THAT(Ask(), FailsWith(Reason::kIoFailed));
  std::filesystem::remove(config);
  ASSERT_EQ(mkfifo(config.c_str(), 0600), 0);
  EXPECT_THAT(Ask(), FailsWith(Reason::kIoFailed));
  std::filesystem::remove(config);
  std::filesystem::create_directory(config);
  EXPECT_THAT(Ask({milliseconds(5000), milliseconds(100), milliseconds(10)}),
              FailsWith(Reason::kIoFailed));
  EXPECT_LE(took_, milliseconds(2500));
}

TEST_F(CreateQuestion, TheBundleIsResolved) {
  std::filesystem::create_symlink(folder_ / "bundle", folder_ / "link");
  call_.bundle = folder_ / "link/../link/.";
  EXPECT_THAT(ResolveBundle(call_), IsOkAndHolds(folder_ / "bundle"));
  call_.bundle = folder_ / "bundle/config.json";
  EXPECT_THAT(ResolveBundle(call_), FailsWith(Reason::kIoFailed));
  call_.bundle = folder_ / "none";
  EXPECT_THAT(ResolveBundle(call_), FailsWith(Reason::kIoFailed));
  std::filesystem::create_directory(folder_ / "\xff");
  std::filesystem::create_symlink(folder_ / "\xff", folder_ / "plain");
  call_.bundle = folder_ / "plain";
  EXPECT_THAT(ResolveBundle(call_), FailsWith(Reason::kInvalidArguments));
  call_.bundle = "";
  EXPECT_THAT(ResolveBundle(call_), IsOkAndHolds(std::filesystem::current_path().string()));
}

}  // namespace
}  // namespace sigward::shim
