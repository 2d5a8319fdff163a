#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/doctor/checks.h"
#include "fake_node.h"

namespace sigward::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPath = "/usr/lib/sigward/runtime:/usr/bin:/usr/sbin";

/// A node on which everything is as it should be.
NodeFacts GoodNode() {
  NodeFacts facts;
  facts.has_program = [](const std::string& folder, std::string_view) {
    return folder == "/usr/sbin";
  };
  facts.is_wrapper = [](const std::string& path) { return path.starts_with(kRuntimeFolder); };
  ContainerdConfig config;
  config.version = 3;
  config.cri = true;
  config.nri = true;
  config.verifier = {kVerifierFolder, 10, "10s"};
  config.default_runtime = "runc";
  config.runtimes = {{"runc", "io.containerd.runc.v2", "", ""}};
  ContainerdFacts containerd;
  containerd.pid = 7;
  containerd.environment_read = true;
  containerd.path = kPath;
  containerd.version = ContainerdVersion{2, 1, "2.1.9"};
  containerd.config = config;
  containerd.bin_dir = {{{"sigward", true}}};
  containerd.pull_canaries = {{"/v", "", {1, "denied: canary"}, CanaryAnswer{0, "allowed"}}};
  containerd.create_canary = {"/r/runc",
                              "",
                              {1, "image-unknown: no record", true},
                              CanaryAnswer{1, "runc create failed: no process", true},
                              {0, "runc 1"}};
  facts.containerds.push_back(containerd);
  facts.shims.push_back({20, "containerd-shim-runc-v2", "k8s.io", "pod", true, kPath});
  facts.docker.store = DockerStore::kContainerd;
  facts.docker.default_runtime = "runc";
  facts.docker.runtimes = {{"runc", "runc", ""}, {"io.containerd.runc.v2", "runc", ""}};
  facts.gate = {true, "", true, "", GateFacts::Nri{true, 0, ""}};
  return facts;
}

struct Case {
  const char* id;
  Severity severity;
  std::function<void(NodeFacts&)> spoil;
  /// What the text must name.
  const char* named;
};

ContainerdFacts& First(NodeFacts& facts) {
  return facts.containerds.front();
}

ContainerdConfig& ConfigIn(NodeFacts& facts) {
  return First(facts).config.value();
}

