#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "image_evidence.h"
#include "private_sigstore/certificate_authority.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AddBundleText;
using sigward::testing::AddGoodBundle;
using sigward::testing::AddGoodLegacy;
using sigward::testing::AddLegacyText;
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

Digest Other() {
  return Digest::Of(base::AsBytes("another image"));
}

/// A legacy signature whose payload is for SUBJECT although it is offered for the image.
void AddLegacyFor(ImageEvidence& evidence, const Digest& subject, const TestKey& key) {
  const std::string payload = SimpleSigningFor(subject.text()).dump();
  AddLegacyText(evidence, TestImage(), payload, SignText(key, payload));
}

TEST(VerifyImageRefusalsTest, RefusesSignaturesThatAreNotStrictBase64) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const std::string good = SignText(TestKey::Shared(KeyType::kRsa), payload);
  ASSERT_TRUE(good.ends_with("=="));
  const std::string kCases[] = {
      good + "\n",
      " " + good,
      good.substr(0, 76) + "\n" + good.substr(76),
      good + "AAAA",
      good.substr(0, good.size() - 1),
      good.substr(0, good.size() - 2),
      good + "=",
      good + "x",
      good.substr(0, 4) + "-_" + good.substr(6),
      std::string("=="),
      std::string("\0", 1) + good,
  };
  for (const std::string& text : kCases) {
    ImageEvidence evidence;
    AddLegacyText(evidence, TestImage(), payload, text);
    EXPECT_EQ(VerifyOne(evidence, TestKey::Shared(KeyType::kRsa)).word(), "malformed") << text;
  }
  ImageEvidence evidence;
  AddLegacyText(evidence, TestImage(), payload, good);
  EXPECT_EQ(VerifyOne(evidence, TestKey::Shared(KeyType::kRsa)).word(), "verified");
}

TEST(VerifyImageRefusalsTest, BoundsTheSignature) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const auto word = [&](std::size_t size) {
    ImageEvidence evidence;
    AddLegacyText(evidence, TestImage(), payload, base::EncodeBase64(base::ByteBuffer(size, 1)));
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(word(kMaxSignatureBytes), "bad-signature");
  EXPECT_EQ(word(kMaxSignatureBytes + 1), "too-large");
  EXPECT_EQ(word(100000), "too-large");
}

TEST(VerifyImageRefusalsTest, ALayerWithoutASignatureIsNone) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  Json empty = LegacyLayer(payload, "");
  Json bare = DescriptorOf("application/vnd.dev.cosign.simplesigning.v1+json", payload);
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf({empty, bare}), TestImage());
  const OneVerdict verdict = VerifyOne(evidence, Key());
  EXPECT_EQ(verdict.word(), "no-signature");
  EXPECT_EQ(verdict.signatures_seen, 0U);
}

TEST(VerifyImageRefusalsTest, RefusesAnAttestationAsASignature) {
  Json statement = StatementFor(TestImage());
  statement["predicateType"] = "https://slsa.dev/provenance/v1";
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(), BundleFor(Key(), statement.dump()).dump());
  const OneVerdict alone = VerifyOne(evidence, Key());
  EXPECT_EQ(alone.word(), "no-signature");
  EXPECT_THAT(alone.error().detail, HasSubstr("https://slsa.dev/provenance/v1"));
  EXPECT_EQ(alone.signatures_seen, 1U);
  // With another failure beside it, that one says more.
  AddGoodLegacy(evidence, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature");
}

TEST(VerifyImageRefusalsTest, RefusesAMessageSignatureAndACertificate) {
  Json message = BundleFor(Key(), "x");
  message.erase("dsseEnvelope");
  message["messageSignature"] = {{"signature", "AAAA"}};
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(), message.dump());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "unsupported-format");
  EXPECT_THAT(VerifyOne(evidence, Key()).error().detail, HasSubstr("message signature"));

  // Whose key the certificate holds plays no part.
  const sigward::testing::PrivateAuthority authority;
  const Certificate leaf = authority.Issue(sigward::testing::LeafPlan(), Key());
  Json certificate = BundleFor(Key(), StatementFor(TestImage()).dump());
  certificate["verificationMaterial"] = {
      {"certificate", {{"rawBytes", base::EncodeBase64(leaf.der())}}}};
  ImageEvidence other;
  AddBundleText(other, TestImage(), certificate.dump());
  EXPECT_EQ(VerifyOne(other, Key()).word(), "bad-signature");
  EXPECT_THAT(VerifyOne(other, Key()).error().detail, HasSubstr("with a certificate"));
}

TEST(VerifyImageRefusalsTest, RefusesAnotherPayloadTypeThatIsSigned) {
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(),
                BundleFor(Key(), StatementFor(TestImage()).dump(), HashAlgorithm::kSha256,
                          "application/vnd.in-toto+json; charset=utf-8")
                    .dump());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "wrong-type");
}

