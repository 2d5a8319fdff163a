#include "verifier/signature_listing.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/strict_json.h"
#include "result_matchers.h"
#include "verifier/manifest.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

constexpr const char* kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

Digest DigestOf(const std::string& text) {
  return Digest::Of(base::AsBytes(text));
}

Json Descriptor(const std::string& of, const Json& more = Json::object()) {
  Json out = {{"mediaType", kOciManifestType}, {"digest", DigestOf(of).text()}, {"size", 7}};
  out.update(more);
  return out;
}

Json Named(const std::string& name) {
  return {{"annotations", {{"org.opencontainers.image.ref.name", name}}}};
}

Json Saved(const std::string& kind) {
  return {{"annotations", {{"kind", "dev.cosignproject.cosign/" + kind}}}};
}

Json IndexOf(const std::vector<Json>& manifests) {
  return {{"schemaVersion", 2}, {"manifests", manifests}};
}

base::Result<std::vector<ListedManifest>> List(const Json& index) {
  return ListSignatures(base::AsBytes(index.dump()));
}

/// What is said of the only manifest; nothing when it is left out.
std::optional<ListedAs> SaidOf(const Json& descriptor) {
  const auto listed = List(IndexOf({descriptor}));
  EXPECT_THAT(listed, IsOk());
  return listed.ok() && listed->size() == 1 ? std::optional(listed->front().as) : std::nullopt;
}

std::string TagOf(const std::string& subject) {
  return "sha256-" + std::string(DigestOf(subject).hex());
}

TEST(SignatureListingTest, TagsNameTheirSubject) {
  const auto listed =
      List(IndexOf({Descriptor("a", Named(TagOf("x") + ".sig")), Descriptor("b", Named(TagOf("y"))),
                    Descriptor("c", Named("registry.example:5000/app:" + TagOf("z") + ".sig"))}));
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->size(), 3U);
  EXPECT_EQ((*listed)[0].as, ListedAs::kSignatureTag);
  EXPECT_EQ((*listed)[0].digest, DigestOf("a"));
  EXPECT_EQ((*listed)[0].subject, DigestOf("x"));
  EXPECT_EQ((*listed)[1].as, ListedAs::kReferrersTag);
  EXPECT_EQ((*listed)[1].subject, DigestOf("y"));
  EXPECT_EQ((*listed)[2].as, ListedAs::kSignatureTag);
  EXPECT_EQ((*listed)[2].subject, DigestOf("z"));
}

TEST(SignatureListingTest, WhatCosignSavesIsMarked) {
  EXPECT_EQ(SaidOf(Descriptor("a", Saved("image"))), ListedAs::kSavedImage);
  EXPECT_EQ(SaidOf(Descriptor("a", Saved("imageIndex"))), ListedAs::kSavedImage);
  EXPECT_EQ(SaidOf(Descriptor("a", Saved("sigs"))), ListedAs::kSavedSignatures);
  EXPECT_EQ(SaidOf(Descriptor("a", Saved("atts"))), std::nullopt);
}

TEST(SignatureListingTest, WhatIsUnnamedMayBeAReferrerAndOtherImagesMayNot) {
  EXPECT_EQ(SaidOf(Descriptor("a")), ListedAs::kUntold);
  EXPECT_EQ(SaidOf(Descriptor("a", {{"artifactType", "wrong"}})), ListedAs::kUntold);
  EXPECT_EQ(SaidOf(Descriptor("a", Named("v1"))), std::nullopt);
  EXPECT_EQ(SaidOf(Descriptor("a", Named("sha256-abc.sig"))), std::nullopt);
  EXPECT_EQ(SaidOf(Descriptor("a", Named(TagOf("x") + ".att"))), std::nullopt);
  Json artifact = Named("v1");
  artifact["artifactType"] = kBundleType;
  EXPECT_EQ(SaidOf(Descriptor("a", artifact)), ListedAs::kUntold);
  EXPECT_EQ(SaidOf(Descriptor("a", {{"mediaType", kOciIndexType}})), std::nullopt);
}

