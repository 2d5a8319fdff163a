#include "plugin/containerd/content_evidence.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fake_node.h"
#include "layout_folder.h"
#include "plugin/gate/evidence_store.h"
#include "result_matchers.h"
#include "temp_folder.h"
#include "verifier/evidence.h"

namespace sigward::containerd {
namespace {

using base::Fail;
using base::Reason;
using testing::DigestNumber;
using testing::DigestOf;
using testing::FailsWith;
using testing::IsOk;
using verifier::Digest;
using verifier::ObjectKind;
using worker::ImageObjectRole;

const std::vector<policy::SignatureSource> kBesideTheImage = {{}};

class ContentEvidenceTest : public ::testing::Test {
 protected:
  /// Puts a signature image of kSubject with LAYERS, as an import does.
  void PutSignature(const std::string& bytes, const std::vector<std::string>& layers,
                    const std::string& ns = "default",
                    const std::string& repository = "registry.example/app",
                    const std::string& prefix = "") {
    const Digest target = DigestOf(bytes);
    node_.containerd.PutImage(
        ns,
        {repository + ":" + prefix + "sha256-" + std::string(subject_.hex()) + ".sig", target, ""});
    node_.containerd.PutContent(ns, target, bytes);
    worker::ManifestFacts facts{DigestNumber(5), {}};
    for (const std::string& layer : layers) {
      node_.containerd.PutContent(ns, DigestOf(layer), layer);
      facts.layers.push_back(DigestOf(layer));
    }
    node_.reader.Put(target, ImageObjectRole::kTarget, {facts});
  }
  base::Result<worker::EvidenceSet> Find(
      const std::vector<policy::SignatureSource>& sources = kBesideTheImage) {
    return evidence_.Find(verifier::ImageRef::Parse("registry.example/app:v1").value(), subject_,
                          sources, testing::Soon());
  }
  static std::map<std::string, ObjectKind> ObjectsOf(
      const base::Result<worker::EvidenceSet>& found) {
    std::map<std::string, ObjectKind> objects;
    EXPECT_THAT(found, IsOk());
    if (found.ok()) {
      for (const worker::EvidenceEntry& entry : found->entries) {
        objects.emplace(base::AsText(found->memory.bytes().subspan(entry.offset, entry.size)),
                        entry.kind);
      }
    }
    return objects;
  }

