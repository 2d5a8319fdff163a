#include "verifier/rootfs_mount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

// The lines are those of a Linux 6.18 where these mounts were made.
const std::string kOverlayFolder =
    "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
const std::string kNativeFolder =
    "/var/lib/containerd/io.containerd.snapshotter.v1.native/snapshots";
const std::string kBundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1";
const std::string kRootfs = kBundle + "/rootfs";
const std::string kNode =
    "43 42 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
    "45 43 0:21 / /proc rw,relatime - proc proc rw\n"
    "59 43 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684092k\n"
    "60 59 0:27 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684092k\n"
    "63 43 0:39 / /var/lib/containerd rw,relatime - tmpfs tmpfs rw\n"
    "64 43 0:40 / /run/containerd rw,relatime - tmpfs tmpfs rw\n";

std::string LayerName(int number) {
  return kOverlayFolder + "/" + std::to_string(number) + "/fs";
}

std::string UpperOptions() {
  return ",upperdir=" + LayerName(9) + ",workdir=" + kOverlayFolder + "/9/work,uuid=on\n";
}

std::string OverlayLine(const std::string& options, const std::string& start = "68 64 0:41 /") {
  return start + " " + kRootfs + " rw,relatime - overlay overlay rw," + options;
}

const std::string kTwoLayers = "lowerdir=" + LayerName(2) + ":" + LayerName(1);
const std::string kOverlay = kNode + OverlayLine(kTwoLayers + UpperOptions());

/// What Snapshots.Mounts says of a container over LAYERS.
SnapshotMount OverlayOver(const std::string& lowers) {
  return {.type = "overlay",
          .source = "overlay",
          .options = {"index=off", "workdir=" + kOverlayFolder + "/9/work",
                      "upperdir=" + LayerName(9), lowers}};
}

SnapshotMount View() {
  return {.type = "overlay", .source = "overlay", .options = {"index=off", kTwoLayers}};
}

SnapshotMount Bind(const std::string& folder) {
  return {.type = "bind", .source = folder, .options = {"rbind", "rw"}};
}

std::string NativeLine(const std::string& root, const std::string& ids = "65 64") {
  return ids + " 0:39 /io.containerd.snapshotter.v1.native/snapshots/" + root + " " + kRootfs +
         " rw,relatime - tmpfs tmpfs rw\n";
}

std::string Tmpfs(const std::string& ids, const std::string& point) {
  return ids + " 0:43 / " + point + " rw,relatime - tmpfs tmpfs rw\n";
}

std::optional<std::string> Compare(const std::string& mountinfo,
                                   const std::vector<SnapshotMount>& mounts,
                                   const std::string& path = kRootfs) {
  const auto table = MountTable::Parse(base::AsBytes(mountinfo));
  EXPECT_THAT(table, IsOk());
  return table.ok() ? MismatchAt(*table, path, mounts) : "no table";
}

struct Row {
  const char* name;
  std::string mountinfo;
  SnapshotMount mount;
  /// Part of the text; empty: it is the snapshot's own.
  std::string text;
};

class RootfsMountTest : public ::testing::TestWithParam<Row> {};

TEST_P(RootfsMountTest, IsCompared) {
  const Row& row = GetParam();
  const auto mismatch = Compare(row.mountinfo, {row.mount});
  EXPECT_EQ(mismatch.has_value(), !row.text.empty()) << mismatch.value_or("");
  if (mismatch) {
    EXPECT_THAT(*mismatch, HasSubstr(row.text));
    EXPECT_LE(mismatch->size(), kMaxMismatchText);
  }
}

const std::string kViewLine = "67 64 0:41 / " + kRootfs + " rw,relatime - overlay overlay ro," +
                              kTwoLayers + ",redirect_dir=on\n";