const std::vector<Case>& Cases() {
  static const auto* const kCases = new std::vector<Case>{
      {"no-image-verifier", Severity::kPartial, [](auto& f) { ConfigIn(f).verifier.reset(); },
       "no image verifier plugin"},
      {"no-image-verifier", Severity::kPartial,
       [](auto& f) {
         ConfigIn(f).verifier.reset();
         First(f).version = ContainerdVersion{1, 7, "1.7.24"};
       },
       "1.7.24"},
      {"bin-dir-missing", Severity::kPartial, [](auto& f) { First(f).bin_dir.reset(); },
       kVerifierFolder},
      {"bin-dir-empty", Severity::kPartial, [](auto& f) { First(f).bin_dir->clear(); }, "empty"},
      {"bin-dir-without-sigward", Severity::kPartial,
       [](auto& f) { First(f).bin_dir->front().ours = false; }, "does not hold"},
      {"verifier-skipped", Severity::kPartial,
       [](auto& f) {
         ConfigIn(f).verifier->max_verifiers = 1;
         First(f).bin_dir = {{{"a", false}, {"sigward", true}}};
       },
       "first 1"},
      {"local-image-pull", Severity::kPartial,
       [](auto& f) { ConfigIn(f).use_local_image_pull = true; }, "use_local_image_pull"},
      {"local-image-pull-implied", Severity::kPartial,
       [](auto& f) {
         ConfigIn(f).implied_local_pull = {"registry.mirrors", "another"};
       },
       "registry.mirrors, another"},
      {"cri-pulls-unverified", Severity::kPartial,
       [](auto& f) {
         First(f).version = ContainerdVersion{2, 0, "2.0.1"};
       },
       "2.0.1"},
      {"verifier-timeout", Severity::kError,
       [](auto& f) { ConfigIn(f).verifier->per_verifier_timeout = "8s"; }, "8s"},
      {"verifier-timeout", Severity::kError,
       [](auto& f) { ConfigIn(f).verifier->per_verifier_timeout = "soon"; }, "soon"},
      {"config-unreadable", Severity::kPartial,
       [](auto& f) { First(f).config = base::Fail(base::Reason::kIoFailed, "no dump"); },
       "no dump"},
      {"wrapper-missing", Severity::kFailOpen, [](auto& f) { f.missing_wrappers = {"crun"}; },
       "crun"},
      {"containerd-not-found", Severity::kFailOpen, [](auto& f) { f.containerds.clear(); },
       "nothing shows"},
      {"containerd-path", Severity::kFailOpen,
       [](auto& f) { First(f).path = "/usr/bin:/usr/sbin"; }, "has no"},
      {"containerd-path", Severity::kFailOpen,
       [](auto& f) { First(f).path = "/usr/sbin:/usr/lib/sigward/runtime"; }, "/usr/sbin/runc"},
      {"containerd-path", Severity::kFailOpen, [](auto& f) { First(f).environment_read = false; },
       "cannot be read"},
      {"shim-env-path", Severity::kFailOpen,
       [](auto& f) {
         ConfigIn(f).shim_environment = {"A=b", "PATH=/usr/sbin"};
       },
       "another PATH"},
      {"shim-path", Severity::kPartial, [](auto& f) { f.shims.front().path = "/usr/sbin"; },
       "20 (k8s.io pod)"},
      {"shim-path", Severity::kPartial, [](auto& f) { f.shims.front().environment_read = false; },
       "20 (k8s.io pod)"},
      {"foreign-shim", Severity::kPartial,
       [](auto& f) { f.shims.front().name = "containerd-shim-kata-v2"; },
       "containerd-shim-kata-v2 20"},
      {"runtime-past-wrapper", Severity::kFailOpen,
       [](auto& f) { ConfigIn(f).runtimes[0].binary_name = "/usr/sbin/runc"; },
       "default runtime handler runc runs /usr/sbin/runc itself"},
      {"runtime-past-wrapper", Severity::kFailOpen,
       [](auto& f) { ConfigIn(f).runtimes[0].binary_name = "youki"; }, "youki"},
      {"runtime-past-wrapper", Severity::kFailOpen,
       [](auto& f) { ConfigIn(f).runtimes[0].shim_path = "/opt/shim"; }, "/opt/shim"},
      {"runtime-past-wrapper", Severity::kPartial,
       [](auto& f) {
         ConfigIn(f).runtimes.push_back({"kata", "io.containerd.kata.v2", "", ""});
       },
       "only NRI sees"},
      {"docker-runtime", Severity::kPartial,
       [](auto& f) {
         f.docker.runtimes.push_back({"own", "/opt/own", ""});
       },
       "/opt/own"},
      {"docker-runtime", Severity::kFailOpen,
       [](auto& f) {
         f.docker.default_runtime = "g";
         f.docker.runtimes.push_back({"g", "", "io.containerd.runsc.v1"});
       },
       "io.containerd.runsc.v1"},
      {"docker-classic-store", Severity::kError,
       [](auto& f) { f.docker.store = DockerStore::kClassic; }, "classic"},
      {"docker-store-unknown", Severity::kNote,
       [](auto& f) {
         f.docker.store = DockerStore::kUnknown;
         f.docker.evidence = "Docker does not answer";
       },
       "does not answer"},
      {"daemon-not-running", Severity::kError,
       [](auto& f) {
         f.gate = {false, "no folder", false, "", std::nullopt};
       },
       "no folder"},
      {"policy-not-active", Severity::kError,
       [](auto& f) {
         f.gate.policy_active = false;
         f.gate.policy_error = "no file";
       },
       "no file"},
      {"policy-stale", Severity::kError, [](auto& f) { f.gate.policy_error = "line 3"; }, "line 3"},
      {"nri-off", Severity::kNote, [](auto& f) { ConfigIn(f).nri = false; }, "NRI is off"},
      {"nri-unknown", Severity::kNote, [](auto& f) { f.gate.nri.reset(); }, "does not say"},
      {"nri-not-registered", Severity::kError,
       [](auto& f) {
         f.gate.nri->registered = false;
         f.gate.nri->error = "refused";
       },
       "refused"},
      {"nri-gaps", Severity::kNote, [](auto& f) { f.gate.nri->gaps = 4; }, "gaps: 4"},
      {"canary-not-tried", Severity::kPartial,
       [](auto& f) { First(f).pull_canaries[0].not_tried = "others may write it"; },
       "pulls are refused: others may write it"},
      {"canary-not-tried", Severity::kPartial,
       [](auto& f) { First(f).create_canary->not_tried = "no folder"; },
       "creates are refused: no folder"},
      {"pull-canary-not-refused", Severity::kPartial,
       [](auto& f) {
         First(f).pull_canaries[0].must_be_refused = {0, "fine"};
       },
       "every pull is let through"},
      {"pull-canary-unanswered", Severity::kPartial,
       [](auto& f) {
         First(f).pull_canaries[0].must_be_refused = {1, "daemon-unreachable: no socket"};
       },
       "exit code 1, \"daemon-unreachable: no socket\""},
      {"pull-canary-unanswered", Severity::kPartial,
       [](auto& f) {
         First(f).pull_canaries[0].must_be_refused = {-1, "took too long"};
       },
       "took too long"},
      {"pull-canary-not-passed", Severity::kPartial,
       [](auto& f) {
         First(f).pull_canaries[0].must_pass = {1, "no-signature: none"};
       },
       "no-signature"},
      {"pull-canary-not-passed", Severity::kPartial,
       [](auto& f) { First(f).pull_canaries[0].must_pass.reset(); }, "must pass"},
      {"create-canary-started", Severity::kFailOpen,
       [](auto& f) {
         First(f).create_canary->must_be_refused = {0, ""};
       },
       "created a container"},
      {"create-canary-started", Severity::kFailOpen,
       [](auto& f) {
         First(f).create_canary->must_be_refused = {1, "runc create failed: no such file"};
       },
       "only the real runtime did"},
      {"create-canary-unanswered", Severity::kPartial,
       [](auto& f) {
         First(f).create_canary->must_be_refused = {1, "runtime-unknown: another state"};
       },
       "another state"},
      {"create-canary-unanswered", Severity::kPartial,
       [](auto& f) {
         First(f).create_canary->must_be_refused = {-1, "did not end in time"};
       },
       "did not end in time"},
      {"create-canary-not-passed", Severity::kPartial,
       [](auto& f) {
         First(f).create_canary->must_pass = {1, "image-unknown: no record", true};
       },
       "exit code 1, \"image-unknown: no record\""},
      {"create-canary-not-passed", Severity::kPartial,
       [](auto& f) {
         First(f).create_canary->must_pass = {1, "it wrote no log"};
       },
       "it wrote no log"},
      {"create-canary-not-passed", Severity::kPartial,
       [](auto& f) { First(f).create_canary->must_pass.reset(); }, "must pass"},
      {"create-canary-not-passed", Severity::kPartial,
       [](auto& f) {
         First(f).create_canary->version = {1, "runtime-unknown: none"};
       },
       "--version"},
  };
  return *kCases;
}