  const Digest subject_ = DigestNumber(1);
  testing::FakeNode node_;
  ContentEvidence evidence_{node_.containerd, node_.contents};
};

TEST_F(ContentEvidenceTest, FindsWhatWasImportedBesideTheImage) {
  PutSignature("manifest", {"one", "two"});
  const auto found = Find();
  const std::map<std::string, ObjectKind> expected = {{"manifest", ObjectKind::kLegacyManifest},
                                                      {"one", ObjectKind::kBlob},
                                                      {"two", ObjectKind::kBlob}};
  EXPECT_EQ(ObjectsOf(found), expected);
  EXPECT_EQ(found->entries[0].offered_for, subject_.text());
  EXPECT_EQ(found->entries[1].offered_for, "");
}

TEST_F(ContentEvidenceTest, ItIsLookedForInEveryNamespaceAndTakenOnce) {
  PutSignature("manifest", {"one"}, "a");
  PutSignature("manifest", {"one"}, "b");
  PutSignature("another", {"one", "two"}, "c");
  EXPECT_EQ(Find()->entries.size(), 4U);
  EXPECT_EQ(ObjectsOf(Find()).size(), 4U);
}

TEST_F(ContentEvidenceTest, NothingThereIsNoError) {
  EXPECT_TRUE(ObjectsOf(Find()).empty());
  PutSignature("manifest", {"one"}, "default", "other.example/app");
  EXPECT_TRUE(ObjectsOf(Find()).empty()) << "another repository's";
}

TEST_F(ContentEvidenceTest, OtherRepositoriesAndPrefixesAreLookedAtWhereAPolicySaysSo) {
  PutSignature("manifest", {"one"}, "a", "other.example/sigs", "rel-");
  PutSignature("beside", {"two"}, "b");
  EXPECT_EQ(ObjectsOf(Find()).count("manifest"), 0U);
  const auto source = policy::SignatureSource::Of("other.example/sigs", "rel-").value();
  const auto found = ObjectsOf(Find({source}));
  EXPECT_EQ(found.count("manifest"), 1U);
  EXPECT_EQ(found.count("one"), 1U);
  EXPECT_EQ(found.count("beside"), 0U) << "nobody looks there";
  EXPECT_EQ(ObjectsOf(Find({policy::SignatureSource(), source})).size(), 4U);
  EXPECT_TRUE(
      ObjectsOf(Find({policy::SignatureSource::Of("other.example/sigs", "").value()})).empty());
  EXPECT_TRUE(ObjectsOf(Find({policy::SignatureSource::Of("", "rel-").value()})).empty());
}

TEST_F(ContentEvidenceTest, ABrokenSignatureImageHidesNothing) {
  PutSignature("broken", {"one"}, "a");
  PutSignature("manifest", {"two"}, "b");
  for (const auto& answer : std::vector<testing::FakeReader::Answer>{
           {Fail(Reason::kMalformed, "broken")},
           {Fail(Reason::kDigestMismatch, "broken")},
           {worker::ImageObjectFacts(worker::IndexFacts{DigestNumber(3)})}}) {
    node_.reader.Put(DigestOf("broken"), ImageObjectRole::kTarget, answer);
    // Facts are remembered by digest: a fresh memory for each.
    ImageContents contents(node_.containerd, node_.reader, {"linux", "amd64", ""});
    ContentEvidence evidence(node_.containerd, contents);
    const auto found = evidence.Find(verifier::ImageRef::Parse("registry.example/app").value(),
                                     subject_, kBesideTheImage, testing::Soon());
    const std::map<std::string, ObjectKind> expected = {{"manifest", ObjectKind::kLegacyManifest},
                                                        {"two", ObjectKind::kBlob}};
    EXPECT_EQ(ObjectsOf(found), expected);
  }
}

TEST_F(ContentEvidenceTest, AMissingLayerIsLeftOut) {
  PutSignature("manifest", {"one", "two"});
  node_.containerd.RemoveContent("default", DigestOf("one"));
  const std::map<std::string, ObjectKind> expected = {{"manifest", ObjectKind::kLegacyManifest},
                                                      {"two", ObjectKind::kBlob}};
  EXPECT_EQ(ObjectsOf(Find()), expected);
}

TEST_F(ContentEvidenceTest, FindsBundlesBehindTheTagOfReferrers) {
  const std::string bundle = testing::BundleManifest(subject_, "bundle");
  const std::string others = testing::BundleManifest(DigestNumber(7), "others");
  const std::string index =
      testing::IndexOf({testing::DescriptorOf(bundle, verifier::kOciManifestType),
                        testing::DescriptorOf(others, verifier::kOciManifestType)});
  for (const std::string& bytes : {bundle, others, index, std::string("bundle")}) {
    node_.containerd.PutContent("default", DigestOf(bytes), bytes);
  }
  node_.reader.Put(DigestOf(bundle), ImageObjectRole::kTarget,
                   {worker::ManifestFacts{DigestNumber(5), {DigestOf("bundle")}}});
  const std::map<std::string, ObjectKind> expected = {{bundle, ObjectKind::kReferrerManifest},
                                                      {"bundle", ObjectKind::kBlob}};
  // skopeo leaves the one referrer itself under the index's name.
  for (const std::string& target : {index, bundle}) {
    node_.containerd.PutImage(
        "default", {"registry.example/app:" + testing::TagOf(subject_), DigestOf(target), ""});
    EXPECT_EQ(ObjectsOf(Find()), expected);
  }
  node_.containerd.Break("Read " + DigestOf(bundle).text());
  EXPECT_THAT(Find(), FailsWith(Reason::kContainerdUnreachable));
}

TEST_F(ContentEvidenceTest, ASignatureOfThisNodesManifestCountsForTheIndex) {
  const std::string index = "index";
  node_.containerd.PutContent("default", DigestOf(index), index);
  node_.reader.Put(DigestOf(index), ImageObjectRole::kTarget, {worker::IndexFacts{subject_}});
  const auto find = [&] {
    return evidence_.Find(verifier::ImageRef::Parse("registry.example/app:v1").value(),
                          DigestOf(index), kBesideTheImage, testing::Soon());
  };
  EXPECT_TRUE(ObjectsOf(find()).empty()) << "an index alone is no evidence";
  PutSignature("manifest", {"one"});
  const std::map<std::string, ObjectKind> expected = {{"manifest", ObjectKind::kLegacyManifest},
                                                      {"one", ObjectKind::kBlob},
                                                      {index, ObjectKind::kImageIndex}};
  EXPECT_EQ(ObjectsOf(find()), expected);
}

TEST_F(ContentEvidenceTest, WhatCannotBeReadIsTold) {
  PutSignature("manifest", {"one"});
  for (const std::string call : {"Namespaces", "FindImage"}) {
    node_.containerd.Break(call);
    EXPECT_THAT(Find(), FailsWith(Reason::kContainerdUnreachable)) << call;
    node_.containerd.Break(call, std::nullopt);
  }
  ImageContents contents(node_.containerd, node_.reader, {"linux", "amd64", ""});
  node_.reader.Put(DigestOf("manifest"), ImageObjectRole::kTarget,
                   {Fail(Reason::kWorkerFailed, "died")});
  ContentEvidence evidence(node_.containerd, contents);
  EXPECT_THAT(evidence.Find(verifier::ImageRef::Parse("registry.example/app").value(), subject_,
                            kBesideTheImage, testing::Soon()),
              FailsWith(Reason::kWorkerFailed));
}

TEST_F(ContentEvidenceTest, WhatCannotBeReadHidesNothingElse) {
  PutSignature("broken", {"one"}, "a");
  PutSignature("manifest", {"two"}, "b");
  const std::string many = testing::IndexOf(std::vector<base::Json>(
      verifier::kMaxListedManifests + 1, testing::DescriptorOf("x", verifier::kOciManifestType)));
  node_.containerd.PutContent("a", DigestOf(many), many);
  const auto expect_told = [&](Reason reason) {
    const auto found = Find();
    EXPECT_EQ(ObjectsOf(found).count("two"), 1U);
    ASSERT_THAT(found, IsOk());
    ASSERT_EQ(found->unread.size(), 1U);
    EXPECT_EQ(found->unread[0].error.reason, reason);
  };
  EXPECT_TRUE(Find()->unread.empty());
  node_.containerd.Break("Read " + DigestOf("one").text());
  expect_told(Reason::kContainerdUnreachable);
  node_.containerd.Break("Read " + DigestOf("one").text(), std::nullopt);
  node_.containerd.PutImage(
      "a", {"registry.example/app:" + testing::TagOf(subject_), DigestOf(many), ""});
  expect_told(Reason::kTooLarge);
}

TEST_F(ContentEvidenceTest, ObjectsAndBytesAreBounded) {
  std::vector<std::string> layers;
  for (int i = 0; i < 100; ++i) {
    layers.push_back("layer " + std::to_string(i));
  }
  for (int i = 0; i < 6; ++i) {
    PutSignature("manifest " + std::to_string(i), layers, "ns" + std::to_string(i));
    for (std::string& layer : layers) {
      layer += "+";
    }
  }
  EXPECT_EQ(Find()->entries.size(), std::min<std::size_t>(verifier::kMaxEvidenceObjects, 606));
  const std::string big(verifier::kMaxManifestBytes, 'b');
  PutSignature("manifest 0", {big, big + "b", "small"}, "ns0");
  EXPECT_LE(Find()->memory.bytes().size(), verifier::kMaxEvidenceBytes);
}

TEST_F(ContentEvidenceTest, WhatWasFoundCanBeKept) {
  PutSignature("manifest", {"one"});
  const testing::TempFolder folder;
  gate::EvidenceStore store(folder / "evidence");
  ASSERT_THAT(store.Open(), IsOk());
  ASSERT_THAT(store.Keep(subject_, *Find(), std::vector{DigestOf("manifest"), DigestOf("one")}),
              IsOk());
  const auto kept = store.Load(subject_);
  ASSERT_THAT(kept, IsOk());
  ASSERT_TRUE(kept->has_value());
  EXPECT_EQ((*kept)->entries.size(), 2U);
}

}  // namespace
}  // namespace sigward::containerd
