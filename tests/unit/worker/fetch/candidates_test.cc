#include "worker/fetch/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"
#include "scripted_registry.h"
#include "verifier/evidence.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::DescriptorOf;
using testing::DigestOf;
using testing::FailsWith;
using testing::IndexOf;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::LegacyLayer;
using testing::ManifestOf;
using ::testing::SizeIs;

std::string Sized(const std::string& size) {
  return "{\"mediaType\":\"a/b\",\"digest\":\"" + DigestOf("x").text() + "\",\"size\":" + size +
         "}";
}

TEST(LegacyPayloads, TakesLayersWithASignatureAndEachBlobOnce) {
  const std::string manifest = ManifestOf({
      LegacyLayer("one"),
      DescriptorOf("plain", "a/b"),
      DescriptorOf("attestation", "a/b",
                   ",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"\"}"),
      LegacyLayer("two"),
      LegacyLayer("one"),
  });
  const auto payloads = LegacyPayloads(manifest);
  ASSERT_THAT(payloads, IsOk());
  ASSERT_THAT(payloads->wanted, SizeIs(2));
  EXPECT_EQ(payloads->wanted[0].digest, DigestOf("one"));
  EXPECT_EQ(payloads->wanted[0].size, 3U);
  EXPECT_EQ(payloads->wanted[1].digest, DigestOf("two"));
  EXPECT_EQ(payloads->listed, 3U);
}

TEST(LegacyPayloads, RefusesWhatIsNoManifest) {
  EXPECT_FALSE(LegacyPayloads("").ok());
  EXPECT_FALSE(LegacyPayloads("[]").ok());
  EXPECT_FALSE(LegacyPayloads(IndexOf({})).ok());
}

TEST(ListedReferrers, TakesEveryManifestWhateverItSaysOfItself) {
  const auto referrers = ListedReferrers(IndexOf({
      DescriptorOf("one", "a/b", ",\"artifactType\":\"application/spdx+json\""),
      DescriptorOf("two", "x/y", ",\"artifactType\":7,\"annotations\":[]"),
      DescriptorOf("one", "a/b"),
  }));
  ASSERT_THAT(referrers, IsOk());
  ASSERT_THAT(referrers->wanted, SizeIs(2));
  EXPECT_EQ(referrers->wanted[0].digest, DigestOf("one"));
  EXPECT_EQ(referrers->wanted[1].digest, DigestOf("two"));
}

TEST(ListedReferrers, PutsWhatLooksLikeASignatureFirst) {
  const std::string bundle = std::string(",\"artifactType\":\"") + testing::kBundleType + "\"";
  const auto referrers = ListedReferrers(IndexOf({
      DescriptorOf("sbom", "a/b", ",\"artifactType\":\"application/spdx+json\""),
      DescriptorOf("empty", "a/b",
                   std::string(",\"artifactType\":\"") + testing::kEmptyType + "\""),
      DescriptorOf("attestation", "a/b",
                   bundle + ",\"annotations\":{\"dev.sigstore.bundle.predicateType\":\"x\"}"),
      DescriptorOf("bundle", "a/b", bundle),
      DescriptorOf("legacy", "a/b",
                   ",\"artifactType\":\"application/vnd.dev.cosign.artifact.sig.v1+json\""),
      DescriptorOf("signature", "a/b",
                   bundle + ",\"annotations\":{\"dev.sigstore.bundle.predicateType\":"
                            "\"https://sigstore.dev/cosign/sign/v1\"}"),
  }));
  ASSERT_THAT(referrers, IsOk());
  const char* order[] = {"signature", "attestation", "bundle", "legacy", "empty", "sbom"};
  ASSERT_THAT(referrers->wanted, SizeIs(std::size(order)));
  for (std::size_t i = 0; i < std::size(order); ++i) {
    EXPECT_EQ(referrers->wanted[i].digest, DigestOf(order[i])) << order[i];
  }
}