TEST(DoctorTest, FindsNothingOnAGoodNode) {
  const auto findings = Diagnose(GoodNode());
  EXPECT_THAT(findings, IsEmpty()) << ReportText(findings);
  EXPECT_EQ(StateOf(findings), NodeState::kEnforcing);
  EXPECT_EQ(ReportText(findings), "this node is enforcing\n");
  EXPECT_EQ(ReportJson(findings).dump(), R"({"findings":[],"state":"enforcing"})");
}

TEST(DoctorTest, FindsEachThingThatIsWrong) {
  for (const Case& one : Cases()) {
    NodeFacts facts = GoodNode();
    one.spoil(facts);
    const auto findings = Diagnose(facts);
    bool found = false;
    for (const Finding& finding : findings) {
      if (finding.id == one.id) {
        found = true;
        EXPECT_EQ(finding.severity, one.severity) << one.id;
        EXPECT_THAT(finding.text, HasSubstr(one.named));
        EXPECT_FALSE(finding.fix.empty());
      }
      EXPECT_LE(one.severity, finding.severity) << one.id << " and " << finding.id;
    }
    EXPECT_TRUE(found) << one.id << " in\n" << ReportText(findings);
  }
}

TEST(DoctorTest, EveryFindingIsTestedAndDocumented) {
  std::set<std::string> tested;
  for (const Case& one : Cases()) {
    tested.insert(one.id);
  }
  std::set<std::string> documented;
  std::ifstream file(SIGWARD_SOURCE_DIR "/docs/doctor.md");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) {
      documented.insert(line.substr(3, line.find('`', 3) - 3));
    }
  }
  EXPECT_EQ(tested, documented);
}

TEST(DoctorTest, RuntimesThatMeetTheWrapperAreFine) {
  for (const char* name : {"", "runc", "crun", "nvidia-container-runtime",
                           "/usr/bin/nvidia-container-runtime", "/usr/lib/sigward/runtime/runc"}) {
    NodeFacts facts = GoodNode();
    ConfigIn(facts).runtimes[0].binary_name = name;
    facts.docker.runtimes.push_back({"own", name, "io.containerd.runc.v2"});
    EXPECT_THAT(Diagnose(facts), IsEmpty()) << name;
  }
}

TEST(DoctorTest, NoCanaryIsNoFinding) {
  NodeFacts facts = GoodNode();
  First(facts).pull_canaries.clear();
  First(facts).create_canary.reset();
  EXPECT_THAT(Diagnose(facts), IsEmpty());
}

