#include "cli/node/containerd_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::cli {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kVersion3 = R"(
version = 3
disabled_plugins = []
[grpc]
  address = '/run/c.sock'
[plugins]
  [plugins.'io.containerd.cri.v1.images']
    disable_snapshot_annotations = true
    discard_unpacked_layers = false
    max_concurrent_downloads = 3
    image_pull_with_sync_fs = false
    use_local_image_pull = false
    [plugins.'io.containerd.cri.v1.images'.registry]
      config_path = ''
  [plugins.'io.containerd.grpc.v1.cri']
    disable_tcp_service = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'kata'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
      runtime_path = ''
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = '/usr/sbin/runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
      runtime_type = 'io.containerd.kata.v2'
      runtime_path = '/opt/kata/shim'
  [plugins.'io.containerd.image-verifier.v1.bindir']
    bin_dir = '/opt/v'
    max_verifiers = 4
    per_verifier_timeout = '7s'
  [plugins.'io.containerd.nri.v1.nri']
    disable = false
  [plugins.'io.containerd.shim.v1.manager']
    env = ['PATH=/x', 'A=b']
)";

TEST(ContainerdConfigTest, ReadsWhatVersionThreeSays) {
  const auto config = ContainerdConfig::Parse(kVersion3);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->version, 3);
  EXPECT_EQ(config->address, "/run/c.sock");
  ASSERT_TRUE(config->verifier.has_value());
  EXPECT_EQ(config->verifier->bin_dir, "/opt/v");
  EXPECT_EQ(config->verifier->max_verifiers, 4);
  EXPECT_EQ(config->verifier->per_verifier_timeout, "7s");
  EXPECT_TRUE(config->cri);
  EXPECT_TRUE(config->nri);
  EXPECT_FALSE(config->use_local_image_pull);
  EXPECT_THAT(config->implied_local_pull, IsEmpty());
  EXPECT_THAT(config->shim_environment, ElementsAre("PATH=/x", "A=b"));
  EXPECT_EQ(config->default_runtime, "kata");
  ASSERT_EQ(config->runtimes.size(), 2U);
  EXPECT_EQ(config->runtimes[0].name, "kata");
  EXPECT_EQ(config->runtimes[0].type, "io.containerd.kata.v2");
  EXPECT_EQ(config->runtimes[0].shim_path, "/opt/kata/shim");
  EXPECT_EQ(config->runtimes[1].binary_name, "/usr/sbin/runc");
}

TEST(ContainerdConfigTest, ReadsWhatVersionTwoSays) {
  const auto config = ContainerdConfig::Parse(R"(
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  max_concurrent_downloads = 5
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.gvisor]
    runtime_type = "io.containerd.runsc.v1"
[plugins."io.containerd.nri.v1.nri"]
  disable = false
)");
  ASSERT_THAT(config, IsOk());
  EXPECT_TRUE(config->cri);
  EXPECT_TRUE(config->nri);
  EXPECT_FALSE(config->verifier.has_value());
  EXPECT_EQ(config->default_runtime, "runc");
  ASSERT_EQ(config->runtimes.size(), 1U);
  EXPECT_EQ(config->runtimes[0].type, "io.containerd.runsc.v1");
}

TEST(ContainerdConfigTest, KnowsEverySettingThatMakesCriPullByItself) {
  struct Case {
    const char* from;
    const char* to;
    const char* named;
  };
  const std::vector<Case> cases = {
      {"disable_snapshot_annotations = true", "disable_snapshot_annotations = false",
       "disable_snapshot_annotations = false"},
      {"discard_unpacked_layers = false", "discard_unpacked_layers = true",
       "discard_unpacked_layers = true"},
      {"max_concurrent_downloads = 3", "max_concurrent_downloads = 4", "max_concurrent_downloads"},
      {"image_pull_with_sync_fs = false", "image_pull_with_sync_fs = true",
       "image_pull_with_sync_fs = true"},
      {"config_path = ''", "mirrors = { 'docker.io' = { endpoint = ['x'] } }", "registry.mirrors"},
      {"config_path = ''", "configs = { 'docker.io' = { a = 'x' } }", "registry.configs"},
      {"config_path = ''", "auths = { 'docker.io' = { a = 'x' } }", "registry.auths"},
  };
  for (const Case& one : cases) {
    std::string text = kVersion3;
    text.replace(text.find(one.from), std::string_view(one.from).size(), one.to);
    const auto config = ContainerdConfig::Parse(text);
    ASSERT_THAT(config, IsOk());
    EXPECT_THAT(config->implied_local_pull, ElementsAre(one.named));
  }
}

