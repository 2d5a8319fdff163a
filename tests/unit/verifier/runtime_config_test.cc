#include "verifier/runtime_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

constexpr const char* kBundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1";

base::Result<RuntimeConfig> Parse(const std::string& text, std::string_view bundle = kBundle) {
  return ParseRuntimeConfig(base::AsBytes(text), bundle);
}

// As `runc spec` writes it, cut.
constexpr const char* kRuncSpec = R"({
  "ociVersion": "1.0.2-dev",
  "process": {"terminal": true, "user": {"uid": 0, "gid": 0}, "args": ["sh"],
    "env": ["PATH=/usr/bin"], "cwd": "/", "rlimits": [{"type": "RLIMIT_NOFILE",
    "hard": 18446744073709551615, "soft": 1024}], "noNewPrivileges": true},
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "runc",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
      "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]}
  ],
  "linux": {"resources": {"devices": [{"allow": false, "access": "rwm"}]},
    "namespaces": [{"type": "pid"}, {"type": "mount"}],
    "maskedPaths": ["/proc/acpi"], "readonlyPaths": ["/proc/bus"]}
})";

TEST(RuntimeConfigTest, ReadsTheOneOfRuncSpec) {
  const auto config = Parse(kRuncSpec);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->root_path, std::string(kBundle) + "/rootfs");
  EXPECT_TRUE(config->annotations.empty());
  EXPECT_TRUE(config->bind_sources.empty());
}

// As containerd's CRI writes it, cut.
constexpr const char* kCri = R"({
  "ociVersion": "1.2.1",
  "process": {"args": ["/app"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
  "root": {"path": "rootfs"},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]},
    {"destination": "/etc/hosts", "type": "bind",
      "source": "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/s1/hosts",
      "options": ["rbind", "rprivate", "rw"]},
    {"destination": "/data", "type": "bind",
      "source": "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/s1/abc",
      "options": ["rbind", "rprivate", "ro"]}
  ],
  "annotations": {
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.image-name": "registry.example/app:v1",
    "Io.Kubernetes.Cri.Image-Name": "another name altogether",
    "größe": "ü"
  },
  "linux": {"cgroupsPath": "/k8s.io/c1", "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"}}
})";

TEST(RuntimeConfigTest, ReadsTheOneOfCri) {
  const auto config = Parse(kCri);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->root_path, std::string(kBundle) + "/rootfs");
  EXPECT_EQ(config->annotations.at("io.kubernetes.cri.image-name"), "registry.example/app:v1")
      << "names in a map are whole";
  EXPECT_EQ(config->annotations.size(), 4U);
  EXPECT_EQ(
      config->bind_sources,
      (std::vector<std::string>{"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/s1/hosts",
                                "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/s1/abc"}));
}

