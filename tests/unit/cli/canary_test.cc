#include "cli/node/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/strict_json.h"
#include "cli/node/node_facts.h"
#include "cli/node/try_doors.h"
#include "fake_node.h"
#include "policy/canary.h"

namespace sigward::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kTasks = "/state/io.containerd.runtime.v2.task";

/// A node whose scripts are root's, as what a canary executes has to be.
class CanaryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs programs of root's";
    }
    node_.Write("/ran", "");
    std::filesystem::create_directories(node_.Path(kTasks));
  }

  /// A program of this NAME; $RAN is the file that it may write to.
  std::string Script(const std::string& path, const std::string& text) const {
    node_.Write(path, "#!/bin/sh\nRAN=" + node_.Path("/ran") + "\n" + text + "\n", 0755);
    return node_.Path(path);
  }

  CreateCanary TryCreate(const std::string& text) const {
    return TryCreateDoor(Script("/sigward-runtime", text), node_.Path("/state"),
                         {"PATH=/usr/bin:/bin", "A=b"}, std::chrono::seconds(5));
  }

  /// Nothing that was made for the canary is left.
  void ExpectClean() const { EXPECT_TRUE(std::filesystem::is_empty(node_.Path(kTasks))); }

  FakeNode node_;
};

constexpr const char* kTakesNotes =
    "echo \"$*\" >> $RAN\ncase \"$*\" in --version|*delete*) exit 0;; esac\n";

/// A runtime whose log says MESSAGE, and that ends with CODE when it is to create.
std::string Runtime(const std::string& message, int code) {
  return kTakesNotes + ("echo '{\"msg\":\"" + message + "\"}' > $4\nexit ") + std::to_string(code);
}

/// A runtime behind a gate that refuses a container which would run a program; of another its log
/// is LOG.
std::string GuardedRuntime(const std::string& log, int code) {
  return kTakesNotes +
         ("grep -q process $9/config.json && { echo '{\"msg\":\"image-unknown: no record\"}' > $4; "
          "exit 1; }\necho '" +
          log + "' > $4\nexit ") +
         std::to_string(code);
}

