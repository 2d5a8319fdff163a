#include "plugin/evidence/layout_evidence.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "layout_evidence_fixture.h"

namespace sigward::evidence {
namespace {

using base::Reason;
using testing::BundleManifest;
using testing::DescriptorOf;
using testing::DigestOf;
using testing::IsOk;
using testing::LegacyManifest;
using testing::NamedAs;
using testing::TagOf;
using verifier::kOciIndexType;
using verifier::kOciManifestType;
using verifier::ObjectKind;

TEST_F(LayoutEvidenceTest, NothingThereIsNoError) {
  EXPECT_TRUE(Found().empty());
  EXPECT_EQ(Unread(), "");
}

TEST_F(LayoutEvidenceTest, FindsASignatureImageByItsTag) {
  const std::string manifest = LegacyManifest("payload");
  layout_.Put(manifest);
  layout_.Put("payload");
  layout_.List({DescriptorOf(manifest, kOciManifestType, NamedAs(TagOf(image_) + ".sig"))});
  const std::map<std::string, ObjectKind> expected = {{manifest, ObjectKind::kLegacyManifest},
                                                      {"payload", ObjectKind::kBlob}};
  EXPECT_EQ(Found(), expected);
  EXPECT_EQ(Find()->entries[0].offered_for, image_.text());
  EXPECT_TRUE(Found(DigestOf("another")).empty());
}

TEST_F(LayoutEvidenceTest, FindsABundleByItsSubject) {
  PutBundle("bundle");
  EXPECT_EQ(Found(), BundleObjects("bundle"));
  EXPECT_TRUE(Found(DigestOf("another")).empty());
}

TEST_F(LayoutEvidenceTest, FindsBundlesBehindTheTagOfReferrers) {
  for (const bool is_index : {true, false}) {
    const std::string manifest = BundleManifest(image_, "bundle");
    layout_.Put(manifest);
    layout_.Put("bundle");
    const std::string index = testing::IndexOf({DescriptorOf(manifest, kOciManifestType)});
    layout_.Put(index);
    layout_.List(
        {DescriptorOf(is_index ? index : manifest, is_index ? kOciIndexType : kOciManifestType,
                      NamedAs(TagOf(image_)))});
    EXPECT_EQ(Found(), BundleObjects("bundle"));
  }
}

TEST_F(LayoutEvidenceTest, FindsWhatCosignSaves) {
  const std::string signature = LegacyManifest("payload");
  const std::string manifest = BundleManifest(image_, "bundle");
  for (const std::string& bytes :
       {signature, std::string("payload"), manifest, std::string("bundle"), std::string("image")}) {
    layout_.Put(bytes);
  }
  layout_.List({DescriptorOf("image", kOciManifestType, SavedAs("image")),
                DescriptorOf(signature, kOciManifestType, SavedAs("sigs"))});
  auto expected = BundleObjects("bundle");
  expected.emplace(signature, ObjectKind::kLegacyManifest);
  expected.emplace("payload", ObjectKind::kBlob);
  EXPECT_EQ(Found(), expected) << "its bundle is listed nowhere";
  EXPECT_TRUE(Found(DigestOf("another")).empty());
}

TEST_F(LayoutEvidenceTest, ASignatureOfThisNodesManifestCountsForTheIndex) {
  const std::string index = testing::IndexOf({DescriptorOf(
      "image", kOciManifestType, {{"platform", {{"os", "linux"}, {"architecture", "amd64"}}}})});
  PutBundle("bundle");
  layout_.Put(index);
  auto expected = BundleObjects("bundle");
  expected.emplace(index, ObjectKind::kImageIndex);
  EXPECT_EQ(Found(DigestOf(index)), expected);
}

TEST_F(LayoutEvidenceTest, WhatAnIndexSaysIsRememberedUntilItChanges) {
  PutBundle("bundle");
  EXPECT_EQ(Found().size(), 2U);
  EXPECT_TRUE(Found(DigestOf("another")).empty());
  EXPECT_EQ(reader_.listings, 1);
  clock_.Advance(kSettles);
  EXPECT_EQ(Found().size(), 2U);
  EXPECT_EQ(reader_.listings, 2) << "once more when it has settled";
  clock_.Advance(10 * kSettles);
  EXPECT_EQ(Found().size(), 2U);
  EXPECT_EQ(reader_.listings, 2);
  PutBundle("second");
  EXPECT_EQ(Found().size(), 4U);
  EXPECT_EQ(reader_.listings, 3);
}

TEST_F(LayoutEvidenceTest, ABlobThatComesLaterIsFound) {
  PutBundle("bundle");
  std::filesystem::remove(layout_.BlobPath(BundleManifest(image_, "bundle")));
  EXPECT_TRUE(Found().empty());
  layout_.Put(BundleManifest(image_, "bundle"));
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, ALayoutThatChangesWhileItIsReadIsReadAgain) {
  PutBundle("bundle");
  bool first = true;
  reader_.on_listing = [&] {
    if (std::exchange(first, false)) {
      PutBundle("second");
    }
  };
  EXPECT_EQ(Found().size(), 4U);
  EXPECT_EQ(reader_.listings, 2);
  reader_.on_listing = [&] { PutBundle("more"); };
  PutBundle("third");
  EXPECT_EQ(Find()->unread.size(), 0U);
  EXPECT_EQ(reader_.listings, 2 + kMaxReadings)
      << "one that never stands still is not read for ever";
}

TEST_F(LayoutEvidenceTest, ATruncatedIndexIsToldAndNotRememberedLongerThanItIs) {
  PutBundle("bundle");
  layout_.Write("index.json", R"({"schemaVersion":2,"manif)");
  EXPECT_TRUE(Unread().starts_with("malformed: index.json: ")) << Unread();
  layout_.List(listed_);
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, ALayoutThatIsTooLargeSaysSo) {
  for (std::size_t i = 0; i < verifier::kMaxListedManifests; ++i) {
    listed_.push_back(DescriptorOf("absent " + std::to_string(i), kOciManifestType));
  }
  layout_.List(listed_);
  EXPECT_EQ(Unread(), "");
  listed_.push_back(DescriptorOf("one more", kOciManifestType));
  layout_.List(listed_);
  EXPECT_TRUE(Unread().starts_with("too-large: ")) << Unread();
  layout_.Write("index.json", std::string(verifier::kMaxListingBytes + 1, ' '));
  EXPECT_TRUE(Unread().starts_with("too-large: ")) << Unread();
}

TEST_F(LayoutEvidenceTest, SignaturesOfOneImageAreBoundedAndTheLikeliestFirst) {
  const std::string predicate = R"(,"annotations":{"dev.sigstore.bundle.predicateType":)";
  const auto put = [&](const std::string& bundle, const std::string& type) {
    std::string manifest = BundleManifest(image_, bundle);
    manifest.pop_back();
    manifest += predicate + "\"" + type + "\"}}";
    layout_.Put(manifest);
    layout_.Put(bundle);
    listed_.push_back(DescriptorOf(manifest, kOciManifestType));
  };
  for (std::size_t i = 0; i < verifier::kMaxSignatures; ++i) {
    put("attestation " + std::to_string(i), "https://slsa.dev/provenance/v1");
  }
  put("signature", "https://sigstore.dev/cosign/sign/v1");
  layout_.List(listed_);
  EXPECT_EQ(Found().size(), 2 * verifier::kMaxSignatures);
  EXPECT_TRUE(Found().contains("signature"));
}

// ---- what a hand that is not root's can do ------------------------------------------------------

TEST_F(LayoutEvidenceTest, AFolderThatOthersCanWriteIsNotRead) {
  PutBundle("bundle");
  ASSERT_EQ(chown(layout_.path().c_str(), 65534, 0), 0);
  EXPECT_EQ(Unread(), "io-failed: " + layout_.path() + " is not owned by root");
  ASSERT_EQ(chown(layout_.path().c_str(), 0, 0), 0);
  ASSERT_EQ(chmod(layout_.path().c_str(), 0777), 0);
  EXPECT_EQ(Unread(), "io-failed: " + layout_.path() + " may be written by group or others");
  ASSERT_EQ(chmod(layout_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((layout_.path() + "/blobs/sha256").c_str(), 0777), 0);
  EXPECT_EQ(Unread(),
            "io-failed: " + layout_.path() + "/blobs/sha256 may be written by group or others");
  ASSERT_EQ(chmod((layout_.path() + "/blobs/sha256").c_str(), 0755), 0);
  ASSERT_EQ(chown((layout_.path() + "/index.json").c_str(), 65534, 0), 0);
  EXPECT_EQ(Unread(), "io-failed: " + layout_.path() + "/index.json is not owned by root");
  ASSERT_EQ(chown((layout_.path() + "/index.json").c_str(), 0, 0), 0);
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, LinksAreNotFollowed) {
  PutBundle("bundle");
  const std::string blob = layout_.BlobPath(BundleManifest(image_, "bundle"));
  std::filesystem::rename(blob, blob + ".real");
  std::filesystem::create_symlink(blob + ".real", blob);
  EXPECT_EQ(Unread(), "io-failed: " + blob + " is a symbolic link, or lies behind one");
  std::filesystem::remove(blob);
  std::filesystem::rename(blob + ".real", blob);
  EXPECT_EQ(Unread(), "");
  std::filesystem::rename(layout_.path() + "/blobs", layout_.path() + "/moved");
  std::filesystem::create_symlink("moved", layout_.path() + "/blobs");
  EXPECT_TRUE(Unread().ends_with("is a symbolic link, or lies behind one")) << Unread();
}

TEST_F(LayoutEvidenceTest, AFifoInPlaceOfAFileKeepsNobodyWaiting) {
  PutBundle("first");
  PutBundle("bundle");
  for (const std::string& path :
       {layout_.BlobPath(BundleManifest(image_, "first")), layout_.BlobPath("first")}) {
    std::filesystem::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  }
  EXPECT_TRUE(Unread().ends_with("is not a regular file")) << Unread();
  EXPECT_EQ(Found(), BundleObjects("bundle")) << "it hides no other";
  std::filesystem::remove(layout_.path() + "/index.json");
  ASSERT_EQ(mkfifo((layout_.path() + "/index.json").c_str(), 0600), 0);
  EXPECT_EQ(Unread(), "io-failed: " + layout_.path() + "/index.json is not a regular file");
}

TEST_F(LayoutEvidenceTest, ASpoiltBlobIsLookedAtAgain) {
  PutBundle("bundle");
  const std::string blob = layout_.BlobPath(BundleManifest(image_, "bundle"));
  ASSERT_EQ(chown(blob.c_str(), 65534, 0), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Unread(), "io-failed: " + blob + " is not owned by root");
    clock_.Advance(kSettles);
  }
  ASSERT_EQ(chown(blob.c_str(), 0, 0), 0);
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, ABlobThatIsNotItsDigestsHidesNothing) {
  PutBundle("first");
  PutBundle("bundle");
  layout_.Write("blobs/sha256/" + std::string(DigestOf(BundleManifest(image_, "first")).hex()),
                BundleManifest(image_, "swapped"));
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, AMissingLayoutIsTold) {
  std::filesystem::remove_all(layout_.path());
  EXPECT_TRUE(Unread().starts_with("io-failed: " + layout_.path() + " cannot be opened"))
      << Unread();
}

TEST_F(LayoutEvidenceTest, OneLayoutHidesNoOther) {
  const testing::LayoutFolder other("other");
  LayoutEvidence both({layout_.path() + "-missing", other.path(), layout_.path()}, facts_);
  PutBundle("bundle");
  const auto found = both.Find(verifier::ImageRef::Parse("registry.example/app").value(), image_,
                               {}, base::Deadline::After(std::chrono::seconds(5)));
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->entries.size(), 2U);
  ASSERT_EQ(found->unread.size(), 1U);
  EXPECT_EQ(found->unread[0].place, "layout " + layout_.path() + "-missing");
}

TEST_F(LayoutEvidenceTest, WhatAChildCouldNotTellIsToldAndNotRemembered) {
  PutBundle("bundle");
  reader_.fails = base::Fail(Reason::kWorkerFailed, "died");
  EXPECT_EQ(Unread(), "worker-failed: index.json: died");
  reader_.fails.reset();
  EXPECT_EQ(Found(), BundleObjects("bundle"));
}

TEST_F(LayoutEvidenceTest, ManyWhoAskAtOnceHaveItReadOnce) {
  PutBundle("bundle");
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Find()->entries.size(), 2U); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(reader_.listings, 1);
}

}  // namespace
}  // namespace sigward::evidence