TEST(SignatureListingTest, BrokenDescriptorsAreLeftOut) {
  EXPECT_EQ(SaidOf("text"), std::nullopt);
  EXPECT_EQ(SaidOf({{"digest", "sha256:12"}}), std::nullopt);
  EXPECT_EQ(SaidOf({{"digest", 5}}), std::nullopt);
  EXPECT_EQ(SaidOf(Descriptor("a", {{"annotations", "text"}})), ListedAs::kUntold);
}

TEST(SignatureListingTest, RefusesWhatIsNoIndex) {
  EXPECT_THAT(ListSignatures(base::AsBytes("{\"manifests\":[")), FailsWith(Reason::kMalformed));
  EXPECT_THAT(List(Json::array()), FailsWith(Reason::kMalformed));
  EXPECT_THAT(List({{"layers", Json::array()}}), FailsWith(Reason::kWrongType));
  Json both = IndexOf({});
  both["layers"] = Json::array();
  EXPECT_THAT(List(both), FailsWith(Reason::kWrongType));
}

TEST(SignatureListingTest, IsBounded) {
  std::vector<Json> manifests;
  for (std::size_t i = 0; i < kMaxListedManifests; ++i) {
    manifests.push_back(Descriptor(std::to_string(i)));
  }
  EXPECT_THAT(List(IndexOf(manifests)), IsOk());
  manifests.push_back(Descriptor("image", Named("v1")));
  EXPECT_THAT(List(IndexOf(manifests)), IsOk()) << "images are not counted";
  manifests.push_back(Descriptor("one more"));
  EXPECT_THAT(List(IndexOf(manifests)), FailsWith(Reason::kTooLarge));
  std::string text = IndexOf({}).dump();
  text.append(kMaxListingBytes - text.size(), ' ');
  EXPECT_THAT(ListSignatures(base::AsBytes(text)), IsOk());
  EXPECT_THAT(ListSignatures(base::AsBytes(text + " ")), FailsWith(Reason::kTooLarge));
}

Json ManifestWith(const Json& layer, const Json& more = Json::object()) {
  Json out = {{"schemaVersion", 2},
              {"config", Descriptor("{}")},
              {"layers", {layer}},
              {"subject", Descriptor("image")}};
  out.update(more);
  return out;
}

std::optional<SignatureManifest> Read(const Json& manifest) {
  return ReadSignatureManifest(base::AsBytes(manifest.dump()));
}

TEST(SignatureManifestTest, ABundleIsASignatureOfItsSubject) {
  const Json layer = Descriptor("bundle", {{"mediaType", kBundleType}});
  const auto plain = Read(ManifestWith(layer));
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->kind, ObjectKind::kReferrerManifest);
  EXPECT_EQ(plain->subject, DigestOf("image"));
  const auto with = [&](const std::string& predicate) {
    return Read(
        ManifestWith(layer, {{"annotations", {{"dev.sigstore.bundle.predicateType", predicate}}}}));
  };
  EXPECT_LT(with("https://sigstore.dev/cosign/sign/v1")->rank, plain->rank);
  EXPECT_EQ(with("https://slsa.dev/provenance/v1")->rank, kMaxSignatureRank);
}

TEST(SignatureManifestTest, SoIsACosignSignatureWithASubject) {
  const Json layer =
      Descriptor("payload", {{"annotations", {{"dev.cosignproject.cosign/signature", "MEUC"}}}});
  const auto read = Read(ManifestWith(layer));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->kind, ObjectKind::kLegacyManifest);
}

TEST(SignatureManifestTest, OtherManifestsAreNone) {
  const Json bundle = Descriptor("bundle", {{"mediaType", kBundleType}});
  EXPECT_FALSE(Read(ManifestWith(Descriptor("sbom"))).has_value());
  Json without = ManifestWith(bundle);
  without.erase("subject");
  EXPECT_FALSE(Read(without).has_value()) << "nobody's";
  EXPECT_FALSE(Read(IndexOf({})).has_value());
  EXPECT_FALSE(ReadSignatureManifest(base::AsBytes("{")).has_value());
}

}  // namespace
}  // namespace sigward::verifier
