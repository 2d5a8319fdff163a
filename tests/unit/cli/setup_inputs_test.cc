#include "cli/setup/setup_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/node/node_facts.h"
#include "fake_node.h"
#include "result_matchers.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using ::testing::HasSubstr;

constexpr const char* kUnits = "/usr/lib/systemd/system/";

base::Result<SetupInputs> Read(const FakeNode& node, const std::string& config = {}) {
  return ReadInputs({.root = node.root(), .containerd_config = config}, FilesBelow(node.root()));
}

TEST(SetupInputsTest, TakesPathAndConfigurationFromTheRunningContainerd) {
  const FakeNode node;
  node.Write(kUnits + std::string("containerd.service"), "");
  node.Write("/etc/c.toml", "version = 3\n");
  node.AddContainerd("7", "/opt/bin:/usr/bin",
                     "version = 3\n[plugins.'io.containerd.image-verifier.v1.bindir']\n"
                     "bin_dir = '/o'");
  const auto inputs = Read(node);
  ASSERT_THAT(inputs, IsOk());
  ASSERT_EQ(inputs->units.size(), 1U);
  EXPECT_EQ(inputs->units[0].unit, "containerd.service");
  EXPECT_EQ(inputs->units[0].path, "/opt/bin:/usr/bin");
  EXPECT_EQ(inputs->containerd_config, "/etc/c.toml");
  EXPECT_EQ(inputs->verifier.text, "version = 3\n");
  EXPECT_EQ(inputs->verifier.running_bin_dir, "/o");
  ASSERT_TRUE(inputs->verifier.version.has_value());
  EXPECT_EQ(inputs->verifier.version->text, "2.1.9");
}

TEST(SetupInputsTest, WithoutAContainerdItTakesDefaults) {
  const FakeNode node;
  node.Write(kUnits + std::string("containerd.service"), "");
  node.Write(kUnits + std::string("docker.service"), "");
  const auto inputs = Read(node);
  ASSERT_THAT(inputs, IsOk());
  ASSERT_EQ(inputs->units.size(), 1U);
  EXPECT_THAT(inputs->units[0].path, HasSubstr("/usr/sbin"));
  EXPECT_EQ(inputs->containerd_config, "/etc/containerd/config.toml");
  EXPECT_FALSE(inputs->verifier.text.has_value());
  EXPECT_FALSE(inputs->verifier.version.has_value());
  EXPECT_EQ(Read(node, "/x.toml")->containerd_config, "/x.toml");
}

TEST(SetupInputsTest, ADockerThatRunsItsOwnContainerdGetsThePathToo) {
  const FakeNode node;
  node.Write(kUnits + std::string("containerd.service"), "");
  node.Write(kUnits + std::string("docker.service"), "");
  node.AddProcess("9", {"containerd", "--config", "/run/docker/containerd/containerd.toml"},
                  "PATH=/docker/bin");
  const auto inputs = Read(node);
  ASSERT_THAT(inputs, IsOk());
  ASSERT_EQ(inputs->units.size(), 2U);
  EXPECT_EQ(inputs->units[1].unit, "docker.service");
  EXPECT_EQ(inputs->units[1].path, "/docker/bin");
  EXPECT_EQ(inputs->containerd_config, "/etc/containerd/config.toml");
}

TEST(SetupInputsTest, WithoutAUnitItSaysWhatToDo) {
  const FakeNode node;
  const auto inputs = Read(node);
  ASSERT_THAT(inputs, FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(inputs.error().detail, HasSubstr(kRuntimeFolder));
}

TEST(SetupInputsTest, ARecordThatCannotBeReadStopsIt) {
  const FakeNode node;
  node.Write(kUnits + std::string("containerd.service"), "");
  node.Write(kSetupRecord, "{");
  EXPECT_THAT(Read(node), FailsWith(Reason::kMalformed));
}

TEST(SetupInputsTest, RefusesANodeThatWouldNotWork) {
  const FakeNode bare;
  EXPECT_THAT(CheckNode(bare.root()), FailsWith(Reason::kConfigInvalid));

  const FakeNode node;
  node.InstallSigward();
  EXPECT_THAT(CheckNode(node.root()), IsOk());
  node.Write("/usr/bin/dockerd", "");
  EXPECT_THAT(CheckNode(node.root()), FailsWith(Reason::kConfigInvalid));
  node.Write("/var/lib/docker/image/overlay2/imagedb/content/sha256/aa", "");
  const auto classic = CheckNode(node.root());
  ASSERT_THAT(classic, FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(classic.error().detail, HasSubstr("classic image store"));
  node.Write("/etc/docker/daemon.json", R"({"features":{"containerd-snapshotter":true}})");
  EXPECT_THAT(CheckNode(node.root()), IsOk());
}

}  // namespace
}  // namespace sigward::cli