TEST(DoctorTest, OfACreateGateThatDoesNotRefuseOnlyThatIsSaid) {
  for (const CanaryAnswer& refused :
       {CanaryAnswer{0, ""}, CanaryAnswer{1, "gate-unreachable: no socket", true}}) {
    NodeFacts facts = GoodNode();
    First(facts).create_canary = {"/r/runc", "", refused, std::nullopt, {0, "runc 1"}};
    EXPECT_EQ(Diagnose(facts).size(), 1U) << ReportText(Diagnose(facts));
  }
}

TEST(DoctorTest, AnotherVerifierThatLetsTheCanaryPassOpensNothing) {
  NodeFacts facts = GoodNode();
  First(facts).pull_canaries.insert(First(facts).pull_canaries.begin(),
                                    {"/a", "", {0, ""}, std::nullopt});
  EXPECT_THAT(Diagnose(facts), IsEmpty());
}

TEST(DoctorTest, WithoutNriAForeignRuntimeIsOpen) {
  NodeFacts facts = GoodNode();
  ConfigIn(facts).runtimes.push_back({"kata", "io.containerd.kata.v2", "", ""});
  facts.gate.nri->registered = false;
  EXPECT_EQ(StateOf(Diagnose(facts)), NodeState::kFailOpen);
}

TEST(DoctorTest, NamesTheFirstShimsAndCountsTheOthers) {
  NodeFacts facts = GoodNode();
  facts.shims.assign(13, {20, "containerd-shim-runc-v2", "k8s.io", "pod", true, "/usr/sbin"});
  EXPECT_THAT(ReportText(Diagnose(facts)), HasSubstr("and 3 more"));
}

TEST(DoctorTest, TheWorstComesFirstAndMakesTheState) {
  const std::vector<Finding> findings = {{"a", Severity::kNote, "t", "f"},
                                         {"b", Severity::kPartial, "t", "f"},
                                         {"c", Severity::kError, "t\nforged", "f"}};
  EXPECT_EQ(ReportText(findings),
            "this node is partial\npartial: b: t\n  to do: f\nerror: c: t?forged\n  to do: f\n"
            "note: a: t\n  to do: f\n");
  EXPECT_EQ(StateOf({{"c", Severity::kError, "t", "f"}}), NodeState::kEnforcing);
}

constexpr const char* kDump = R"(version = 3
[grpc]
address = '/run/c.sock'
[plugins.'io.containerd.image-verifier.v1.bindir']
bin_dir = '/usr/lib/sigward/image-verifier'
[plugins.'io.containerd.nri.v1.nri']
disable = true)";

TEST(DoctorTest, LooksAtANode) {
  const FakeNode node;
  node.InstallSigward();
  node.Write("/usr/sbin/runc", "#!/bin/sh\n", 0755);
  node.AddContainerd("7", kPath, kDump);
  node.AddProcess(
      "20",
      {"containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "pod", "-address", "/run/c.sock"},
      "PATH=/usr/sbin:/usr/lib/sigward/runtime");
  node.Write("/etc/sigward/config.toml",
             "[gate]\npull_deadline = \"4s\"\n[containerd]\nstate = \"/run/k3s\"\n");
  const NodeFacts facts = LookAtNode({.root = node.root()});
  EXPECT_THAT(facts.missing_wrappers, IsEmpty());
  ASSERT_EQ(facts.containerds.size(), 1U);
  EXPECT_EQ(facts.containerds[0].path, kPath);
  ASSERT_TRUE(facts.containerds[0].version.has_value());
  EXPECT_EQ(facts.containerds[0].version->minor, 1);
  ASSERT_TRUE(facts.containerds[0].config.ok()) << facts.containerds[0].config.error().detail;
  ASSERT_TRUE(facts.containerds[0].bin_dir.has_value());
  EXPECT_TRUE(facts.containerds[0].bin_dir->at(0).ours);
  EXPECT_EQ(facts.pull_deadline, std::chrono::seconds(4));
  EXPECT_EQ(facts.containerd_state, "/run/k3s");
  EXPECT_EQ(facts.containerds[0].config->state, "/run/containerd");
  EXPECT_EQ(facts.containerds[0].gate_socket, "/run/g.sock");
  EXPECT_THAT(facts.containerds[0].pull_canaries, IsEmpty());
  EXPECT_FALSE(facts.containerds[0].create_canary.has_value());
  const std::string report = ReportText(Diagnose(facts));
  EXPECT_THAT(report, HasSubstr("shim-path"));
  EXPECT_THAT(report, ::testing::Not(HasSubstr("containerd-path")));
}

TEST(DoctorTest, ANodeWithoutAnythingIsOpen) {
  const FakeNode node;
  EXPECT_EQ(StateOf(Diagnose(LookAtNode({.root = node.root()}))), NodeState::kFailOpen);
}

}  // namespace
}  // namespace sigward::cli