int CountOf(std::string_view text, std::string_view what) {
  int count = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST(CanaryCommandTest, AsksAsContainerdDoesBeforeAPull) {
  const Command command = PullCommand("/v", policy::kCanaryThatPasses, {"A=b"});
  ASSERT_EQ(command.argv.size(), 7U);
  const std::string& digest = command.argv[4];
  EXPECT_THAT(digest, StartsWith("sha256:"));
  EXPECT_THAT(command.argv,
              ElementsAre("/v", "-name", "canary.sigward.invalid/canary@" + digest, "-digest",
                          digest, "-stdin-media-type", "application/vnd.oci.descriptor.v1+json"));
  const auto descriptor = base::ParseStrictJson(command.input, kMaxCommandInput).value();
  EXPECT_EQ(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json");
  EXPECT_EQ(descriptor["digest"], digest);
  EXPECT_EQ(descriptor["size"], policy::kCanaryThatPasses.size());
  EXPECT_NE(digest, PullCommand("/v", policy::kCanaryThatIsRefused, {}).argv[4]);
  EXPECT_THAT(*command.environment, ElementsAre("A=b"));
}

TEST(CanaryCommandTest, AsksAsAShimDoesAtACreate) {
  const Command command = CreateCommand("/p/runc", "/s", "/b/ns/id", "id", {});
  EXPECT_THAT(command.argv, ElementsAre("/p/runc", "--root", "/s/sigward-canary", "--log",
                                        "/s/log.json", "--log-format", "json", "create", "--bundle",
                                        "/b/ns/id", "--pid-file", "/s/pid", "id"));
  EXPECT_FALSE(command.keep_output);
}

TEST(CanaryCommandTest, KnowsALineOfTheGate) {
  EXPECT_TRUE(IsGateLine("image-unknown: nothing"));
  EXPECT_TRUE(IsGateLine("denied: nothing"));
  EXPECT_FALSE(IsGateLine("runc create failed: nothing"));
  EXPECT_FALSE(IsGateLine("image-unknown"));
  EXPECT_FALSE(IsGateLine(""));
  EXPECT_TRUE(RefusesPullCanary({1, "denied: by list"}));
  EXPECT_FALSE(RefusesPullCanary({0, "denied: by list"}));
  EXPECT_FALSE(RefusesPullCanary({-1, "denied: by list"}));
  EXPECT_FALSE(RefusesPullCanary({1, "daemon-unreachable: no"}));
  EXPECT_TRUE(RefusesCreateCanary({1, "image-unknown: no record"}));
  EXPECT_FALSE(RefusesCreateCanary({0, "image-unknown: no record"}));
  EXPECT_FALSE(RefusesCreateCanary({1, "denied: no"}));
  EXPECT_TRUE(PassesCreateCanary({1, "runc create failed: no process", true}));
  EXPECT_TRUE(PassesCreateCanary({0, ""}));
  EXPECT_FALSE(PassesCreateCanary({1, "image-unknown: no record", true}));
  EXPECT_FALSE(PassesCreateCanary({1, "it wrote no log"}));
  EXPECT_FALSE(PassesCreateCanary({-1, "runc create failed: no process", true}));
}

TEST(CanaryCommandTest, NothingCanRunOfTheConfigThatPasses) {
  const auto config =
      base::ParseStrictJson(policy::kCanaryConfigThatPasses, kMaxCommandInput).value();
  std::vector<std::string> keys;
  for (const auto& [key, value] : config.items()) {
    keys.push_back(key);
  }
  // No process, no hooks, no mounts, and no linux either: crun takes one without a process.
  EXPECT_THAT(keys, ElementsAre("ociVersion", "root"));
  EXPECT_EQ(config["root"], (base::Json{{"path", "rootfs"}, {"readonly", true}}));
}

TEST_F(CanaryTest, AGateAtPullAnswersBoth) {
  const std::string both = "grep -q " + PullCommand("", policy::kCanaryThatIsRefused, {}).argv[4] +
                           " && { echo 'denied: by list'; echo more; exit 1; }\n"
                           "echo allowed: $A; exit 0";
  const PullCanary canary = TryPullDoor(Script("/v", both), {"PATH=/usr/bin:/bin", "A=b"});
  EXPECT_EQ(canary.not_tried, "");
  EXPECT_EQ(canary.must_be_refused.exit_code, 1);
  EXPECT_EQ(canary.must_be_refused.line, "denied: by list");
  ASSERT_TRUE(canary.must_pass.has_value());
  EXPECT_EQ(canary.must_pass->exit_code, 0);
  EXPECT_EQ(canary.must_pass->line, "allowed: b");
}

TEST_F(CanaryTest, WhatIsNoGateIsNotAskedTwice) {
  const PullCanary open = TryPullDoor(Script("/v", "exit 0"), {});
  EXPECT_EQ(open.must_be_refused.exit_code, 0);
  EXPECT_FALSE(open.must_pass.has_value());
  const PullCanary hangs = TryPullDoor(Script("/v", "exec /bin/sleep 60 </dev/null"), {},
                                       std::chrono::milliseconds(200));
  EXPECT_EQ(hangs.must_be_refused.exit_code, -1);
  EXPECT_FALSE(hangs.must_be_refused.line.empty());
}

TEST_F(CanaryTest, WhatOthersMayWriteIsNotRun) {
  const std::string program = Script("/v", "echo ran >> $RAN");
  for (const mode_t mode : {0775U, 0757U}) {
    ASSERT_EQ(chmod(program.c_str(), mode), 0);
    EXPECT_THAT(TryPullDoor(program, {}).not_tried, HasSubstr("root's alone"));
    EXPECT_THAT(TryCreateDoor(program, node_.Path("/state"), {}).not_tried,
                HasSubstr("root's alone"));
  }
  ASSERT_EQ(chmod(program.c_str(), 0755), 0);
  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  EXPECT_THAT(TryPullDoor(program, {}).not_tried, HasSubstr("root's alone"));
  EXPECT_EQ(node_.Read("/ran"), "");
}

TEST_F(CanaryTest, AGateAtCreateRefusesAndLeavesNothing) {
  const CreateCanary canary =
      TryCreate("[ -f \"$9/config.json\" ] && [ -d \"$9/rootfs\" ] && ls -d $9 >> $RAN\n" +
                Runtime("image-unknown: no record", 1));
  EXPECT_EQ(canary.not_tried, "");
  EXPECT_EQ(canary.must_be_refused.exit_code, 1);
  EXPECT_EQ(canary.must_be_refused.line, "image-unknown: no record");
  EXPECT_TRUE(canary.must_be_refused.is_logged);
  ASSERT_TRUE(canary.must_pass.has_value());
  EXPECT_EQ(canary.must_pass->line, "image-unknown: no record");
  EXPECT_FALSE(PassesCreateCanary(*canary.must_pass));
  EXPECT_EQ(canary.version.exit_code, 0);
  const std::string ran = node_.Read("/ran");
  EXPECT_THAT(ran, HasSubstr(node_.Path(kTasks) + "/sigward-canary/sigward-doctor-"));
  EXPECT_THAT(ran, ::testing::Not(HasSubstr("delete")));
  EXPECT_THAT(ran, HasSubstr("--version"));
  ExpectClean();
}

TEST_F(CanaryTest, WhatMustPassIsHandedToTheRealRuntime) {
  struct Case {
    const char* log;
    int code;
    bool passes;
  };
  for (const auto& [log, code, passes] :
       {Case{R"({"msg":"runc create failed: no process"})", 1, true},
        Case{"{\"msg\":\"first\"}\n{\n \"msg\": \"invalid config file\"\n}", 1, true},
        Case{"", 0, true}, Case{"", 1, false}, Case{R"({"msg":"denied: by list"})", 1, false},
        Case{"runc create failed: no process", 1, false},
        Case{"{\"msg\":\"first\"}\nlast", 1, false},
        Case{"{\"msg\":\"first\"}\n{\n \"msg\": \"denied: by list\"\n}", 1, false}}) {
    node_.Write("/ran", "");
    const CreateCanary canary =
        TryCreate("[ -f \"$9/config.json\" ] && cat $9/config.json >> $RAN && echo >> $RAN\n" +
                  GuardedRuntime(log, code));
    EXPECT_TRUE(RefusesCreateCanary(canary.must_be_refused));
    ASSERT_TRUE(canary.must_pass.has_value()) << log;
    EXPECT_EQ(canary.must_pass->exit_code, code);
    EXPECT_EQ(PassesCreateCanary(*canary.must_pass), passes) << log << canary.must_pass->line;
    const std::string ran = node_.Read("/ran");
    EXPECT_THAT(ran, HasSubstr(std::string(policy::kCanaryConfigThatPasses) + "\n"));
    // What the gate has refused needs no deletion; the other one gets it, whatever was said.
    EXPECT_EQ(CountOf(ran, " delete --force "), IsGateLine(canary.must_pass->line) ? 0 : 1);
    ExpectClean();
  }
}

TEST_F(CanaryTest, WhatWasCreatedIsDeleted) {
  for (const auto& [message, code] :
       {std::pair{"", 0}, std::pair{"runc create failed: no such file", 1}}) {
    node_.Write("/ran", "");
    const CreateCanary canary = TryCreate(Runtime(message, code));
    EXPECT_EQ(canary.must_be_refused.exit_code, code);
    EXPECT_FALSE(RefusesCreateCanary(canary.must_be_refused));
    EXPECT_FALSE(canary.must_pass.has_value()) << "where nothing is refused nothing is shown";
    EXPECT_THAT(node_.Read("/ran"), HasSubstr("/sigward-canary delete --force sigward-doctor-"));
    ExpectClean();
  }
}

TEST_F(CanaryTest, ALogThatSaysNothingIsNoRefusal) {
  for (const char* log : {"", "{}", "{\"msg\":7}", "image-unknown: plain"}) {
    const CreateCanary canary =
        TryCreate("[ \"$7\" = create ] && echo '" + std::string(log) + "' > $4\nexit 1");
    EXPECT_FALSE(IsGateLine(canary.must_be_refused.line)) << log;
    ExpectClean();
  }
  EXPECT_FALSE(IsGateLine(TryCreate("exit 1").must_be_refused.line));
}

TEST_F(CanaryTest, AStateThatIsNotThereIsSaid) {
  const std::string runtime = Script("/sigward-runtime", "echo ran >> $RAN");
  EXPECT_THAT(TryCreateDoor(runtime, node_.Path("/other"), {}).not_tried, HasSubstr("/other"));
  ASSERT_EQ(chmod(node_.Path(kTasks).c_str(), 0777), 0);
  EXPECT_THAT(TryCreateDoor(runtime, node_.Path("/state"), {}).not_tried, HasSubstr("/state"));
  EXPECT_EQ(node_.Read("/ran"), "");
}

/// A containerd with this PATH and these programs in its bin_dir, of which sigward's are ours.
ContainerdFacts Containerd(const std::string& path,
                           std::vector<ContainerdFacts::Program> programs) {
  ContainerdConfig config;
  config.state = "/state";
  config.verifier = {"/bin_dir", 2, "10s"};
  ContainerdFacts facts;
  facts.environment_read = true;
  facts.path = path;
  facts.gate_socket = "/s.sock";
  facts.config = config;
  facts.bin_dir = std::move(programs);
  return facts;
}

std::vector<std::string> ProgramsTried(const ContainerdFacts& containerd) {
  std::vector<std::string> names;
  for (const PullCanary& canary : containerd.pull_canaries) {
    names.push_back(canary.program.substr(canary.program.rfind('/') + 1));
  }
  return names;
}

TEST_F(CanaryTest, TriesSigwardsVerifiersAndOthersOnlyWithoutThem) {
  const NodeFacts facts;
  ContainerdFacts mixed = Containerd("", {{"a", false}, {"b", true}, {"c", true}});
  TryDoors(facts, node_.root(), mixed);
  EXPECT_THAT(ProgramsTried(mixed), ElementsAre("b"));  // containerd runs no more than two
  ContainerdFacts foreign = Containerd("", {{"a", false}, {"b", false}});
  TryDoors(facts, node_.root(), foreign);
  EXPECT_THAT(ProgramsTried(foreign), ElementsAre("a", "b"));
  ContainerdFacts unread = Containerd("/first", {{"a", true}});
  unread.environment_read = false;
  TryDoors(facts, node_.root(), unread);
  EXPECT_THAT(ProgramsTried(unread), IsEmpty());
}

TEST_F(CanaryTest, TriesTheFirstRuntimeOnlyWhereItIsSigwards) {
  Script("/lib/sigward-runtime",
         "echo $SIGWARD_GATE_SOCKET $PATH >> $RAN\n" + Runtime("image-unknown: no record", 1));
  node_.Link("../lib/sigward-runtime", "/first/runc");
  node_.Link("../lib/sigward-runtime", "/first/crun");
  Script("/bare/crun", "echo BARE >> $RAN");
  NodeFacts facts;
  facts.has_program = [this](const std::string& folder, std::string_view name) {
    const std::string path = node_.Path(folder + "/" + std::string(name));
    return access(path.c_str(), X_OK) == 0 && !IsProgram(path, kRuntimeProgramName);
  };
  ContainerdFacts wrapped = Containerd("rel:/first:/bare:/usr/bin:/bin", {});
  TryDoors(facts, node_.root(), wrapped);
  ASSERT_TRUE(wrapped.create_canary.has_value());
  // Where crun is the only real runtime, it is the one that is asked for.
  EXPECT_EQ(wrapped.create_canary->program, node_.Path("/first/crun"));
  EXPECT_TRUE(RefusesCreateCanary(wrapped.create_canary->must_be_refused));
  EXPECT_THAT(node_.Read("/ran"), HasSubstr("/s.sock rel:/first:/bare"));
  for (const char* path : {"/bare:/first", "/nowhere", ""}) {
    ContainerdFacts bare = Containerd(path, {});
    TryDoors(facts, node_.root(), bare);
    EXPECT_FALSE(bare.create_canary.has_value()) << path;
  }
  EXPECT_THAT(node_.Read("/ran"), ::testing::Not(HasSubstr("BARE")));
}

}  // namespace
}  // namespace sigward::cli