TEST(RuntimeConfigTest, ReadsTheOneOfDocker) {
  const auto config = Parse(
      R"({"ociVersion":"1.2.1","process":{"args":["sh"],"cwd":"/"},)"
      R"("root":{"path":"/var/lib/docker/rootfs/overlayfs/c0ffee"},"hostname":"c0ffee",)"
      R"("mounts":[{"destination":"/etc/hosts","type":"bind",)"
      R"("source":"/var/lib/docker/containers/c0ffee/hosts","options":["rbind","rprivate"]}],)"
      R"("hooks":{},"linux":{"cgroupsPath":"/docker/c0ffee"}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->root_path, "/var/lib/docker/rootfs/overlayfs/c0ffee");
}

std::string WithRoot(const std::string& path) {
  return R"({"root":{"path":")" + path + R"("}})";
}

TEST(RuntimeConfigTest, CleansTheRootsPath) {
  EXPECT_EQ(Parse(WithRoot("./rootfs/"), "/b//c/")->root_path, "/b/c/rootfs");
  EXPECT_EQ(Parse(WithRoot("/x//rootfs/."))->root_path, "/x/rootfs");
  EXPECT_EQ(Parse(WithRoot("."), "/b")->root_path, "/b");
}

std::string WithMount(const std::string& mount) {
  return R"({"root":{"path":"rootfs"},"mounts":[)" + mount + "]}";
}

TEST(RuntimeConfigTest, KnowsABindMountByTypeOrOption) {
  constexpr struct {
    const char* mount;
    const char* source;  // empty: no bind mount
  } kRows[] = {
      {R"({"destination":"/d","type":"bind","source":"/v/a"})", "/v/a"},
      {R"({"destination":"/d","type":"bind","source":"/v/a","options":[]})", "/v/a"},
      {R"({"destination":"/d","source":"/v/a","options":["ro","bind"]})", "/v/a"},
      {R"({"destination":"/d","type":"none","source":"/v/a","options":["rbind"]})", "/v/a"},
      {R"({"destination":"/d","type":"tmpfs","source":"/v/a","options":["rbind"]})", "/v/a"},
      {R"({"type":"bind","source":"/v//b/../a/./"})", "/v/a"},
      {R"({"type":"bind","source":"a/b"})", "/bundle/a/b"},
      {R"({"type":"bind","source":"../v"})", "/v"},
      {R"({"type":"bind"})", ""},
      {R"({"type":"bind","source":""})", ""},
      {R"({"type":"tmpfs","source":"/v/a","options":["Bind"]})", ""},
      {R"({"type":"overlay","source":"/v/a"})", ""},
  };
  for (const auto& row : kRows) {
    const auto config = Parse(WithMount(row.mount), "/bundle");
    ASSERT_THAT(config, IsOk()) << row.mount;
    const std::vector<std::string> expected(*row.source == '\0' ? 0 : 1, row.source);
    EXPECT_EQ(config->bind_sources, expected) << row.mount;
  }
}

struct Bad {
  const char* name;
  std::string text;
  Reason reason = Reason::kMalformed;
};

class BadRuntimeConfigTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRuntimeConfigTest, IsRefused) {
  EXPECT_THAT(Parse(GetParam().text), FailsWith(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Configs, BadRuntimeConfigTest,
    ::testing::Values(
        Bad{"Empty", ""}, Bad{"NoRoot", "{}"}, Bad{"RootNull", R"({"root":null})"},
        Bad{"RootWithoutPath", R"({"root":{"readonly":true}})"}, Bad{"PathEmpty", WithRoot("")},
        Bad{"PathNull", R"({"root":{"path":null}})"},
        Bad{"PathUpwards", WithRoot("../other/rootfs")},
        Bad{"PathUpwardsWithin", WithRoot("/a/link/../rootfs")},
        Bad{"PathWithAZeroByte", WithRoot("rootfs\\u0000")},
        Bad{"RootTwice", R"({"root":{"path":"a"},"root":{"path":"b"}})", Reason::kDuplicateKey},
        Bad{"PathTwice", R"({"root":{"path":"a","path":"b"}})", Reason::kDuplicateKey},
        Bad{"RootInAnotherCase", R"({"root":{"path":"a"},"Root":{"path":"b"}})"},
        Bad{"OnlyInAnotherCase", R"({"ROOT":{"path":"b"}})"},
        Bad{"PathInAnotherCase", R"({"root":{"path":"a","PATH":"b"}})"},
        Bad{"AnnotationsInAnotherCase", R"({"root":{"path":"a"},"annotationS":{}})"},
        Bad{"AnnotationsWithALongS", "{\"root\":{\"path\":\"a\"},\"annotation\u017f\":{}}"},
        Bad{"AnnotationsWithALongSEscaped", R"({"root":{"path":"a"},"annotation\u017f":{}})"},
        Bad{"MountsInAnotherCase", R"({"root":{"path":"a"},"Mounts":[]})"},
        Bad{"MountsWithALongS", "{\"root\":{\"path\":\"a\"},\"mount\u017f\":[]}"},
        Bad{"SourceInAnotherCase", WithMount(R"({"source":"/a","Source":"/b"})")},
        Bad{"SourceWithALongS", WithMount("{\"source\":\"/a\",\"\u017fource\":\"/b\"}")},
        Bad{"SourceTwice", WithMount(R"({"source":"/a","source":"/b"})"), Reason::kDuplicateKey},
        Bad{"TypeInAnotherCase", WithMount(R"({"type":"bind","TYPE":"tmpfs"})")},
        Bad{"OptionsInAnotherCase", WithMount(R"({"options":[],"Options":["bind"]})")},
        Bad{"MountsOfAnotherType", R"({"root":{"path":"a"},"mounts":{}})"},
        Bad{"MountOfAnotherType", WithMount("7")},
        Bad{"SourceOfNumber", WithMount(R"({"source":7})")},
        Bad{"TypeNull", WithMount(R"({"type":null})")},
        Bad{"OptionsOfString", WithMount(R"({"options":"bind"})")},
        Bad{"OptionOfNumber", WithMount(R"({"options":["bind",7]})")},
        Bad{"AnnotationsNull", R"({"root":{"path":"a"},"annotations":null})"},
        Bad{"AnnotationOfNumber", R"({"root":{"path":"a"},"annotations":{"a":1}})"},
        Bad{"AnnotationTwice", R"({"root":{"path":"a"},"annotations":{"a":"1","a":"2"}})",
            Reason::kDuplicateKey},
        Bad{"TwoDocuments", WithRoot("a") + WithRoot("b")}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(RuntimeConfigTest, NeedsABundleThatIsAbsolute) {
  EXPECT_THAT(Parse(WithRoot("rootfs"), ""), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(WithRoot("rootfs"), "bundle"), FailsWith(Reason::kMalformed));
}

TEST(RuntimeConfigTest, TakesItsBoundItself) {
  std::string text = WithRoot("rootfs");
  text.append(kMaxRuntimeConfigBytes - text.size(), ' ');
  EXPECT_THAT(Parse(text), IsOk());
  EXPECT_THAT(Parse(text + " "), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
