#include "verifier/image_mount.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using testing::IsOk;

const std::string kStore = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs";
const std::string kVolumes = "/run/containerd/io.containerd.grpc.v1.cri/image-volumes";
const std::string kVolume = kVolumes + "/sandbox/manifest";
const std::string kImage = "/var/lib/docker/rootfs/overlayfs/sha256:0a-reference";
const std::string kRootfs = "/var/lib/docker/rootfs/overlayfs/container";
const std::string kLayers = "lowerdir=" + kStore + "/snapshots/2/fs:" + kStore + "/snapshots/1/fs";
const std::string kNode =
    "43 42 254:0 / / rw - ext4 /dev/vda rw\n"
    "44 43 0:30 / /run rw - tmpfs tmpfs rw\n";

/// A line of mountinfo; the node's root has the id 43 and the device 254:0.
std::string Line(const std::string& ids, const std::string& root, const std::string& point,
                 const std::string& rest, const std::string& device = "0:50") {
  return ids + " " + device + " " + root + " " + point + " rw - " + rest + "\n";
}

std::string OverlayAt(const std::string& point, const std::string& options = kLayers) {
  return Line("60 43", "/", point, "overlay overlay ro," + options);
}

std::string BindAt(const std::string& point, const std::string& root,
                   const std::string& device = "254:0") {
  return Line("60 43", root, point, "ext4 /dev/vda rw", device);
}

struct Row {
  const char* name;
  std::string mountinfo;
  std::string source;
  std::optional<std::string> point;
};

class ImageMountTest : public ::testing::TestWithParam<Row> {};

TEST_P(ImageMountTest, IsTold) {
  const Row& row = GetParam();
  const auto table = MountTable::Parse(base::AsBytes(row.mountinfo));
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(ImageMounts(*table, kRootfs, kVolumes).PointOf(row.source), row.point);
}

INSTANTIATE_TEST_SUITE_P(
    InTheFolder, ImageMountTest,
    ::testing::Values(
        Row{"AVolume", kNode + Line("60 44", "/", kVolume, "overlay overlay ro," + kLayers),
            kVolume, kVolume},
        Row{"AFolderInIt", kNode + Line("60 44", "/", kVolume, "overlay overlay ro," + kLayers),
            kVolume + "/etc", kVolume},
        Row{"OfAnyKind", kNode + Line("60 44", "/", kVolume, "tmpfs tmpfs rw"), kVolume, kVolume},
        Row{"NotMounted", kNode, kVolume + "/etc", kVolume + "/etc"},
        Row{"TheFolder", kNode, kVolumes, kVolumes},
        Row{"TheFolderMounted", kNode + Line("60 44", "/", kVolumes, "tmpfs tmpfs rw"), kVolume,
            kVolumes},
        Row{"CoveredByAFolderAbove",
            kNode + Line("60 44", "/", "/run/containerd", "overlay overlay ro," + kLayers), kVolume,
            kVolume},
        Row{"OpenWhereItLies", "43 42 0:1 / / rw - ext4 a rw\n44 42 0:2 / / rw - ext4 b rw\n",
            kVolume, kVolume}),
    [](const auto& row) { return std::string(row.param.name); });

/// As containerd spells it where its state was given through a symbolic link to /run/containerd.
const std::string kSpelled = "/var/run/containerd/io.containerd.grpc.v1.cri/image-volumes";
const std::string kMounted = kNode + Line("60 44", "/", kVolume, "overlay overlay ro," + kLayers);

