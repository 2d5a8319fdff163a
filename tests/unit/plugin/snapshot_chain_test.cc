#include "plugin/containerd/snapshot_chain.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fake_node.h"
#include "result_matchers.h"

namespace sigward::containerd {
namespace {

using base::Reason;
using testing::ChainNumber;
using testing::FailsWith;
using testing::IsOk;

class SnapshotChainTest : public ::testing::Test {
 protected:
  static constexpr const char* kNs = "default";

  SnapshotChainTest() { Commit(chain_, ""); }

  void Commit(const std::string& name, const std::string& parent,
              const std::string& snapshotter = "overlayfs") {
    node_.containerd.PutSnapshot(kNs, snapshotter, name, parent, SnapshotKind::kCommitted);
  }
  void Prepare(const std::string& parent, SnapshotKind kind = SnapshotKind::kActive,
               const std::string& snapshotter = "overlayfs") {
    node_.containerd.PutSnapshot(kNs, snapshotter, "c1", parent, kind);
  }
  base::Result<std::optional<RootSnapshot>> Find(const std::string& snapshotter = "overlayfs",
                                                 bool is_dockers = false) {
    return FindRootSnapshot(node_.containerd, kNs, snapshotter, "c1",
                            is_dockers ? Owner::kDocker : Owner::kRecord, testing::Soon());
  }
  void ExpectChain(const base::Result<std::optional<RootSnapshot>>& found,
                   const std::string& snapshotter = "overlayfs") {
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->snapshotter, snapshotter);
    EXPECT_EQ((*found)->key, "c1");
    EXPECT_EQ((*found)->chain_id.text(), chain_);
  }

