#include "plugin/containerd/binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "fake_node.h"
#include "result_matchers.h"
#include "temp_folder.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;
using testing::ChainNumber;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::UnorderedElementsAre;

class BindingTest : public ::testing::Test {
 protected:
  static constexpr const char* kNs = testing::FakeNode::kNs;
  static constexpr const char* kVolumes = "/state/io.containerd.grpc.v1.cri/image-volumes";

  BindingTest() : files_{"/bundle", testing::Sealed("{}"), testing::Sealed("")} {
    node_.PutImage("registry.example/app:v1", 1, 1);
  }

  base::Result<BoundContainer> AtRuntime(const std::string& ns = kNs) {
    return binding_.Of({.ns = ns, .id = "c1", .files = &files_, .has_record = true},
                       testing::Soon());
  }
  base::Result<BoundContainer> AtNri(Annotations annotations,
                                     std::vector<std::string> mount_sources = {}) {
    return binding_.Of({.ns = kNs,
                        .id = "c1",
                        .annotations = std::move(annotations),
                        .mount_sources = std::move(mount_sources)},
                       testing::Soon());
  }
  void SayAnnotations(Annotations annotations) {
    worker::ContainerFacts facts;
    facts.annotations = std::move(annotations);
    node_.reader.PutContainer({std::move(facts)});
  }
  static std::vector<std::string> Names(const std::vector<NamedImage>& images) {
    std::vector<std::string> names;
    for (const NamedImage& image : images) {
      names.push_back(image.name.name() + (image.moved ? " moved" : ""));
    }
    return names;
  }

  testing::FakeNode node_;
  Binding binding_{node_.containerd, node_.reader, node_.contents, "/state"};
  const BundleFiles files_;
};

TEST_F(BindingTest, TracesARecordToItsImageAndComparesTheMounts) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  node_.containerd.PutMounts(kNs, "overlayfs", "c1", {{"overlay", "overlay", {"lowerdir=/a"}}});
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Names(bound->images), ElementsAre("registry.example/app"));
  EXPECT_EQ(bound->snapshotter, "overlayfs");
  EXPECT_FALSE(bound->unprovable.has_value());
  EXPECT_FALSE(bound->modified);
  EXPECT_TRUE(bound->volumes.empty());
  EXPECT_EQ(node_.reader.asked_bundle, "/bundle");
  EXPECT_EQ(node_.reader.asked_volumes, kVolumes);
  ASSERT_EQ(node_.reader.asked_mounts.size(), 1U);
  EXPECT_THAT(node_.reader.asked_mounts[0].options, ElementsAre("lowerdir=/a"));
}

TEST_F(BindingTest, WithoutARecordTheImageIsUnknown) {
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
}

TEST_F(BindingTest, WithoutASnapshotTheImageIsUnknown) {
  // What `ctr run --rootfs` leaves: a record without image and snapshot.
  node_.containerd.PutContainer(kNs, {"c1", "", "", ""});
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
  node_.containerd.PutContainer(kNs, {"c1", "registry.example/app:v1", "", ""});
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
  node_.containerd.PutContainer(kNs, {"c1", "registry.example/app:v1", "overlayfs", "other"});
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
}

TEST_F(BindingTest, ARootThatIsNotTheSnapshotsIsAMismatchAndSaysWhy) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  worker::ContainerFacts facts;
  facts.root_mismatch = "upperdir is /a, the snapshot's is /b";
  node_.reader.PutContainer({facts});
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, FailsWith(Reason::kRootfsMismatch));
  EXPECT_EQ(bound.error().detail, "upperdir is /a, the snapshot's is /b");
}

TEST_F(BindingTest, FilesThatCannotBeReadAreNotTakenForGood) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  for (const Reason reason : {Reason::kMalformed, Reason::kWorkerFailed, Reason::kTimeout}) {
    node_.reader.PutContainer({Fail(reason, "unread")});
    EXPECT_THAT(AtRuntime(), FailsWith(reason));
  }
  node_.reader.PutContainer({worker::ContainerFacts{}});
  for (const char* call : {"FindContainer", "Mounts", "StatSnapshot"}) {
    node_.containerd.Break(call);
    EXPECT_THAT(AtRuntime(), FailsWith(Reason::kContainerdUnreachable)) << call;
    node_.containerd.Break(call, std::nullopt);
  }
  EXPECT_THAT(AtRuntime(), IsOk());
}

TEST_F(BindingTest, RecordAndAnnotationAreBothClaims) {
  node_.PutImage("strict.example/app:v1", 1, 1);
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  SayAnnotations({{std::string(kImageNameAnnotation), "strict.example/app:v1"}});
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Names(bound->images),
              UnorderedElementsAre("registry.example/app", "strict.example/app"));
}