TEST(ContainerdConfigTest, DisabledPluginsAreNotThere) {
  const std::string text = kVersion3;
  const auto with = [&](const std::string& disabled) {
    std::string changed = text;
    changed.replace(changed.find("[]"), 2, "['" + disabled + "']");
    return ContainerdConfig::Parse(changed);
  };
  EXPECT_FALSE(with("io.containerd.image-verifier.v1.bindir")->verifier.has_value());
  EXPECT_FALSE(with("cri")->cri);
  EXPECT_FALSE(with("io.containerd.grpc.v1.cri")->cri);
  EXPECT_FALSE(with("io.containerd.nri.v1.nri")->nri);
  EXPECT_TRUE(with("something.else")->verifier.has_value());
}

TEST(ContainerdConfigTest, AValueOfAnotherTypeIsNoAbsentOne) {
  for (const char* wrong : {"use_local_image_pull = 'false'", "use_local_image_pull = 0",
                            "use_local_image_pull = []"}) {
    std::string text = kVersion3;
    const std::string_view from = "use_local_image_pull = false";
    text.replace(text.find(from), from.size(), wrong);
    EXPECT_THAT(ContainerdConfig::Parse(text), FailsWith(Reason::kConfigInvalid)) << wrong;
  }
  EXPECT_THAT(ContainerdConfig::Parse("version = "), FailsWith(Reason::kConfigInvalid));
}

TEST(ContainerdConfigTest, ReadsNoMoreThanItsMaximum) {
  const std::string head = "version = 3\n#";
  const auto of_size = [&](std::size_t size) {
    return ContainerdConfig::Parse(head + std::string(size - head.size(), 'x'));
  };
  EXPECT_THAT(of_size(kMaxContainerdConfigBytes), IsOk());
  EXPECT_THAT(of_size(kMaxContainerdConfigBytes + 1), FailsWith(Reason::kTooLarge));
}

TEST(ContainerdConfigTest, ParsesGoDurations) {
  EXPECT_EQ(ParseGoDuration("10s"), milliseconds(10'000));
  EXPECT_EQ(ParseGoDuration("1m30s"), milliseconds(90'000));
  EXPECT_EQ(ParseGoDuration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(ParseGoDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseGoDuration("0"), milliseconds(0));
  EXPECT_EQ(ParseGoDuration("0s"), milliseconds(0));
  for (const char* wrong : {"", "10", "s", "-1s", "10 s", "1d", "nans", "infs", "99999999999h"}) {
    EXPECT_EQ(ParseGoDuration(wrong), std::nullopt) << wrong;
  }
}

TEST(ContainerdConfigTest, FindsTheVersion) {
  const auto version = [](const char* text) {
    const auto found = ParseContainerdVersion(text);
    return found.has_value() ? found->text + " " + std::to_string(found->major) + "." +
                                   std::to_string(found->minor)
                             : "none";
  };
  EXPECT_EQ(version("containerd github.com/containerd/containerd/v2 2.1.9~ds1 abc\n"),
            "2.1.9~ds1 2.1");
  EXPECT_EQ(version("containerd github.com/containerd/containerd v1.7.24 \n"), "1.7.24 1.7");
  EXPECT_EQ(version("containerd"), "none");
  EXPECT_EQ(version(""), "none");
}

}  // namespace
}  // namespace sigward::cli
