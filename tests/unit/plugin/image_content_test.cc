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

TEST_F(ImageContentTest, AHostileObjectIsReadOnce) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1, /*is_index=*/true);
  using Place = std::pair<verifier::Digest, ImageObjectRole>;
  for (const auto& [digest, role] : {Place(put.config, ImageObjectRole::kConfig),
                                     Place(put.manifest, ImageObjectRole::kManifest),
                                     Place(put.target, ImageObjectRole::kTarget)}) {
    for (const Reason reason :
         {Reason::kMalformed, Reason::kDuplicateKey, Reason::kTooLarge, Reason::kUnsupportedFormat,
          Reason::kUnsupportedAlgorithm, Reason::kWrongType}) {
      ImageContents contents(node_.containerd, node_.reader, {"linux", "amd64", ""});
      node_.reader.Put(digest, role, {Fail(reason, "hostile")});
      node_.reader.asked = 0;
      const auto first = contents.Of(testing::FakeNode::kNs, put.target, testing::Soon());
      ASSERT_THAT(first, FailsWith(reason));
      const int asked = node_.reader.asked;
      const auto second = contents.Of(testing::FakeNode::kNs, put.target, testing::Soon());
      ASSERT_THAT(second, FailsWith(reason));
      EXPECT_EQ(second.error().detail, first.error().detail);
      EXPECT_EQ(node_.reader.asked, asked) << base::ReasonWord(reason);
    }
  }
}

TEST_F(ImageContentTest, AnObjectThatIsTooLargeIsReadOnce) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1);
  const std::string bytes(verifier::kMaxManifestBytes, ' ');
  node_.containerd.PutContent(testing::FakeNode::kNs, put.target, bytes + " ");
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kTooLarge));
  // Other bytes under the same digest stand for a second look at the store.
  node_.containerd.PutContent(testing::FakeNode::kNs, put.target, bytes);
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kTooLarge));
  EXPECT_EQ(node_.reader.asked, 0);
  const auto largest = node_.PutImage("registry.example/largest:v1", 2, 1);
  node_.containerd.PutContent(testing::FakeNode::kNs, largest.target, bytes);
  EXPECT_THAT(Of(largest.target), IsOk());
}

TEST_F(ImageContentTest, WhatCouldNotBeToldIsNotRemembered) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1);
  const auto fails = [&](Reason reason) {
    node_.reader.Put(put.config, ImageObjectRole::kConfig, {Fail(reason, "for now")});
    EXPECT_THAT(Of(put.target), FailsWith(reason));
  };
  for (const Reason reason : {Reason::kWorkerFailed, Reason::kTimeout, Reason::kProtocol,
                              Reason::kOverloaded, Reason::kDigestMismatch}) {
    fails(reason);
  }
  // Neither is what was not here.
  node_.containerd.RemoveContent(testing::FakeNode::kNs, put.config);
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kImageUnknown));
  node_.containerd.PutContent(testing::FakeNode::kNs, put.config);
  node_.containerd.Break("Read " + put.config.text());
  EXPECT_THAT(Of(put.target), FailsWith(Reason::kContainerdUnreachable));
  node_.containerd.Break("Read " + put.config.text(), std::nullopt);
  node_.reader.Put(put.config, ImageObjectRole::kConfig,
                   {worker::ConfigFacts{put.chain_id, put.lineage}});
  EXPECT_THAT(Of(put.target), IsOk());
}

TEST_F(ImageContentTest, AFailureInOneRoleIsNoneInAnother) {
  const auto put = node_.PutImage("registry.example/app:v1", 1, 1);
  const auto facts = [&](ImageObjectRole role) {
    return node_.contents.Facts(testing::FakeNode::kNs, put.target, role, testing::Soon());
  };
  node_.reader.Put(put.target, ImageObjectRole::kConfig, {Fail(Reason::kMalformed, "no config")});
  EXPECT_THAT(facts(ImageObjectRole::kConfig), FailsWith(Reason::kMalformed));
  EXPECT_THAT(facts(ImageObjectRole::kTarget), IsOk());
}

TEST_F(ImageContentTest, AllIsForgottenWhenThereIsTooMuch) {
  const auto first = node_.PutImage("registry.example/app:v1", 1, 1);
  const auto hostile = [](int number) { return testing::DigestNumber(2'000'000 + number); };
  const auto ask = [&](const verifier::Digest& digest) {
    return node_.contents.Facts(testing::FakeNode::kNs, digest, ImageObjectRole::kTarget,
                                testing::Soon());
  };
  EXPECT_THAT(ask(first.target), IsOk());
  const int others = static_cast<int>(evidence::kMaxRememberedObjects) - 1;
  for (int i = 0; i < others; ++i) {
    node_.containerd.PutContent(testing::FakeNode::kNs, hostile(i), "");
    ASSERT_THAT(ask(hostile(i)), FailsWith(Reason::kWrongType));
  }
  const int asked = node_.reader.asked;
  EXPECT_THAT(ask(first.target), IsOk());
  EXPECT_EQ(node_.reader.asked, asked) << "as many as may be";
  node_.containerd.PutContent(testing::FakeNode::kNs, hostile(others), "");
  EXPECT_THAT(ask(hostile(others)), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ask(first.target), IsOk());
  EXPECT_EQ(node_.reader.asked, asked + 2) << "one more";
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
