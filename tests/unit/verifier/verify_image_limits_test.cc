#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "image_evidence.h"
#include "verifier/manifest.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AddBundleText;
using sigward::testing::AddGoodBundle;
using sigward::testing::AddGoodLegacy;
using sigward::testing::BundleFor;
using sigward::testing::DescriptorOf;
using sigward::testing::ImageEvidence;
using sigward::testing::kBundleType;
using sigward::testing::LegacyLayer;
using sigward::testing::ManifestOf;
using sigward::testing::OneVerdict;
using sigward::testing::ReferrerOf;
using sigward::testing::SignText;
using sigward::testing::SimpleSigningFor;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::VerifyOne;
using ::testing::HasSubstr;

const TestKey& Key() {
  return TestKey::Shared(KeyType::kEcdsaP256);
}

/// COUNT different signatures of PAYLOAD, none of which is one.
std::vector<Json> JunkLayers(const std::string& payload, std::size_t count) {
  std::vector<Json> layers;
  for (std::size_t i = 0; i < count; ++i) {
    layers.push_back(LegacyLayer(payload, base::EncodeBase64(base::AsBytes(std::to_string(i)))));
  }
  return layers;
}

/// A manifest with JUNK bad signatures before a good one.
void AddLegacyBehind(ImageEvidence& evidence, std::size_t junk) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  std::vector<Json> layers = JunkLayers(payload, junk);
  layers.push_back(LegacyLayer(payload, SignText(Key(), payload)));
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf(layers), TestImage());
}

void AddJunkBundles(ImageEvidence& evidence, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    AddBundleText(evidence, TestImage(), BundleFor(TestKey::Stranger(), std::to_string(i)).dump());
  }
}

TEST(VerifyImageLimitsTest, LooksAtSoManySignaturesAndNoMore) {
  ImageEvidence last;
  AddLegacyBehind(last, kMaxSignatures - 1);
  EXPECT_EQ(VerifyOne(last, Key()).word(), "verified");
  EXPECT_EQ(VerifyOne(last, Key()).signatures_seen, kMaxSignatures);

  ImageEvidence beyond;
  AddLegacyBehind(beyond, kMaxSignatures);
  const OneVerdict verdict = VerifyOne(beyond, Key());
  EXPECT_EQ(verdict.word(), "bad-signature");
  EXPECT_EQ(verdict.signatures_seen, kMaxSignatures);
  EXPECT_THAT(verdict.error().detail, HasSubstr("looked at 64 of 65 signatures"));
}

TEST(VerifyImageLimitsTest, JunkOfOneFormatDoesNotPushOutTheOther) {
  {
    ImageEvidence evidence;
    AddJunkBundles(evidence, 100);
    AddLegacyBehind(evidence, kMaxSignatures / 2 - 1);
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
  }
  {
    ImageEvidence evidence;
    AddLegacyBehind(evidence, kMaxLayers - 1);
    AddJunkBundles(evidence, kMaxSignatures / 2 - 1);
    AddGoodBundle(evidence, TestImage(), Key());
    const OneVerdict verdict = VerifyOne(evidence, Key());
    ASSERT_EQ(verdict.word(), "verified");
    EXPECT_EQ(verdict.signature().format(), SignatureFormat::kSigstoreBundle);
    EXPECT_EQ(verdict.signatures_seen, kMaxSignatures);
  }
}

TEST(VerifyImageLimitsTest, JunkOfOneCarrierDoesNotPushOutTheOther) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const std::vector<Json> junk = JunkLayers(payload, kMaxLayers);
  const std::vector<Json> good = {LegacyLayer(payload, SignText(Key(), payload))};
  for (const bool by_referrer : {true, false}) {
    ImageEvidence evidence;
    evidence.AddBlob(payload);
    evidence.AddReferrer(ReferrerOf(by_referrer ? good : junk, TestImage()), TestImage());
    evidence.AddLegacy(ManifestOf(by_referrer ? junk : good), TestImage());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified") << by_referrer;
    EXPECT_EQ(VerifyOne(evidence, Key()).signatures_seen, kMaxSignatures);
  }
}

TEST(VerifyImageLimitsTest, TheSameSignatureAgainIsNoFurtherOne) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  std::vector<Json> layers(kMaxLayers - 1, LegacyLayer(payload, "AAAA"));
  layers.push_back(LegacyLayer(payload, SignText(Key(), payload)));
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf(layers), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
  EXPECT_EQ(VerifyOne(evidence, Key()).signatures_seen, 2U);
}

