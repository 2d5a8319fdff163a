// That no evidence takes another's room.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "layout_evidence_fixture.h"

namespace sigward::evidence {
namespace {

using base::Json;
using testing::BundleManifest;
using testing::DescriptorOf;
using testing::DigestOf;
using testing::IsOk;
using testing::LegacyManifest;
using testing::NamedAs;
using testing::TagOf;
using verifier::Digest;
using verifier::kOciIndexType;
using verifier::kOciManifestType;
using verifier::ObjectKind;

TEST_F(LayoutEvidenceTest, ManyOfOneRankDoNotPushOutThoseOfAnother) {
  const std::string signature = LegacyManifest("payload");
  layout_.Put(signature);
  layout_.Put("payload");
  layout_.Put("image");
  for (std::size_t i = 0; i < verifier::kMaxSignatures; ++i) {
    const std::string bundle = "junk " + std::to_string(i);
    layout_.Put(BundleManifest(image_, bundle));
    layout_.Put(bundle);
  }
  layout_.List({DescriptorOf("image", kOciManifestType, SavedAs("image")),
                DescriptorOf(signature, kOciManifestType, SavedAs("sigs"))});
  EXPECT_EQ(Found().size(), 2 * verifier::kMaxSignatures);
  EXPECT_TRUE(Found().contains("payload"));
}

TEST_F(LayoutEvidenceTest, AnIndexOfReferrersThatIsFullTakesNothingFromAnother) {
  const std::string manifest = BundleManifest(image_, "bundle");
  layout_.Put(manifest);
  layout_.Put("bundle");
  const std::string good = testing::IndexOf({DescriptorOf(manifest, kOciManifestType)});
  layout_.Put(good);
  listed_ = {DescriptorOf(good, kOciIndexType, NamedAs(TagOf(image_)))};
  for (const std::string name : {"one", "two"}) {
    std::vector<Json> junk;
    for (std::size_t i = 0; i < verifier::kMaxListedManifests; ++i) {
      junk.push_back(DescriptorOf(name + std::to_string(i), kOciManifestType));
    }
    const std::string full = testing::IndexOf(junk);
    layout_.Put(full);
    listed_.push_back(DescriptorOf(full, kOciIndexType, NamedAs(TagOf(DigestOf(name)))));
    listed_.insert(listed_.begin(), listed_.back());
  }
  layout_.List(listed_);
  EXPECT_EQ(Found(), BundleObjects("bundle"));
  clock_.Advance(kSettles);
  EXPECT_TRUE(Unread().starts_with("too-large: ")) << Unread();
  const int listings = reader_.listings;
  clock_.Advance(10 * kSettles);
  EXPECT_TRUE(Unread().starts_with("too-large: ")) << Unread();
  EXPECT_EQ(reader_.listings, listings) << "it is not read again and again";
}

/// A bundle for SUBJECT that has OTHER as a layer too.
std::string BundleManifestWith(const Digest& subject, const std::string& bundle,
                               const std::string& other) {
  Json manifest = Json::parse(BundleManifest(subject, bundle));
  manifest["layers"].push_back(DescriptorOf(other, kOciManifestType));
  return manifest.dump();
}

TEST_F(LayoutEvidenceTest, AManifestThatAnotherNamesAsItsLayerIsASignatureStill) {
  const std::string good = BundleManifest(image_, "bundle");
  const std::string evil = BundleManifestWith(image_, "evil", good);
  for (const std::string& bytes : {good, evil, std::string("bundle"), std::string("evil")}) {
    layout_.Put(bytes);
  }
  layout_.List({DescriptorOf(evil, kOciManifestType), DescriptorOf(good, kOciManifestType)});
  const auto found = Find();
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(std::ranges::any_of(found->entries, [&](const worker::EvidenceEntry& entry) {
    return entry.digest == DigestOf(good) && entry.kind == ObjectKind::kReferrerManifest &&
           entry.offered_for == image_.text();
  }));
}

TEST_F(LayoutEvidenceTest, ABundleThatATagCallsASignatureImageIsABundleStill) {
  const std::string good = BundleManifest(image_, "bundle");
  layout_.Put(good);
  layout_.Put("bundle");
  layout_.List({DescriptorOf(good, kOciManifestType, NamedAs(TagOf(image_) + ".sig")),
                DescriptorOf(good, kOciManifestType)});
  const auto found = Find();
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(std::ranges::count(found->entries, ObjectKind::kReferrerManifest,
                               &worker::EvidenceEntry::kind),
            1);
}

TEST_F(LayoutEvidenceTest, WhatFindsNoRoomIsTold) {
  // Each has as many layers as are told of one.
  const std::size_t fits = verifier::kMaxEvidenceObjects / (1 + worker::kMaxLayersInFacts);
  for (std::size_t i = 0; i <= fits; ++i) {
    EXPECT_EQ(Unread(), "") << i;
    Json manifest = Json::parse(LegacyManifest("payload " + std::to_string(i)));
    for (std::size_t n = 1; n < worker::kMaxLayersInFacts; ++n) {
      const std::string layer = std::to_string(i) + "." + std::to_string(n);
      layout_.Put(layer);
      manifest["layers"].push_back(DescriptorOf(layer, "text/plain"));
    }
    layout_.Put("payload " + std::to_string(i));
    layout_.Put(manifest.dump());
    listed_.push_back(
        DescriptorOf(manifest.dump(), kOciManifestType, NamedAs(TagOf(image_) + ".sig")));
    layout_.List(listed_);
  }
  EXPECT_EQ(Find()->entries.size(), verifier::kMaxEvidenceObjects);
  EXPECT_TRUE(Unread().starts_with("too-large: ")) << Unread();
}

}  // namespace
}  // namespace sigward::evidence