TEST_F(BindingTest, AnAnnotationThatNamesAnotherImageTakesNothingAway) {
  node_.PutImage("signed.example/app:v1", 2, 2);
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  SayAnnotations({{std::string(kImageNameAnnotation), "signed.example/app:v1"}});
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  // The claimed name is judged for the mounted files, and the record's stays.
  EXPECT_THAT(Names(bound->images),
              UnorderedElementsAre("signed.example/app moved", "registry.example/app moved"));
  for (const NamedImage& image : bound->images) {
    EXPECT_EQ(image.content.chain_id, ChainNumber(1));
  }
}

TEST_F(BindingTest, ARecordWhoseSnapshotWasSwappedIsJudgedForWhatIsMounted) {
  node_.PutImage("unsigned.example/app:v1", 2, 2);
  node_.PutContainer("c1", "registry.example/app:v1", 2);
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Names(bound->images),
              UnorderedElementsAre("registry.example/app moved", "unsigned.example/app moved"));
  node_.containerd.RemoveImage(kNs, "unsigned.example/app:v1");
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kRootfsMismatch));
}

TEST_F(BindingTest, DockersRecordIsEmptyAndItsKeyIsTheId) {
  node_.PutImage("docker.io/library/app:v1", 1, 1, false, "moby");
  node_.containerd.PutContainer("moby", {"c1", "", "", ""});
  node_.containerd.PutSnapshot("moby", "overlayfs", "c1-init", ChainNumber(1).text(),
                               SnapshotKind::kCommitted);
  node_.containerd.PutSnapshot("moby", "overlayfs", "c1", "c1-init");
  const auto bound = AtRuntime("moby");
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Names(bound->images), ElementsAre("docker.io/library/app"));
}

TEST_F(BindingTest, AnotherNamespaceHasNoInitLevel) {
  node_.containerd.PutContainer(kNs, {"c1", "", "", ""});
  node_.containerd.PutSnapshot(kNs, "overlayfs", "c1-init", ChainNumber(1).text(),
                               SnapshotKind::kCommitted);
  node_.containerd.PutSnapshot(kNs, "overlayfs", "c1", "c1-init");
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
}

TEST_F(BindingTest, AnUnprovableSnapshotterIsNamed) {
  node_.PutContainer("c1", "registry.example/app:v1", 1, "stargz");
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  ASSERT_TRUE(bound->unprovable.has_value());
  EXPECT_THAT(*bound->unprovable, HasSubstr("stargz"));
}

TEST_F(BindingTest, FilesInTheContainersOwnLayerAreNoted) {
  const testing::TempFolder upper;
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  node_.containerd.PutMounts(
      kNs, "overlayfs", "c1",
      {{"overlay", "overlay", {"index=off", "upperdir=" + upper.path(), "lowerdir=/a"}}});
  EXPECT_FALSE(AtRuntime().value().modified);
  ASSERT_THAT(base::WriteNewFile(upper / "evil", "x"), IsOk());
  EXPECT_TRUE(AtRuntime().value().modified);
}

TEST_F(BindingTest, ALayerThatCannotBeLookedIntoCountsAsModified) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  node_.containerd.PutMounts(kNs, "overlayfs", "c1",
                             {{"overlay", "overlay", {"upperdir=/nowhere/at/all"}}});
  EXPECT_TRUE(AtRuntime().value().modified);
}

TEST_F(BindingTest, AtNriTheAnnotationIsTheClaim) {
  node_.PutImage("lax.example/copy:v1", 1, 1);
  node_.containerd.PutSnapshot(kNs, "overlayfs", "c1", ChainNumber(1).text());
  EXPECT_THAT(
      Names(AtNri({{std::string(kImageNameAnnotation), "registry.example/app:v1"}}).value().images),
      ElementsAre("registry.example/app"));
  EXPECT_THAT(Names(AtNri({}).value().images),
              UnorderedElementsAre("registry.example/app", "lax.example/copy"));
}

TEST_F(BindingTest, EveryImageVolumeIsBoundByItsSnapshot) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  const auto volume = node_.PutImage("registry.example/data:v1", 2, 2);
  node_.PutImage("registry.example/same-files:v1", 3, 2);
  const std::string key = std::string(kVolumes) + "/pod/" + std::string(volume.manifest.hex());
  node_.containerd.PutSnapshot(kNs, "overlayfs", key, ChainNumber(2).text(), SnapshotKind::kView);
  worker::ContainerFacts facts;
  facts.image_mounts = {{key + "/sub/folder", key}};
  node_.reader.PutContainer({facts});
  const auto bound = AtRuntime();
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Names(bound->volumes), ElementsAre("registry.example/data"));
  const std::vector<std::string> sources = {"/etc/hosts", key, std::string(kVolumes) + "-else/x"};
  EXPECT_THAT(Names(AtNri({}, sources).value().volumes), ElementsAre("registry.example/data"));
}