TEST(VerifyImageLimitsTest, AnAnnotationMakesNoOtherBundle) {
  const std::string bundle = BundleFor(TestKey::Stranger(), "junk").dump();
  ImageEvidence evidence;
  evidence.AddBlob(bundle);
  for (std::size_t i = 0; i < kMaxSignatures; ++i) {
    Json layer = DescriptorOf(kBundleType, bundle);
    layer["annotations"][std::string(sigward::testing::kLegacyAnnotation)] = std::to_string(i);
    evidence.AddReferrer(ReferrerOf({layer}, TestImage()), TestImage());
  }
  AddGoodBundle(evidence, TestImage(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
  EXPECT_EQ(VerifyOne(evidence, Key()).signatures_seen, 2U);
}

TEST(VerifyImageLimitsTest, ASpoiltCopyDoesNotStandInForTheGoodOne) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const Json good = LegacyLayer(payload, SignText(Key(), payload));
  Json elsewhere = good;
  elsewhere["urls"] = Json::array({"https://elsewhere.example/"});
  Json other_size = good;
  other_size["size"] = 1;
  Json other_text = good;
  other_text["annotations"][std::string(sigward::testing::kLegacyAnnotation)] = "AAAA";
  Json other_digest = LegacyLayer(payload + " ", SignText(Key(), payload));
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf({elsewhere, other_size, other_text, other_digest, good}),
                     TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
}

TEST(VerifyImageLimitsTest, StrayAndForeignSignaturesHideNothing) {
  const auto add_strays = [](ImageEvidence& evidence) {
    evidence.Add(ObjectKind::kLegacyManifest, "not json", TestImage());
    evidence.Add(ObjectKind::kReferrerManifest, "{}", TestImage());
    evidence.AddAs(Digest::Of({}), ObjectKind::kReferrerManifest, "other bytes", TestImage());
    evidence.AddReferrer(ReferrerOf({DescriptorOf("application/jose+json", "x")}, TestImage()),
                         TestImage());
    AddBundleText(evidence, TestImage(), "not a bundle");
    Json other_version = BundleFor(Key(), StatementFor(TestImage()).dump());
    other_version["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.4";
    AddBundleText(evidence, TestImage(), other_version.dump());
    Json attestation = StatementFor(TestImage());
    attestation["predicateType"] = "https://example.com/other";
    AddBundleText(evidence, TestImage(), BundleFor(Key(), attestation.dump()).dump());
    AddGoodBundle(evidence, TestImage(), TestKey::Stranger());
    AddGoodLegacy(evidence, TestImage(), TestKey::Stranger());
  };
  ImageEvidence strays;
  add_strays(strays);
  EXPECT_EQ(VerifyOne(strays, Key()).word(), "bad-signature");
  for (const auto add_good : {AddGoodLegacy, AddGoodBundle}) {
    ImageEvidence before;
    add_strays(before);
    add_good(before, TestImage(), Key());
    EXPECT_EQ(VerifyOne(before, Key()).word(), "verified");
    ImageEvidence after;
    add_good(after, TestImage(), Key());
    add_strays(after);
    EXPECT_EQ(VerifyOne(after, Key()).word(), "verified");
  }
}

TEST(VerifyImageLimitsTest, RefusesAManifestWithTooManyLayers) {
  ImageEvidence evidence;
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const Json layer = LegacyLayer(payload, SignText(Key(), payload));
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf(std::vector<Json>(10000, layer)), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "too-large");
}

TEST(VerifyImageLimitsTest, BoundsPayloadAndBundle) {
  const auto legacy = [](std::size_t size) {
    std::string payload = SimpleSigningFor(TestImage().text()).dump();
    payload.resize(size, ' ');
    ImageEvidence evidence;
    evidence.AddBlob(payload);
    evidence.AddLegacy(ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}), TestImage());
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(legacy(kMaxPayloadBytes), "verified");
  EXPECT_EQ(legacy(kMaxPayloadBytes + 1), "too-large");
  const auto bundle = [](std::size_t size) {
    std::string text = BundleFor(Key(), StatementFor(TestImage()).dump()).dump();
    text.resize(size, ' ');
    ImageEvidence evidence;
    AddBundleText(evidence, TestImage(), text);
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(bundle(kMaxBundleBytes), "verified");
  EXPECT_EQ(bundle(kMaxBundleBytes + 1), "too-large");
}

TEST(VerifyImageLimitsTest, ADescriptorThatPromisesTooMuchIsRefusedWithoutItsBlob) {
  Json layer = LegacyLayer("x", "AAAA");
  layer["size"] = kMaxPayloadBytes + 1;
  ImageEvidence evidence;
  evidence.AddLegacy(ManifestOf({layer}), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "too-large");
}

TEST(VerifyImageLimitsTest, BoundsManifests) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const auto word = [&](std::size_t size) {
    std::string manifest = ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}).dump();
    manifest.resize(size, ' ');
    ImageEvidence evidence;
    evidence.AddBlob(payload);
    evidence.Add(ObjectKind::kLegacyManifest, manifest, TestImage());
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(word(kMaxManifestBytes), "verified");
  EXPECT_EQ(word(kMaxManifestBytes + 1), "too-large");
}

TEST(VerifyImageLimitsTest, BoundsTheEvidence) {
  const auto objects = [](std::size_t n) {
    ImageEvidence evidence;
    AddGoodLegacy(evidence, TestImage(), Key());
    while (evidence.evidence().size() < n) {
      evidence.AddBlob(std::to_string(evidence.evidence().size()));
    }
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(objects(kMaxEvidenceObjects), "verified");
  EXPECT_EQ(objects(kMaxEvidenceObjects + 1), "too-large");
  const auto bytes = [](std::size_t n) {
    ImageEvidence evidence;
    AddGoodLegacy(evidence, TestImage(), Key());
    for (const EvidenceObject& object : evidence.evidence()) {
      n -= object.bytes.size();
    }
    evidence.AddBlob(std::string(n, 'x'));
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(bytes(kMaxEvidenceBytes), "verified");
  EXPECT_EQ(bytes(kMaxEvidenceBytes + 1), "too-large");
}

}  // namespace
}  // namespace sigward::verifier