TEST(VerifyImageRefusalsTest, SubjectOfABundleManifestMustBeWhatItWasOfferedFor) {
  const std::string bundle = BundleFor(Key(), StatementFor(TestImage()).dump()).dump();
  ImageEvidence evidence;
  evidence.AddBlob(bundle);
  evidence.AddReferrer(ReferrerOf({DescriptorOf(kBundleType, bundle)}, Other()), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  ImageEvidence none;
  none.AddBlob(bundle);
  none.AddReferrer(ManifestOf({DescriptorOf(kBundleType, bundle)}), TestImage());
  EXPECT_EQ(VerifyOne(none, Key()).word(), "digest-mismatch");
}

TEST(VerifyImageRefusalsTest, ABundleIsTheOnlyLayerOfItsManifest) {
  const std::string bundle = BundleFor(Key(), StatementFor(TestImage()).dump()).dump();
  const Json layer = DescriptorOf(kBundleType, bundle);
  ImageEvidence evidence;
  evidence.AddBlob(bundle);
  evidence.AddReferrer(ReferrerOf({layer, layer}, TestImage()), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
}

TEST(VerifyImageRefusalsTest, ManifestsOfferedForAnotherDigestDoNotCount) {
  ImageEvidence evidence;
  AddGoodLegacy(evidence, Other(), Key());
  AddGoodBundle(evidence, Other(), Key());
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  evidence.AddBlob(payload);
  evidence.Add(ObjectKind::kLegacyManifest,
               ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}).dump());
  const OneVerdict verdict = VerifyOne(evidence, Key());
  EXPECT_EQ(verdict.word(), "no-signature");
  EXPECT_EQ(verdict.signatures_seen, 0U);
}

TEST(VerifyImageRefusalsTest, ReferrersOfOtherKindsAreNoSignatures) {
  ImageEvidence evidence;
  for (const char* type : {"application/spdx+json", "application/jose+json",
                           "application/vnd.dev.cosign.simplesigning.v1+json"}) {
    evidence.AddReferrer(ReferrerOf({DescriptorOf(type, "x")}, TestImage()), TestImage());
  }
  evidence.AddReferrer(sigward::testing::IndexOf({}), TestImage());
  const OneVerdict verdict = VerifyOne(evidence, Key());
  EXPECT_EQ(verdict.word(), "no-signature");
  EXPECT_EQ(verdict.error().detail, "no signature found");
}

TEST(VerifyImageRefusalsTest, HashesEveryObjectBeforeItIsUsed) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const std::string manifest = ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}).dump();
  {
    ImageEvidence evidence;
    evidence.AddBlob(payload);
    evidence.AddAs(Other(), ObjectKind::kLegacyManifest, manifest, TestImage());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  }
  {
    ImageEvidence evidence;
    evidence.AddAs(Digest::Of(base::AsBytes(payload)), ObjectKind::kBlob, payload + " ");
    evidence.Add(ObjectKind::kLegacyManifest, manifest, TestImage());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
    // The right bytes behind the wrong ones are found.
    evidence.AddBlob(payload);
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
  }
}

TEST(VerifyImageRefusalsTest, SizeMustBeWhatTheDescriptorSays) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  for (const int delta : {-1, 1}) {
    Json layer = LegacyLayer(payload, SignText(Key(), payload));
    layer["size"] = static_cast<int>(payload.size()) + delta;
    ImageEvidence evidence;
    evidence.AddBlob(payload);
    evidence.AddLegacy(ManifestOf({layer}), TestImage());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
  }
}

TEST(VerifyImageRefusalsTest, RefusesLayersThatPointElsewhere) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  Json layer = LegacyLayer(payload, SignText(Key(), payload));
  layer["urls"] = Json::array({"https://elsewhere.example/blob"});
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf({layer}), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "unsupported-format");
}

TEST(VerifyImageRefusalsTest, AMissingBlobIsCouldNotTellUnlessSomethingSaysMore) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  ImageEvidence evidence;
  evidence.AddLegacy(ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "evidence-missing");
  // A manifest with the blob's digest is no blob.
  evidence.Add(ObjectKind::kReferrerManifest, payload, TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
  AddGoodBundle(evidence, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature");
}

TEST(VerifyImageRefusalsTest, TheFailureThatCameFurthestIsNamed) {
  ImageEvidence evidence;
  evidence.Add(ObjectKind::kReferrerManifest, "not json", TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
  AddGoodBundle(evidence, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature");
  AddLegacyFor(evidence, Other(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  const std::string payload = SimpleSigningFor(TestImage().text()).dump() + "x";
  AddLegacyText(evidence, TestImage(), payload, SignText(Key(), payload));
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  AddGoodLegacy(evidence, TestImage(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
}

TEST(VerifyImageRefusalsTest, RefusesASignedPayloadWithBadJson) {
  const std::string good = SimpleSigningFor(TestImage().text()).dump();
  std::string twice = good;
  twice.insert(1, R"("critical":{},)");
  std::string utf8 = good;
  utf8.insert(good.find("prod"), "\xff");
  std::string type = good;
  type.replace(type.find("cosign container"), 6, "Cosign");
  const struct {
    std::string payload;
    std::string word;
  } kCases[] = {
      {twice, "duplicate-key"},  {utf8, "malformed"},
      {good + "x", "malformed"}, {good + std::string(1, '\0'), "malformed"},
      {type, "wrong-type"},      {std::string(100000, '['), "malformed"},
      {"", "malformed"},
  };
  for (const auto& c : kCases) {
    ImageEvidence evidence;
    AddLegacyText(evidence, TestImage(), c.payload, SignText(Key(), c.payload));
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), c.word) << c.payload.substr(0, 300);
  }
}

}  // namespace
}  // namespace sigward::verifier
