#include "plugin/containerd/image_content.h"

#include <gtest/gtest.h>

#include "fake_node.h"
#include "result_matchers.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using worker::ImageObjectRole;

class ImageContentTest : public ::testing::Test {
 protected:
  base::Result<ImageContent> Of(const verifier::Digest& target) {
    return node_.contents.Of(testing::FakeNode::kNs, target, testing::Soon());
  }
  testing::FakeNode node_;
};

TEST_F(ImageContentTest, FollowsAnImageDownToItsChain) {
  for (const bool is_index : {false, true}) {
    const auto put = node_.PutImage("registry.example/app:v1", is_index ? 2 : 1, 1, is_index);
    const auto content = Of(put.target);
    ASSERT_THAT(content, IsOk());
    EXPECT_EQ(content->target, put.target);
    EXPECT_EQ(content->manifest, put.manifest);
    EXPECT_EQ(content->config, put.config);
    EXPECT_EQ(content->chain_id, put.chain_id);
  }
}

TEST_F(ImageContentTest, WhatIsNotWholeIsUnknown) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1, /*is_index=*/true);
  for (const auto& digest : {put.config, put.manifest, put.target}) {
    node_.containerd.RemoveContent(testing::FakeNode::kNs, digest);
    EXPECT_THAT(Of(put.target), FailsWith(Reason::kImageUnknown)) << digest.text();
  }
}

TEST_F(ImageContentTest, WhatWasReadOnceIsRemembered) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1, /*is_index=*/true);
  ASSERT_THAT(Of(put.target), IsOk());
  ASSERT_THAT(Of(put.target), IsOk());
  EXPECT_EQ(node_.reader.asked, 3);
}

TEST_F(ImageContentTest, AFailureIsNotRemembered) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1);
  node_.reader.Put(put.config, ImageObjectRole::kConfig, {Fail(Reason::kWorkerFailed, "died")});
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kWorkerFailed));
  node_.reader.Put(put.config, ImageObjectRole::kConfig,
                   {worker::ConfigFacts{put.chain_id, put.lineage}});
  EXPECT_THAT(Of(put.target), IsOk());
}

TEST_F(ImageContentTest, AnotherKindOfObjectThanExpectedIsRefused) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1, /*is_index=*/true);
  node_.reader.Put(put.manifest, ImageObjectRole::kManifest, {worker::IndexFacts{put.target}});
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kWrongType)) << "an index in an index";
  const auto two = node_.PutImage("registry.example/two:v1", 2, 2);
  node_.reader.Put(two.config, ImageObjectRole::kConfig, {worker::ManifestFacts{two.config, {}}});
  EXPECT_THAT(Of(two.target), FailsWith(Reason::kWrongType)) << "a manifest for a configuration";
}

TEST_F(ImageContentTest, ContainerdsFailureIsPassedOn) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1);
  node_.containerd.Break("Read " + put.target.text());
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kContainerdUnreachable));
  node_.containerd.Break("Read " + put.target.text(), Fail(Reason::kTooLarge, "too large"));
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::containerd
