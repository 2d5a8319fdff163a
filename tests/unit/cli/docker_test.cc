#include "cli/node/docker.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::TempFolder;

TEST(DockerTest, TellsTheStoresApartInDockerInfo) {
  const auto containerd = ParseDockerInfo(
      R"({"Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],
          "DefaultRuntime":"runc","Runtimes":{"runc":{"path":"runc"},"own":{"path":"/opt/own"},
          "typed":{"runtimeType":"io.containerd.kata.v2"}}})");
  ASSERT_THAT(containerd, IsOk());
  EXPECT_EQ(containerd->store, DockerStore::kContainerd);
  EXPECT_EQ(containerd->default_runtime, "runc");
  ASSERT_EQ(containerd->runtimes.size(), 3U);
  EXPECT_EQ(containerd->runtimes[0].path, "/opt/own");
  EXPECT_EQ(containerd->runtimes[2].type, "io.containerd.kata.v2");

  const auto classic =
      ParseDockerInfo(R"({"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]})");
  ASSERT_THAT(classic, IsOk());
  EXPECT_EQ(classic->store, DockerStore::kClassic);
}

TEST(DockerTest, AnInfoWithoutADriverIsNoAnswer) {
  EXPECT_THAT(ParseDockerInfo(R"({"Driver":"","DriverStatus":[]})"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseDockerInfo(R"({"Driver":"overlay2","DriverStatus":null})"),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseDockerInfo("Cannot connect"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseDockerInfo(R"({"Driver":"a","Driver":"b","DriverStatus":[]})"),
              FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(ParseDockerInfo(std::string(kMaxDockerInfoBytes + 1, ' ')),
              FailsWith(Reason::kTooLarge));
}

TEST(DockerTest, JudgesTheFilesOfADaemonThatDoesNotAnswer) {
  struct Case {
    DockerFiles files;
    DockerStore store;
  };
  const std::string on = R"({"features":{"containerd-snapshotter":true}})";
  const std::string off = R"({"features":{"containerd-snapshotter":false}})";
  const std::vector<Case> cases = {
      {{.installed = false, .daemon_json = {}, .classic_images = true}, DockerStore::kNotInstalled},
      {{.installed = true, .daemon_json = on, .classic_images = false}, DockerStore::kContainerd},
      // What the daemon will use counts, not what it once used.
      {{.installed = true, .daemon_json = on, .classic_images = true}, DockerStore::kContainerd},
      {{.installed = true, .daemon_json = off, .classic_images = false}, DockerStore::kClassic},
      {{.installed = true, .daemon_json = {}, .classic_images = true}, DockerStore::kClassic},
      {{.installed = true, .daemon_json = "{}", .classic_images = true}, DockerStore::kClassic},
      {{.installed = true, .daemon_json = {}, .classic_images = false}, DockerStore::kUnknown},
      {{.installed = true, .daemon_json = "{", .classic_images = false}, DockerStore::kUnknown},
      {{.installed = true, .daemon_json = R"({"features":1})", .classic_images = false},
       DockerStore::kUnknown},
      {{.installed = true,
        .daemon_json = R"({"features":{"containerd-snapshotter":"true"}})",
        .classic_images = false},
       DockerStore::kUnknown},
  };
  for (const Case& one : cases) {
    const DockerFacts facts = JudgeDockerFiles(one.files);
    EXPECT_EQ(facts.store, one.store) << one.files.daemon_json;
    EXPECT_EQ(facts.evidence.empty(), one.store == DockerStore::kNotInstalled);
  }
}

TEST(DockerTest, ReadsRuntimesOfDaemonJson) {
  const DockerFacts facts =
      JudgeDockerFiles({.installed = true,
                        .daemon_json = R"({"default-runtime":"a","runtimes":{"a":{"path":"/opt/a"},
         "b":{"runtimeType":"io.containerd.runc.v2","options":{"BinaryName":"/opt/b"}}}})",
                        .classic_images = false});
  EXPECT_EQ(facts.default_runtime, "a");
  ASSERT_EQ(facts.runtimes.size(), 2U);
  EXPECT_EQ(facts.runtimes[0].path, "/opt/a");
  EXPECT_EQ(facts.runtimes[1].path, "/opt/b");
}

TEST(DockerTest, LooksForClassicImagesInTheDataRoot) {
  const TempFolder root;
  std::filesystem::create_directories(root / "usr/bin");
  std::filesystem::create_directories(root / "etc/docker");
  std::filesystem::create_directories(root / "data/image/overlay2/imagedb/content/sha256");
  std::ofstream(root / "usr/bin/dockerd") << "x";
  std::ofstream(root / "etc/docker/daemon.json") << R"({"data-root":"/data"})";
  EXPECT_EQ(LookAtDocker(root.path()).store, DockerStore::kUnknown);
  std::ofstream(root / "data/image/overlay2/imagedb/content/sha256/aa") << "x";
  EXPECT_EQ(LookAtDocker(root.path()).store, DockerStore::kClassic);
}

}  // namespace
}  // namespace sigward::cli