INSTANTIATE_TEST_SUITE_P(
    InTheFolderSpelledOtherwise, ImageMountTest,
    ::testing::Values(
        Row{"AVolume", kMounted, kSpelled + "/sandbox/manifest", kSpelled + "/sandbox/manifest"},
        Row{"AFolderInIt", kMounted, kSpelled + "/sandbox/manifest/usr/bin",
            kSpelled + "/sandbox/manifest"},
        Row{"AllOfASandbox", kMounted, kSpelled + "/sandbox", kSpelled + "/sandbox"},
        Row{"TheFolder", kMounted, kSpelled, kSpelled},
        Row{"OfAnotherContainerd",
            kNode + Line("60 44", "/", "/run/k3s" + kVolume, "tmpfs tmpfs rw"),
            "/run/k3s" + kVolume + "/etc", "/run/k3s" + kVolume},
        Row{"AMountInAVolume",
            kNode + Line("60 44", "/", "/run/k3s" + kVolume + "/a", "tmpfs tmpfs rw"),
            "/run/k3s" + kVolume + "/a/b", "/run/k3s" + kVolume + "/a"},
        Row{"OpenWhereItLies", "43 42 0:1 / / rw - ext4 a rw\n44 42 0:2 / / rw - ext4 b rw\n",
            kSpelled + "/sandbox/manifest/a", kSpelled + "/sandbox/manifest"},
        Row{"ASimilarFolder", kMounted, kSpelled + "-else/sandbox/manifest", std::nullopt},
        Row{"ASimilarState", kMounted, "/run/my-io.containerd.grpc.v1.cri/image-volumes/s/m",
            std::nullopt},
        Row{"TheFolderAbove", kMounted, "/var/run/containerd", std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Overlays, ImageMountTest,
    ::testing::Values(
        Row{"OfLayers", kNode + OverlayAt(kImage), kImage, kImage},
        Row{"AFolderOfIt", kNode + OverlayAt(kImage), kImage + "/usr/bin", kImage},
        Row{"AnywhereElse", kNode + OverlayAt("/mnt"), "/mnt/etc", "/mnt"},
        Row{"OfAnUpperDirectory",
            kNode + OverlayAt("/mnt", "lowerdir=/a,upperdir=" + kStore + "/snapshots/9/fs"), "/mnt",
            "/mnt"},
        Row{"AmongOthers", kNode + OverlayAt("/mnt", "lowerdir=/a:" + kStore + "/snapshots/1/fs"),
            "/mnt", "/mnt"},
        Row{"InSingleOptions",
            kNode + OverlayAt("/mnt", "lowerdir+=/a,lowerdir+=" + kStore + "/snapshots/1/fs"),
            "/mnt", "/mnt"},
        Row{"OfDataOnly",
            kNode + OverlayAt("/mnt", "lowerdir+=/a,datadir+=" + kStore + "/snapshots/1/fs"),
            "/mnt", "/mnt"},
        Row{"OfDataOnlyInAList",
            kNode + OverlayAt("/mnt", "lowerdir=/a::" + kStore + "/snapshots/1/fs"), "/mnt",
            "/mnt"},
        Row{"EscapedByAName",
            kNode + OverlayAt("/mnt", "lowerdir=/a:/b/i\\134o.containerd.snapshotter.v1.x/1"),
            "/mnt", "/mnt"},
        Row{"EscapedByTheKernel",
            kNode + OverlayAt("/mnt", "lowerdir=/a\\040b/io.containerd.snapshotter.v1.x/1"), "/mnt",
            "/mnt"},
        Row{"WithABrokenEscape",
            kNode + OverlayAt("/mnt", "lowerdir=/a\\9/io.containerd.snapshotter.v1.x/1"), "/mnt",
            "/mnt"},
        Row{"NamedRelatively", kNode + OverlayAt("/mnt", "lowerdir=52/fs:51/fs"), "/mnt", "/mnt"},
        Row{"OfOtherRelativeNames", kNode + OverlayAt("/mnt", "lowerdir=l/AB:l/CD"), "/mnt",
            std::nullopt},
        Row{"OfOtherFolders", kNode + OverlayAt("/mnt", "lowerdir=/b:/a,upperdir=/c/fs"), "/mnt",
            std::nullopt},
        Row{"OfASimilarName",
            kNode + OverlayAt("/mnt", "lowerdir=/a/my-io.containerd.snapshotter.v1.x/1"), "/mnt",
            std::nullopt},
        Row{"WithALayersNameAsItsWorkdir",
            kNode + OverlayAt("/mnt", "lowerdir=/a,workdir=" + kStore), "/mnt", std::nullopt},
        Row{"TheRootfs", kNode + OverlayAt(kRootfs), kRootfs + "/etc", std::nullopt},
        Row{"BelowTheRootfs",
            kNode + OverlayAt(kRootfs) +
                Line("61 60", "/", kRootfs + "/v", "overlay overlay ro," + kLayers, "0:51"),
            kRootfs + "/v", kRootfs + "/v"},
        Row{"TheNodesRoot", "43 42 0:50 / / rw - overlay overlay rw," + kLayers + "\n",
            "/etc/hosts", std::nullopt},
        Row{"BesideIt", kNode + OverlayAt(kImage), kImage + "-other", std::nullopt},
        Row{"Covered", kNode + OverlayAt("/mnt/a") + Line("61 43", "/", "/mnt", "tmpfs none rw"),
            "/mnt/a", std::nullopt},
        Row{"StackedUpon",
            kNode + OverlayAt("/mnt") + Line("61 60", "/", "/mnt", "tmpfs none rw", "0:51"), "/mnt",
            std::nullopt},
        Row{"OpenWhereItLies", "43 42 0:1 / / rw - ext4 a rw\n44 42 0:2 / / rw - ext4 b rw\n",
            "/etc/hosts", "/etc/hosts"}),
    [](const auto& row) { return std::string(row.param.name); });

const std::string kStoresDisk = Line("70 43", "/", kStore, "ext4 /dev/vdb rw", "254:16");

INSTANTIATE_TEST_SUITE_P(
    Binds, ImageMountTest,
    ::testing::Values(
        Row{"OfALayer", kNode + BindAt(kImage, kStore + "/snapshots/1/fs"), kImage + "/etc",
            kImage},
        Row{"OfALayerOnContainerdsDisk",
            kNode + BindAt("/mnt", "/io.containerd.snapshotter.v1.native/snapshots/1", "254:32"),
            "/mnt", "/mnt"},
        Row{"OfALayerOnTheStoresDisk",
            kNode + kStoresDisk + BindAt("/mnt", "/snapshots/1/fs", "254:16"), "/mnt", "/mnt"},
        Row{"OfAnotherDisk", kNode + kStoresDisk + BindAt("/mnt", "/snapshots/1/fs", "254:32"),
            "/mnt", std::nullopt},
        Row{"OfAFolderBesideTheStore",
            kNode + Line("70 43", "/store", kStore, "ext4 /dev/vdb rw", "254:16") +
                BindAt("/mnt", "/stored/1", "254:16"),
            "/mnt", std::nullopt},
        Row{"OfTheStoreItself", kNode + kStoresDisk, kStore + "/snapshots/1/fs", std::nullopt},
        Row{"OfAFolderOfTheNode", kNode + BindAt("/mnt", "/srv/data"), "/mnt", std::nullopt},
        Row{"OfASimilarName", kNode + BindAt("/mnt", "/x.io.containerd.snapshotter.v1.native/1"),
            "/mnt", std::nullopt},
        Row{"None", kNode, "/etc/hosts", std::nullopt},
        Row{"TheNodesRoot", kNode, "/", std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sigward::verifier