TEST(ListedReferrers, CountsDescriptorsThatLeadNowhere) {
  const auto referrers = ListedReferrers(IndexOf({
      "7",
      "{}",
      "{\"digest\":\"sha256:../../x\",\"size\":1}",
      Sized("-1"),
      Sized("0"),
      Sized("1.5"),
      Sized("\"1\""),
      Sized(std::to_string(verifier::kMaxManifestBytes + 1)),
  }));
  ASSERT_THAT(referrers, IsOk());
  EXPECT_THAT(referrers->wanted, IsEmpty());
  EXPECT_EQ(referrers->unusable, 8U);
  const auto at_cap =
      ListedReferrers(IndexOf({Sized(std::to_string(verifier::kMaxManifestBytes))}));
  ASSERT_THAT(at_cap, IsOk());
  EXPECT_THAT(at_cap->wanted, SizeIs(1));
}

TEST(ListedReferrers, RefusesWhatIsNoIndex) {
  EXPECT_THAT(ListedReferrers("{"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ListedReferrers("[]"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(ListedReferrers("{}"), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ListedReferrers(ManifestOf({})), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ListedReferrers("{\"manifests\":[],\"layers\":[]}"), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ListedReferrers("{\"manifests\":[],\"config\":{}}"), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ListedReferrers("{\"manifests\":{}}"), FailsWith(Reason::kWrongType));
  EXPECT_THAT(ListedReferrers("{\"manifests\":[],\"manifests\":[]}"),
              FailsWith(Reason::kDuplicateKey));
  EXPECT_THAT(ListedReferrers(std::string(kMaxReferrersBytes + 1, ' ')),
              FailsWith(Reason::kTooLarge));
}

TEST(ReadReferrer, FindsTheBundle) {
  const std::string bundle = DescriptorOf("bundle", testing::kBundleType);
  const Referrer good = ReadReferrer(ManifestOf({bundle}));
  EXPECT_EQ(good.kind, ReferrerKind::kBundle);
  ASSERT_THAT(good.blobs, SizeIs(1));
  EXPECT_EQ(good.blobs[0].digest, DigestOf("bundle"));

  const std::string too_large =
      "{\"mediaType\":\"" + std::string(testing::kBundleType) + "\",\"digest\":\"" +
      DigestOf("x").text() + "\",\"size\":" + std::to_string(verifier::kMaxBundleBytes + 1) + "}";
  for (const std::string& broken :
       {ManifestOf({bundle, bundle}), ManifestOf({DescriptorOf("x", "a/b"), bundle}),
        ManifestOf({testing::LegacyLayer("x"), bundle}), ManifestOf({too_large}), std::string("{"),
        IndexOf({})}) {
    const Referrer referrer = ReadReferrer(broken);
    EXPECT_EQ(referrer.kind, ReferrerKind::kBroken) << broken;
    EXPECT_THAT(referrer.blobs, IsEmpty());
  }
  EXPECT_EQ(ReadReferrer(ManifestOf({DescriptorOf("sbom", "a/b")})).kind, ReferrerKind::kOther);
  EXPECT_EQ(ReadReferrer(ManifestOf({})).kind, ReferrerKind::kOther);
}

TEST(ReadReferrer, FindsLegacyPayloads) {
  const Referrer good =
      ReadReferrer(ManifestOf({testing::LegacyLayer("one"), DescriptorOf("x", "a/b"),
                               testing::LegacyLayer("two"), testing::LegacyLayer("one")}));
  EXPECT_EQ(good.kind, ReferrerKind::kLegacy);
  ASSERT_THAT(good.blobs, SizeIs(2));
  EXPECT_EQ(good.blobs[0].digest, DigestOf("one"));
  EXPECT_EQ(good.blobs[1].digest, DigestOf("two"));

  const Referrer too_large = ReadReferrer(
      ManifestOf({testing::LegacyLayer(std::string(verifier::kMaxPayloadBytes + 1, 'x'))}));
  EXPECT_EQ(too_large.kind, ReferrerKind::kBroken);
  EXPECT_THAT(too_large.blobs, IsEmpty());
  // An attestation's annotation is empty.
  EXPECT_EQ(ReadReferrer(
                ManifestOf({DescriptorOf(
                    "x", "a/b", ",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"\"}")}))
                .kind,
            ReferrerKind::kOther);
}

}  // namespace
}  // namespace sigward::worker
