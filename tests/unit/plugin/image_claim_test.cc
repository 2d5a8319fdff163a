#include "plugin/containerd/image_claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_node.h"
#include "result_matchers.h"

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
using worker::ImageObjectRole;

class ImageClaimTest : public ::testing::Test {
 protected:
  base::Result<std::vector<NamedImage>> Claimed(int chain, const std::string& claim) {
    const std::string ns = testing::FakeNode::kNs;
    return ImageSearch(node_.containerd, node_.contents, ns, testing::Soon())
        .Claimed(ChainNumber(chain), claim);
  }
  /// "REPOSITORY@NUMBER", and " moved" where the name means another image.
  static std::vector<std::string> Told(const base::Result<std::vector<NamedImage>>& images) {
    std::vector<std::string> told;
    EXPECT_THAT(images, IsOk());
    for (const NamedImage& image : images.ok() ? *images : std::vector<NamedImage>()) {
      int number = 0;
      while (number < 50 && testing::DigestNumber(10 * number) != image.content.target) {
        ++number;
      }
      told.push_back(image.name.name() + "@" + std::to_string(number) +
                     (image.moved ? " moved" : ""));
    }
    return told;
  }

  testing::FakeNode node_;
};

TEST(NamesNoRepositoryTest, KnowsIdsAndDanglingNames) {
  const std::string hex(64, 'a');
  for (const std::string& name :
       {"sha256:" + hex, hex, std::string("abcdef"), std::string("0123456789ab"),
        "moby-dangling@sha256:" + hex, std::string("moby-dangling@")}) {
    EXPECT_TRUE(NamesNoRepository(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("abcde"), std::string("nginx"), std::string("abcdefg"),
        "registry.example/app@sha256:" + hex, std::string("docker.io/library/abcdef:latest"),
        std::string("abcdef:v1")}) {
    EXPECT_FALSE(NamesNoRepository(name)) << name;
  }
}

TEST_F(ImageClaimTest, AClaimThatTheStoreResolvesCountsAlone) {
  node_.PutImage("registry.example/app:v1", 1, 1);
  node_.PutImage("other.example/same:v1", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")), ElementsAre("registry.example/app@1"));
}

TEST_F(ImageClaimTest, AnIndexIsFollowedToThePlatformsManifest) {
  const auto content = node_.PutImage("registry.example/app:v1", 1, 1, /*is_index=*/true);
  const auto images = Claimed(1, "registry.example/app:v1");
  ASSERT_THAT(Told(images), ElementsAre("registry.example/app@1"));
  EXPECT_EQ(images->front().content.manifest, content.manifest);
  EXPECT_EQ(images->front().content.config, content.config);
  EXPECT_EQ(images->front().media_type, "application/vnd.oci.image.index.v1+json");
}

TEST_F(ImageClaimTest, AShortNameIsNormalised) {
  node_.PutImage("docker.io/library/nginx:latest", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "nginx")), ElementsAre("docker.io/library/nginx@1"));
}

TEST_F(ImageClaimTest, ANameThatTheStoreHasAsItIsIsNormalisedForPolicies) {
  node_.PutImage("nginx", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "nginx")), ElementsAre("docker.io/library/nginx@1"));
}

TEST_F(ImageClaimTest, ATagGoesWhereADigestStands) {
  const std::string digest = testing::DigestNumber(10).text();
  node_.PutImage("registry.example/app@" + digest, 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1@" + digest)),
              ElementsAre("registry.example/app@1"));
}

TEST_F(ImageClaimTest, AMovedNameIsJudgedForWhatIsMounted) {
  node_.PutImage("registry.example/app:v1", 2, 2);
  node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")),
              ElementsAre("registry.example/app@1 moved"));
}

TEST_F(ImageClaimTest, AMovedNameHasEveryStoredNameOfTheMountedImageJudgedToo) {
  node_.PutImage("registry.example/app:v1", 2, 2);
  node_.PutImage("lax.example/copy:v1", 1, 1);
  node_.PutImage("lax.example/copy:v2", 1, 1);
  node_.PutImage("strict.example/copy:v1", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")),
              UnorderedElementsAre("registry.example/app@1 moved", "lax.example/copy@1 moved",
                                   "strict.example/copy@1 moved"));
}