  testing::FakeNode node_;
  const std::string chain_ = ChainNumber(1).text();
};

TEST(ProvesItsChainTest, HoldsForTheSnapshottersThatAreTestedOnly) {
  for (const char* name : {"overlayfs", "native"}) {
    EXPECT_TRUE(ProvesItsChain(name)) << name;
  }
  for (const char* name : {"stargz", "nydus", "soci", "devmapper", "btrfs", "zfs", "erofs",
                           "overlaybd", "fuse-overlayfs", "Overlayfs", "overlayfs2", ""}) {
    EXPECT_FALSE(ProvesItsChain(name)) << name;
  }
}

TEST_F(SnapshotChainTest, FindsTheChainInEachSnapshotter) {
  for (const char* snapshotter : {"overlayfs", "native", "stargz"}) {
    Commit(chain_, "", snapshotter);
    Prepare(chain_, SnapshotKind::kActive, snapshotter);
    ExpectChain(Find(snapshotter), snapshotter);
    ExpectChain(Find(""), snapshotter);
    node_.containerd.RemoveSnapshot(kNs, snapshotter, "c1");
  }
}

TEST_F(SnapshotChainTest, AViewHasAChainToo) {
  Prepare(chain_, SnapshotKind::kView);
  ExpectChain(Find());
}

TEST_F(SnapshotChainTest, TheRecordsSnapshotterIsTheOnlyOneLookedAt) {
  Prepare(chain_, SnapshotKind::kActive, "native");
  const auto found = Find("overlayfs");
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
}

TEST_F(SnapshotChainTest, AKeyInTwoSnapshottersIsAMismatch) {
  Commit(chain_, "", "stargz");
  Prepare(chain_);
  Prepare(chain_, SnapshotKind::kActive, "stargz");
  EXPECT_THAT(Find(""), FailsWith(Reason::kRootfsMismatch));
}

TEST_F(SnapshotChainTest, AnotherNamespacesSnapshotIsNotSeen) {
  node_.containerd.PutSnapshot("moby", "overlayfs", "c1", chain_);
  const auto found = Find("");
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
}

TEST_F(SnapshotChainTest, DockersInitLevelCountsForDockerOnly) {
  Commit("c1-init", chain_);
  Prepare("c1-init");
  ExpectChain(Find("", /*is_dockers=*/true));
  EXPECT_THAT(Find("", /*is_dockers=*/false), FailsWith(Reason::kImageUnknown));
}

TEST_F(SnapshotChainTest, DockersInitLevelIsOneCommittedLevelOfTheContainersOwn) {
  Prepare("c1-init");
  EXPECT_THAT(Find("", true), FailsWith(Reason::kRootfsMismatch)) << "not there";
  node_.containerd.PutSnapshot(kNs, "overlayfs", "c1-init", chain_, SnapshotKind::kActive);
  EXPECT_THAT(Find("", true), FailsWith(Reason::kRootfsMismatch)) << "not committed";
  Commit("c2-init", chain_);
  Prepare("c2-init");
  EXPECT_THAT(Find("", true), FailsWith(Reason::kImageUnknown)) << "another container's";
  Commit("c1-init", "c1-init-init");
  Commit("c1-init-init", chain_);
  Prepare("c1-init");
  EXPECT_THAT(Find("", true), FailsWith(Reason::kImageUnknown)) << "two levels";
}

TEST_F(SnapshotChainTest, TheUserNamespaceCopyStandsForItsChain) {
  Commit(chain_ + "-1000-65536", chain_);
  Prepare(chain_ + "-1000-65536");
  ExpectChain(Find());
  Commit("c1-init", chain_ + "-1000-65536");
  Prepare("c1-init");
  ExpectChain(Find("", true));
}

TEST_F(SnapshotChainTest, ACopyThatIsNotWhatItsNameSaysIsAMismatch) {
  const std::string other = ChainNumber(2).text();
  Commit(other, "");
  for (const std::string& below : {other, std::string(), chain_ + "-0-0"}) {
    Commit(chain_ + "-0-0", below);
    Prepare(chain_ + "-0-0");
    EXPECT_THAT(Find(), FailsWith(Reason::kRootfsMismatch)) << below;
  }
  node_.containerd.PutSnapshot(kNs, "overlayfs", chain_ + "-0-0", chain_, SnapshotKind::kActive);
  EXPECT_THAT(Find(), FailsWith(Reason::kRootfsMismatch)) << "not committed";
}

TEST_F(SnapshotChainTest, NamesThatAreNearlyThoseOfACopyAreNoImages) {
  for (const std::string tail :
       {"-", "-0", "-0-", "--0", "-0-x", "-0-0-0", "-a-0", "-0-12345678901", " -0-0"}) {
    Commit(chain_ + tail, chain_);
    Prepare(chain_ + tail);
    const auto found = Find();
    ASSERT_FALSE(found.ok()) << tail;
    EXPECT_FALSE(base::CouldNotTell(found.error().reason)) << tail;
  }
}

TEST_F(SnapshotChainTest, AnImagesLayerIsNoContainersSnapshot) {
  Prepare(chain_, SnapshotKind::kCommitted);
  EXPECT_THAT(Find(), FailsWith(Reason::kRootfsMismatch));
}

TEST_F(SnapshotChainTest, WhatStandsOnNothingOrOnNoDigestIsNoImage) {
  const std::string sha512 = "sha512:" + std::string(128, 'a');
  for (const std::string& parent : {std::string(), std::string("base"), std::string("sha256:abc"),
                                    sha512, std::string("extract-1 ") + chain_}) {
    Commit(parent, "");
    Prepare(parent);
    EXPECT_THAT(Find(), FailsWith(Reason::kImageUnknown)) << parent;
  }
}

TEST_F(SnapshotChainTest, AChainThatIsNotCommittedIsAMismatch) {
  const RootSnapshot root{"overlayfs", "c1", ChainNumber(2)};
  const auto lineage = [&] { return LineageBelow(node_.containerd, kNs, root, testing::Soon()); };
  EXPECT_THAT(lineage(), FailsWith(Reason::kRootfsMismatch));
  node_.containerd.PutSnapshot(kNs, "overlayfs", root.chain_id.text(), "", SnapshotKind::kActive);
  EXPECT_THAT(lineage(), FailsWith(Reason::kRootfsMismatch));
  node_.containerd.Break("StatSnapshot overlayfs/" + root.chain_id.text());
  EXPECT_THAT(lineage(), FailsWith(Reason::kContainerdUnreachable));
}

TEST_F(SnapshotChainTest, WhatContainerdDoesNotTellIsNotTold) {
  Prepare(chain_);
  node_.containerd.Break("StatSnapshot overlayfs");
  EXPECT_THAT(Find(), FailsWith(Reason::kContainerdUnreachable));
  node_.containerd.Break("Snapshotters");
  EXPECT_THAT(Find(""), FailsWith(Reason::kContainerdUnreachable));
}

TEST_F(SnapshotChainTest, ASnapshotterThatFailsHidesNothingThatAnotherHas) {
  Prepare(chain_);
  node_.containerd.Break("StatSnapshot stargz");
  ExpectChain(Find(""));
}

TEST_F(SnapshotChainTest, WhereNoneHasItAndOneFailsNothingCanBeTold) {
  node_.containerd.Break("StatSnapshot native");
  EXPECT_THAT(Find(""), FailsWith(Reason::kContainerdUnreachable));
}

}  // namespace
}  // namespace sigward::containerd