TEST_F(BindingTest, AVolumeIsJudgedHoweverContainerdsStateIsSpelled) {
  const testing::TempFolder folder;
  const std::string real = std::filesystem::canonical(folder.path()).string() + "/real";
  std::filesystem::create_directory(real);
  std::filesystem::create_directory_symlink(real, folder / "link");
  Binding binding(node_.containerd, node_.reader, node_.contents, folder / "link");
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  const auto volume = node_.PutImage("registry.example/data:v1", 2, 2);
  for (const std::string& state : {real, folder / "link", std::string("/spelled/otherwise")}) {
    const std::string folder_of_all = state + "/io.containerd.grpc.v1.cri/image-volumes";
    const std::string key = folder_of_all + "/pod/" + std::string(volume.manifest.hex());
    const auto at_nri = [&](const std::string& source) {
      return binding.Of({.ns = kNs, .id = "c1", .mount_sources = {source}}, testing::Soon());
    };
    EXPECT_THAT(at_nri(key), FailsWith(Reason::kImageUnknown)) << "without a snapshot: " << key;
    node_.containerd.PutSnapshot(kNs, "overlayfs", key, ChainNumber(2).text());
    for (const std::string& source : {key, key + "/sub/folder"}) {
      const auto bound = at_nri(source);
      ASSERT_THAT(bound, IsOk()) << source;
      EXPECT_THAT(Names(bound->volumes), ElementsAre("registry.example/data")) << source;
    }
    EXPECT_THAT(at_nri(folder_of_all + "-else/x").value().volumes, ::testing::IsEmpty());
  }
  // The runtime door has it looked for as the mount table spells it.
  ASSERT_THAT(
      binding.Of({.ns = kNs, .id = "c1", .files = &files_, .has_record = true}, testing::Soon()),
      IsOk());
  EXPECT_EQ(node_.reader.asked_volumes, real + "/io.containerd.grpc.v1.cri/image-volumes");
}

TEST_F(BindingTest, AVolumeWhosePathNamesAnotherManifestIsJudgedForItsFiles) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  node_.PutImage("registry.example/data:v1", 2, 2);
  const std::string key = std::string(kVolumes) + "/pod/" + std::string(64, 'f');
  node_.containerd.PutSnapshot(kNs, "overlayfs", key, ChainNumber(2).text());
  EXPECT_THAT(Names(AtNri({}, {key}).value().volumes), ElementsAre("registry.example/data"));
}

TEST_F(BindingTest, AClaimThatTheStoreDoesNotKnowChoosesNoPolicy) {
  node_.PutImage(testing::DigestNumber(5).text(), 2, 2);
  node_.PutContainer("c1", "lax.example/never-stored:v1", 2);
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kImageUnknown));
}

TEST_F(BindingTest, ASnapshotThatOnlyBearsAChainsNameIsAMismatch) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  // The committed snapshot has the image's chain id for a name, and other layers below it.
  node_.PutChain(7, "overlayfs");
  node_.containerd.PutSnapshot(kNs, "overlayfs", ChainNumber(1).text(), ChainNumber(7).text(),
                               SnapshotKind::kCommitted);
  EXPECT_THAT(AtRuntime(), FailsWith(Reason::kRootfsMismatch));
  EXPECT_THAT(AtNri({}), FailsWith(Reason::kRootfsMismatch));
}

TEST_F(BindingTest, AVolumeThatIsNoImageIsRefused) {
  node_.PutContainer("c1", "registry.example/app:v1", 1);
  const std::string folder = std::string(kVolumes) + "/";
  struct Case {
    std::string source;
    std::string snapshotter;
    int chain;
    Reason reason;
  };
  const std::vector<Case> cases = {
      {folder + "pod/none", "", 0, Reason::kImageUnknown},
      {folder + "pod", "", 0, Reason::kImageUnknown},
      {folder, "", 0, Reason::kImageUnknown},
      {folder + "pod/far", "stargz", 1, Reason::kRootfsUnprovable},
      {folder + "pod/nameless", "overlayfs", 7, Reason::kImageUnknown},
  };
  for (const Case& one : cases) {
    if (!one.snapshotter.empty()) {
      node_.PutChain(one.chain, one.snapshotter);
      node_.containerd.PutSnapshot(kNs, one.snapshotter, one.source, ChainNumber(one.chain).text());
    }
    EXPECT_THAT(AtNri({}, {one.source}), FailsWith(one.reason)) << one.source;
  }
}

}  // namespace
}  // namespace sigward::containerd