TEST_F(ImageClaimTest, AnotherTagOfTheSameRepositoryIsNoMove) {
  node_.PutImage("registry.example/app:v1", 2, 2);
  node_.PutImage("registry.example/app:v0", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")), ElementsAre("registry.example/app@1"));
}

TEST_F(ImageClaimTest, ANameThatIsGoneIsJudgedForWhatIsMounted) {
  node_.PutImage("other.example/same:v1", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")),
              UnorderedElementsAre("registry.example/app@1 moved", "other.example/same@1 moved"));
}

TEST_F(ImageClaimTest, ANameWhoseImageIsNotWholeIsNoProof) {
  const auto content = node_.PutImage("registry.example/app:v1", 1, 1);
  node_.containerd.RemoveContent(testing::FakeNode::kNs, content.config);
  EXPECT_THAT(Claimed(1, "registry.example/app:v1"), FailsWith(Reason::kImageUnknown));
}

TEST_F(ImageClaimTest, MountedFilesOfNoImageAreRefusedWithBothChains) {
  node_.PutImage("registry.example/app:v1", 1, 1);
  const auto images = Claimed(2, "registry.example/app:v1");
  ASSERT_THAT(images, FailsWith(Reason::kRootfsMismatch));
  EXPECT_THAT(images.error().detail, HasSubstr(ChainNumber(1).text()));
  EXPECT_THAT(images.error().detail, HasSubstr(ChainNumber(2).text()));
  EXPECT_THAT(Claimed(2, "registry.example/gone:v1"), FailsWith(Reason::kImageUnknown));
}

TEST_F(ImageClaimTest, WithoutARepositoryEveryStoredNameCounts) {
  const auto content = node_.PutImage("registry.example/app:v1", 1, 1);
  node_.PutImage("lax.example/copy:v1", 1, 1);
  node_.PutImage("lax.example/other:v1", 2, 2);
  node_.PutImage("moby-dangling@" + content.target.text(), 1, 1);
  node_.PutImage(content.target.text(), 1, 1);
  for (const std::string& claim :
       {std::string(), content.target.text(), std::string(content.target.hex()),
        std::string(content.target.hex().substr(0, 12)), content.config.text(),
        "moby-dangling@" + content.target.text(), std::string("Not A Reference")}) {
    EXPECT_THAT(Told(Claimed(1, claim)),
                UnorderedElementsAre("registry.example/app@1", "lax.example/copy@1"))
        << claim;
  }
}

TEST_F(ImageClaimTest, ATenantsRepositoryThatLooksLikeAnIdSelectsNothingAlone) {
  node_.PutImage("docker.io/library/deadbeef:latest", 1, 1);
  node_.PutImage("strict.example/app:v1", 1, 1);
  EXPECT_THAT(Told(Claimed(1, "deadbeef")),
              UnorderedElementsAre("docker.io/library/deadbeef@1", "strict.example/app@1"));
}

TEST_F(ImageClaimTest, WithoutAnyNameTheImageIsUnknown) {
  const auto content = node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  for (const std::string& claim : {std::string(), content.target.text()}) {
    EXPECT_THAT(Claimed(1, claim), FailsWith(Reason::kImageUnknown)) << claim;
  }
}

TEST_F(ImageClaimTest, TwoImagesWithOneChainAreBothJudgedUnlessTheClaimSaysWhich) {
  node_.PutImage("registry.example/one:v1", 1, 1);
  node_.PutImage("registry.example/two:v1", 2, 1);
  EXPECT_THAT(Told(Claimed(1, "")),
              UnorderedElementsAre("registry.example/one@1", "registry.example/two@2"));
  EXPECT_THAT(Told(Claimed(1, "registry.example/two:v1")), ElementsAre("registry.example/two@2"));
}

TEST_F(ImageClaimTest, AMovedNameIsJudgedForEveryImageWithTheChain) {
  node_.PutImage("registry.example/app:v1", 3, 3);
  node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  node_.PutImage("moby-dangling@" + testing::DigestNumber(20).text(), 2, 1);
  EXPECT_THAT(Told(Claimed(1, "registry.example/app:v1")),
              UnorderedElementsAre("registry.example/app@1 moved", "registry.example/app@2 moved"));
}

TEST_F(ImageClaimTest, BrokenImagesBesideItHideNothing) {
  const auto broken = node_.PutImage("broken.example/app:v1", 1, 1);
  node_.PutImage("registry.example/app:v1", 2, 2);
  for (const Reason reason : {Reason::kDigestMismatch, Reason::kMalformed, Reason::kTooLarge}) {
    node_.reader.Put(broken.target, ImageObjectRole::kTarget, {Fail(reason, "broken")});
    EXPECT_THAT(Told(Claimed(2, "")), ElementsAre("registry.example/app@2"));
  }
}

TEST_F(ImageClaimTest, WhatCannotBeToldIsNeverLeftOut) {
  const auto unread = node_.PutImage("unread.example/app:v1", 1, 1);
  node_.PutImage("registry.example/app:v1", 2, 2);
  node_.reader.Put(unread.target, ImageObjectRole::kTarget, {Fail(Reason::kWorkerFailed, "died")});
  EXPECT_THAT(Claimed(2, ""), FailsWith(Reason::kWorkerFailed));
  EXPECT_THAT(Claimed(1, "unread.example/app:v1"), FailsWith(Reason::kWorkerFailed));
  node_.containerd.Break("FindImage");
  EXPECT_THAT(Claimed(2, "registry.example/app:v1"), FailsWith(Reason::kContainerdUnreachable));
  node_.containerd.Break("Images");
  EXPECT_THAT(Claimed(2, ""), FailsWith(Reason::kContainerdUnreachable));
}

TEST_F(ImageClaimTest, ADanglingImageThatCannotBeToldIsNotLeftOutOfAMove) {
  node_.PutImage("registry.example/app:v1", 3, 3);
  node_.PutImage("registry.example/same:v1", 2, 1);
  const auto dangling = node_.PutImage("moby-dangling@" + testing::DigestNumber(10).text(), 1, 1);
  node_.reader.Put(dangling.target, ImageObjectRole::kTarget, {Fail(Reason::kTimeout, "late")});
  EXPECT_THAT(Claimed(1, "registry.example/app:v1"), FailsWith(Reason::kTimeout));
}

TEST_F(ImageClaimTest, BoundsTheStoreItLooksThrough) {
  const auto fill = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      node_.containerd.PutImage(testing::FakeNode::kNs,
                                {"sha256:" + std::string(50, 'a') + std::to_string(10'000'000 + i),
                                 testing::DigestNumber(77), ""});
    }
  };
  node_.PutImage("registry.example/app:v1", 1, 1);
  fill(kMaxImagesSearched - 1);
  EXPECT_THAT(Claimed(1, ""), IsOk());
  fill(kMaxImagesSearched);
  EXPECT_THAT(Claimed(1, ""), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::containerd