INSTANTIATE_TEST_SUITE_P(
    Overlays, RootfsMountTest,
    ::testing::Values(
        Row{"ItsOwn", kOverlay, OverlayOver(kTwoLayers), ""},
        Row{"ItsOwnInSingleOptions",
            kNode + OverlayLine("lowerdir+=" + LayerName(2) + ",lowerdir+=" + LayerName(1) +
                                UpperOptions()),
            OverlayOver(kTwoLayers), ""},
        Row{"View", kNode + kViewLine, View(), ""},
        Row{"ViewWithAnUpperDirectory", kOverlay, View(), "the snapshot's is none"},
        Row{"ViewForAContainer", kNode + kViewLine, OverlayOver(kTwoLayers),
            "its upper directory is none"},
        Row{"AnotherUpperDirectory",
            kNode + OverlayLine(kTwoLayers + ",upperdir=" + LayerName(8) + ",workdir=/w\n"),
            OverlayOver(kTwoLayers), "its upper directory is " + kOverlayFolder + "/8/fs"},
        Row{"AnotherLayer", kOverlay, OverlayOver("lowerdir=" + LayerName(3) + ":" + LayerName(1)),
            "its lower directory 1 is " + kOverlayFolder + "/2/fs"},
        Row{"OtherOrder", kOverlay, OverlayOver("lowerdir=" + LayerName(1) + ":" + LayerName(2)),
            "its lower directory 1"},
        Row{"ALayerMore", kOverlay, OverlayOver("lowerdir=" + LayerName(2)),
            "has 2 lower directories, the snapshot has 1"},
        Row{"ALayerOfDataOnly",
            kNode + OverlayLine(kTwoLayers + ",datadir+=/evil" + UpperOptions()),
            OverlayOver(kTwoLayers), "data only"},
        Row{"AFolderOfTheOverlay",
            kNode + OverlayLine(kTwoLayers + UpperOptions(), "68 64 0:41 /sub"),
            OverlayOver(kTwoLayers), "only the folder /sub"},
        Row{"ABindMount", kNode + NativeLine("2"), OverlayOver(kTwoLayers), "its type is tmpfs"},
        Row{"Nothing", kNode, OverlayOver(kTwoLayers), "nothing is mounted there"},
        Row{"PartOfItCovered", kOverlay + Tmpfs("69 68", kRootfs + "/etc"), OverlayOver(kTwoLayers),
            "/rootfs/etc is a mount too"},
        Row{"StackedUpon", kOverlay + Tmpfs("69 68", kRootfs), OverlayOver(kTwoLayers),
            "its type is tmpfs"},
        Row{"StackedUponByAMove",
            kNode + Tmpfs("65 69", kRootfs) +
                OverlayLine(kTwoLayers + UpperOptions(), "69 64 0:42 /"),
            OverlayOver(kTwoLayers), "its type is tmpfs"},
        Row{"StackedUponAnother",
            kNode + Tmpfs("65 64", kRootfs) +
                OverlayLine(kTwoLayers + UpperOptions(), "68 65 0:41 /"),
            OverlayOver(kTwoLayers), ""},
        Row{"ParentFolderCovered", kOverlay + Tmpfs("69 64", kBundle), OverlayOver(kTwoLayers),
            "its mount is hidden by another"},
        Row{"LayerCovered", kOverlay + Tmpfs("70 63", LayerName(1)), OverlayOver(kTwoLayers),
            "1/fs lies beneath a mount of its own"},
        Row{"LayersParentCovered", kOverlay + Tmpfs("70 63", kOverlayFolder + "/2"),
            OverlayOver(kTwoLayers), "2/fs lies beneath a mount of its own"},
        Row{"UpperDirectoryCovered", kOverlay + Tmpfs("70 63", LayerName(9)),
            OverlayOver(kTwoLayers), "9/fs lies beneath a mount of its own"},
        Row{"SnapshotsOnAVolume", kOverlay + Tmpfs("70 63", kOverlayFolder),
            OverlayOver(kTwoLayers), ""},
        Row{"WorkdirsNeighbourMounted", kOverlay + Tmpfs("70 63", kOverlayFolder + "/9/work"),
            OverlayOver(kTwoLayers), ""},
        Row{"ShortAndRelative", kNode + OverlayLine("lowerdir=2/fs:1/fs" + UpperOptions()),
            OverlayOver(kTwoLayers), "its lower directory 1 is 2/fs"},
        Row{"TextOfAnotherLine", kNode + OverlayLine("lowerdir=/evil\\012x:/a" + UpperOptions()),
            OverlayOver(kTwoLayers), "/evil?x"},
        Row{"SnapshotWithoutLayers", kOverlay, OverlayOver("ro"), "no lower directory"},
        Row{"SnapshotOfAnotherType", kOverlay, {"erofs", "/x", {}}, "of type erofs"},
        Row{"SnapshotOfFuse",
            kOverlay,
            {"fuse3.fuse-overlayfs", "overlay", {kTwoLayers}},
            "fuse3.fuse-overlayfs"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Binds, RootfsMountTest,
    ::testing::Values(
        Row{"ItsOwnFolder", kNode + NativeLine("2"), Bind(kNativeFolder + "/2"), ""},
        Row{"AnotherFolder", kNode + NativeLine("3"), Bind(kNativeFolder + "/2"),
            "snapshots/3 of device 0:39"},
        Row{"AFolderInIt", kNode + NativeLine("2/etc"), Bind(kNativeFolder + "/2"), "2/etc"},
        Row{"AFolderAboveIt", kNode + NativeLine("2"), Bind(kNativeFolder + "/2/etc"), "2/etc"},
        Row{"AnotherFilesystem",
            kNode + "65 64 0:77 /io.containerd.snapshotter.v1.native/snapshots/2 " + kRootfs +
                " rw - tmpfs tmpfs rw\n",
            Bind(kNativeFolder + "/2"), "of device 0:77"},
        Row{"DeletedSince", kNode + NativeLine("2//deleted"), Bind(kNativeFolder + "/2"),
            "2//deleted"},
        Row{"AnotherStackedUpon", kNode + NativeLine("2") + NativeLine("3", "66 65"),
            Bind(kNativeFolder + "/2"), "snapshots/3"},
        Row{"StackedUponAnotherFolder", kNode + NativeLine("3") + NativeLine("2", "66 65"),
            Bind(kNativeFolder + "/2"), ""},
        Row{"FolderCovered", kNode + NativeLine("2") + Tmpfs("70 63", kNativeFolder + "/2"),
            Bind(kNativeFolder + "/2"), "lies beneath a mount of its own"},
        Row{"CoveredOneShown",
            kNode + Tmpfs("70 63", kNativeFolder + "/2") + "71 64 0:43 / " + kRootfs +
                " rw - tmpfs tmpfs rw\n",
            Bind(kNativeFolder + "/2"), "lies beneath a mount of its own"},
        Row{"PartOfItCovered", kNode + NativeLine("2") + Tmpfs("69 65", kRootfs + "/bin"),
            Bind(kNativeFolder + "/2"), "/rootfs/bin is a mount too"},
        Row{"LayerOfTheOverlaySnapshotter",
            kNode + "65 64 0:39 /io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs " + kRootfs +
                " ro - tmpfs tmpfs rw\n",
            Bind(LayerName(1)), ""},
        Row{"LayersParentCovered",
            kNode + Tmpfs("70 63", kOverlayFolder + "/1") + "71 64 0:43 /fs " + kRootfs +
                " rw - tmpfs tmpfs rw\n",
            Bind(LayerName(1)), "lies beneath a mount of its own"},
        Row{"OnTheNodesRoot",
            "43 42 254:0 / / rw - ext4 /dev/vda rw\n"
            "44 43 254:0 /srv/2 " +
                kRootfs + " rw - ext4 /dev/vda rw\n",
            Bind("/srv/2"), ""},
        Row{"OnASubvolume",
            "43 42 0:30 /@ / rw - btrfs /dev/vda rw\n"
            "44 43 0:30 /@/srv/2 " +
                kRootfs + " rw - btrfs /dev/vda rw\n",
            Bind("/srv/2"), ""},
        Row{"NotClean", kNode + NativeLine("2"), Bind(kNativeFolder + "/3/../2"),
            "not a clean absolute path"},
        Row{"NotAbsolute", kNode + NativeLine("2"), Bind("2"), "not a clean absolute path"},
        Row{"WithoutBindOption",
            kNode + NativeLine("2"),
            {"bind", kNativeFolder + "/2", {"rw"}},
            "which is not compared"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(RootfsMountLimitsTest, OneMountIsCompared) {
  EXPECT_THAT(Compare(kOverlay, {}).value_or(""), HasSubstr("consists of 0 mounts"));
  EXPECT_THAT(Compare(kOverlay, {OverlayOver(kTwoLayers), OverlayOver(kTwoLayers)}).value_or(""),
              HasSubstr("consists of 2 mounts"));
}

TEST(RootfsMountLimitsTest, ThePathIsTakenWhole) {
  for (const std::string& path : {kRootfs + "/etc", kBundle, std::string("/")}) {
    EXPECT_TRUE(Compare(kOverlay, {OverlayOver(kTwoLayers)}, path)) << path;
  }
}

/// A lowerdir of COUNT layers, each under PREFIX.
std::string Lowers(int count, const std::string& prefix) {
  std::string out = "lowerdir=";
  for (int number = count; number > 0; --number) {
    out += prefix + std::to_string(number) + (number == 1 ? "/fs" : "/fs:");
  }
  return out;
}

std::size_t SizeOf(const SnapshotMount& mount) {
  std::size_t size = 0;
  for (const std::string& option : mount.options) {
    size += option.size();
  }
  return size;
}

TEST(RootfsMountLimitsTest, ExpandsWhatContainerdShortens) {
  constexpr int kMany = 60;
  const SnapshotMount mount = OverlayOver(Lowers(kMany, kOverlayFolder + "/"));
  ASSERT_GE(SizeOf(mount), kMinShortenedOptions);
  const auto compare = [&](const std::string& lowers) {
    return Compare(kNode + OverlayLine(lowers + UpperOptions()), {mount});
  };
  EXPECT_EQ(compare(Lowers(kMany, "")), std::nullopt);
  EXPECT_EQ(compare(Lowers(kMany, kOverlayFolder + "/")), std::nullopt) << "a larger page";
  EXPECT_TRUE(compare(Lowers(kMany, "../snapshots/")));
  EXPECT_TRUE(compare(Lowers(kMany, "snapshots/")));
  EXPECT_TRUE(compare(Lowers(kMany - 1, "")));
  std::string mixed = Lowers(kMany, "");
  mixed.insert(mixed.find('=') + 1, kOverlayFolder + "/");
  EXPECT_TRUE(compare(mixed)) << "some relative, some not";
}

TEST(RootfsMountLimitsTest, ExpandsFromItsThresholdOn) {
  SnapshotMount mount = OverlayOver(Lowers(20, kOverlayFolder + "/"));
  ASSERT_LT(SizeOf(mount), kMinShortenedOptions);
  const std::string mountinfo = kNode + OverlayLine(Lowers(20, "") + UpperOptions());
  mount.options.emplace_back(kMinShortenedOptions - 1 - SizeOf(mount), 'x');
  EXPECT_TRUE(Compare(mountinfo, {mount}));
  mount.options.back() += 'x';
  EXPECT_EQ(Compare(mountinfo, {mount}), std::nullopt);
}

TEST(RootfsMountLimitsTest, SaysWhyIdmappedDirectoriesAreRefused) {
  SnapshotMount mount = OverlayOver(kTwoLayers);
  mount.options.emplace_back("uidmap=0:100000:65536");
  mount.options.emplace_back("gidmap=0:100000:65536");
  const std::string lowers =
      "lowerdir=/var/lib/containerd/tmpmounts/ovl-idmapped1/0:"
      "/var/lib/containerd/tmpmounts/ovl-idmapped1/1";
  EXPECT_THAT(Compare(kNode + OverlayLine(lowers + UpperOptions()), {mount}).value_or(""),
              HasSubstr("idmapped"));
}

TEST(RootfsMountLimitsTest, KeepsItsTextShort) {
  const std::string deep = "/" + std::string(3000, 'd');
  const auto mismatch = Compare(kNode + OverlayLine("lowerdir=" + deep + UpperOptions()),
                                {OverlayOver("lowerdir=" + deep + "e")});
  ASSERT_TRUE(mismatch);
  EXPECT_LE(mismatch->size(), kMaxMismatchText);
}

}  // namespace
}  // namespace sigward::verifier
