#include "verifier/verify_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/base64.h"
#include "image_evidence.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::AddBundleText;
using sigward::testing::AddGoodBundle;
using sigward::testing::AddGoodLegacy;
using sigward::testing::AuthorityOf;
using sigward::testing::BundleFor;
using sigward::testing::DescriptorOf;
using sigward::testing::FailsWith;
using sigward::testing::ImageEvidence;
using sigward::testing::IsOkAndHolds;
using sigward::testing::kBundleType;
using sigward::testing::LegacyLayer;
using sigward::testing::LinuxAmd64;
using sigward::testing::ManifestOf;
using sigward::testing::OneVerdict;
using sigward::testing::ReferrerOf;
using sigward::testing::SignText;
using sigward::testing::SimpleSigningFor;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::VerifyOne;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr KeyType kAllTypes[] = {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521,
                                 KeyType::kRsa, KeyType::kEd25519};

const TestKey& Key() {
  return TestKey::Shared(KeyType::kEcdsaP256);
}

Digest Other() {
  return Digest::Of(base::AsBytes("another image"));
}

void AddLegacy(ImageEvidence& evidence, const std::string& payload, const std::string& signature) {
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf({LegacyLayer(payload, signature)}), TestImage());
}

/// A legacy signature whose payload is for SUBJECT although it is offered for the image.
void AddLegacyFor(ImageEvidence& evidence, const Digest& subject, const TestKey& key) {
  const std::string payload = SimpleSigningFor(subject.text()).dump();
  AddLegacy(evidence, payload, SignText(key, payload));
}

TEST(VerifyImageTest, AcceptsALegacySignatureByEveryKeyType) {
  for (const KeyType type : kAllTypes) {
    ImageEvidence evidence;
    const Digest manifest = AddGoodLegacy(evidence, TestImage(), TestKey::Shared(type));
    const OneVerdict verdict = VerifyOne(evidence, TestKey::Shared(type));
    ASSERT_EQ(verdict.word(), "verified");
    EXPECT_EQ(verdict.signatures_seen, 1U);
    EXPECT_EQ(verdict.signature().image(), TestImage());
    EXPECT_EQ(verdict.signature().subject(), TestImage());
    EXPECT_EQ(verdict.signature().format(), SignatureFormat::kCosignLegacy);
    EXPECT_EQ(verdict.signature().docker_reference(), "registry.example/app");
    EXPECT_EQ(verdict.signature().authority(), AuthorityOf(TestKey::Shared(type)).id);
    const Digest payload = Digest::Of(base::AsBytes(SimpleSigningFor(TestImage().text()).dump()));
    EXPECT_THAT(verdict.signature().proof(), ElementsAre(manifest, payload));
  }
}

TEST(VerifyImageTest, AcceptsABundleByEveryKeyType) {
  for (const KeyType type : kAllTypes) {
    ImageEvidence evidence;
    const Digest manifest = AddGoodBundle(evidence, TestImage(), TestKey::Shared(type));
    const OneVerdict verdict = VerifyOne(evidence, TestKey::Shared(type));
    ASSERT_EQ(verdict.word(), "verified");
    EXPECT_EQ(verdict.signature().format(), SignatureFormat::kSigstoreBundle);
    EXPECT_EQ(verdict.signature().docker_reference(), "");
    ASSERT_EQ(verdict.signature().proof().size(), 2U);
    EXPECT_EQ(verdict.signature().proof()[0], manifest);
  }
}

TEST(VerifyImageTest, AcceptsAnImageWithASha512Digest) {
  const Digest image = Digest::Of(base::AsBytes("the image"), DigestAlgorithm::kSha512);
  ImageEvidence legacy;
  AddGoodLegacy(legacy, image, Key());
  EXPECT_EQ(VerifyOne(legacy, Key(), image).word(), "verified");
  ImageEvidence bundle;
  AddGoodBundle(bundle, image, Key());
  EXPECT_EQ(VerifyOne(bundle, Key(), image).word(), "verified");
  EXPECT_EQ(VerifyOne(bundle, Key()).word(), "no-signature");
}

TEST(VerifyImageTest, HashDefaultsFollowTheFormat) {
  const auto word = [](KeyType type, bool bundle, HashAlgorithm signs,
                       std::optional<HashAlgorithm> asks) {
    const TestKey& key = TestKey::Shared(type);
    ImageEvidence evidence;
    if (bundle) {
      AddBundleText(evidence, TestImage(),
                    BundleFor(key, StatementFor(TestImage()).dump(), signs).dump());
    } else {
      const std::string payload = SimpleSigningFor(TestImage().text()).dump();
      AddLegacy(evidence, payload, SignText(key, payload, signs));
    }
    return VerifyOne(evidence, key, TestImage(), asks).word();
  };
  constexpr bool kLegacy = false;
  constexpr bool kBundle = true;
  const std::string good = "verified";
  const std::string bad = "bad-signature";
  const struct {
    KeyType type;
    bool bundle;
    HashAlgorithm signs;
    std::optional<HashAlgorithm> asks;
    std::string word;
  } kCases[] = {
      {KeyType::kEcdsaP256, kLegacy, HashAlgorithm::kSha384, {}, bad},
      {KeyType::kEcdsaP384, kLegacy, HashAlgorithm::kSha256, {}, good},
      {KeyType::kEcdsaP384, kLegacy, HashAlgorithm::kSha384, {}, bad},
      {KeyType::kEcdsaP384, kLegacy, HashAlgorithm::kSha384, HashAlgorithm::kSha384, good},
      {KeyType::kEcdsaP521, kLegacy, HashAlgorithm::kSha512, {}, bad},
      {KeyType::kRsa, kLegacy, HashAlgorithm::kSha512, HashAlgorithm::kSha512, good},
      {KeyType::kRsa, kLegacy, HashAlgorithm::kSha256, HashAlgorithm::kSha512, bad},
      {KeyType::kRsa, kLegacy, HashAlgorithm::kSha224, HashAlgorithm::kSha224, good},
      {KeyType::kEcdsaP256, kBundle, HashAlgorithm::kSha384, {}, bad},
      {KeyType::kEcdsaP384, kBundle, HashAlgorithm::kSha384, {}, good},
      {KeyType::kEcdsaP384, kBundle, HashAlgorithm::kSha256, {}, good},
      {KeyType::kEcdsaP384, kBundle, HashAlgorithm::kSha512, {}, bad},
      {KeyType::kEcdsaP384, kBundle, HashAlgorithm::kSha256, HashAlgorithm::kSha384, bad},
      {KeyType::kEcdsaP521, kBundle, HashAlgorithm::kSha512, {}, good},
      {KeyType::kEcdsaP521, kBundle, HashAlgorithm::kSha256, {}, good},
      {KeyType::kEcdsaP521, kBundle, HashAlgorithm::kSha384, {}, bad},
      {KeyType::kEcdsaP521, kBundle, HashAlgorithm::kSha224, HashAlgorithm::kSha224, good},
      {KeyType::kEd25519, kBundle, HashAlgorithm::kSha256, HashAlgorithm::kSha512, good},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(word(c.type, c.bundle, c.signs, c.asks), c.word)
        << static_cast<int>(c.type) << c.bundle << HashAlgorithmName(c.signs);
  }
}

TEST(VerifyImageTest, NothingThereIsNoSignature) {
  const OneVerdict verdict = VerifyOne(ImageEvidence(), Key());
  EXPECT_EQ(verdict.word(), "no-signature");
  EXPECT_EQ(verdict.error().detail, "no signature found");
  EXPECT_EQ(verdict.signatures_seen, 0U);
}

TEST(VerifyImageTest, RefusesAnotherKey) {
  ImageEvidence legacy;
  AddGoodLegacy(legacy, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(legacy, Key()).word(), "bad-signature");
  ImageEvidence bundle;
  AddGoodBundle(bundle, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(bundle, Key()).word(), "bad-signature");
}

TEST(VerifyImageTest, RefusesASignatureOfAnotherDigest) {
  ImageEvidence legacy;
  AddLegacyFor(legacy, Other(), Key());
  EXPECT_EQ(VerifyOne(legacy, Key()).word(), "digest-mismatch");
  ImageEvidence bundle;
  AddBundleText(bundle, TestImage(), BundleFor(Key(), StatementFor(Other()).dump()).dump());
  EXPECT_EQ(VerifyOne(bundle, Key()).word(), "digest-mismatch");
}

TEST(VerifyImageTest, RefusesADigestInUpperCase) {
  std::string upper = TestImage().text();
  for (char& c : upper) {
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const std::string payload = SimpleSigningFor(upper).dump();
  ImageEvidence evidence;
  AddLegacy(evidence, payload, SignText(Key(), payload));
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
}

TEST(VerifyImageTest, RefusesSignaturesThatAreNotStrictBase64) {
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
    AddLegacy(evidence, payload, text);
    EXPECT_EQ(VerifyOne(evidence, TestKey::Shared(KeyType::kRsa)).word(), "malformed") << text;
  }
  ImageEvidence evidence;
  AddLegacy(evidence, payload, good);
  EXPECT_EQ(VerifyOne(evidence, TestKey::Shared(KeyType::kRsa)).word(), "verified");
}

TEST(VerifyImageTest, BoundsTheSignature) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const auto word = [&](std::size_t size) {
    ImageEvidence evidence;
    AddLegacy(evidence, payload, base::EncodeBase64(base::ByteBuffer(size, 1)));
    return VerifyOne(evidence, Key()).word();
  };
  EXPECT_EQ(word(kMaxSignatureBytes), "bad-signature");
  EXPECT_EQ(word(kMaxSignatureBytes + 1), "too-large");
  EXPECT_EQ(word(100000), "too-large");
}

TEST(VerifyImageTest, ALayerWithoutASignatureIsNone) {
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

TEST(VerifyImageTest, RefusesAnAttestationAsASignature) {
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

TEST(VerifyImageTest, RefusesAMessageSignatureAndACertificate) {
  Json message = BundleFor(Key(), "x");
  message.erase("dsseEnvelope");
  message["messageSignature"] = {{"signature", "AAAA"}};
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(), message.dump());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "unsupported-format");
  EXPECT_THAT(VerifyOne(evidence, Key()).error().detail, HasSubstr("message signature"));

  Json certificate = BundleFor(Key(), StatementFor(TestImage()).dump());
  certificate["verificationMaterial"] = {{"certificate", {{"rawBytes", "AAAA"}}}};
  ImageEvidence other;
  AddBundleText(other, TestImage(), certificate.dump());
  EXPECT_EQ(VerifyOne(other, Key()).word(), "unsupported-format");
}

TEST(VerifyImageTest, RefusesAnotherPayloadTypeThatIsSigned) {
  ImageEvidence evidence;
  AddBundleText(evidence, TestImage(),
                BundleFor(Key(), StatementFor(TestImage()).dump(), HashAlgorithm::kSha256,
                          "application/vnd.in-toto+json; charset=utf-8")
                    .dump());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "wrong-type");
}

TEST(VerifyImageTest, SubjectOfABundleManifestMustBeWhatItWasOfferedFor) {
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

TEST(VerifyImageTest, ABundleIsTheOnlyLayerOfItsManifest) {
  const std::string bundle = BundleFor(Key(), StatementFor(TestImage()).dump()).dump();
  const Json layer = DescriptorOf(kBundleType, bundle);
  ImageEvidence evidence;
  evidence.AddBlob(bundle);
  evidence.AddReferrer(ReferrerOf({layer, layer}, TestImage()), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
}

TEST(VerifyImageTest, ManifestsOfferedForAnotherDigestDoNotCount) {
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

TEST(VerifyImageTest, ReferrersOfOtherKindsAreNoSignatures) {
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

TEST(VerifyImageTest, HashesEveryObjectBeforeItIsUsed) {
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

TEST(VerifyImageTest, SizeMustBeWhatTheDescriptorSays) {
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

TEST(VerifyImageTest, RefusesLayersThatPointElsewhere) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  Json layer = LegacyLayer(payload, SignText(Key(), payload));
  layer["urls"] = Json::array({"https://elsewhere.example/blob"});
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  evidence.AddLegacy(ManifestOf({layer}), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "unsupported-format");
}

TEST(VerifyImageTest, AMissingBlobIsCouldNotTellUnlessSomethingSaysMore) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  ImageEvidence evidence;
  evidence.AddLegacy(ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}), TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "evidence-missing");
  // A manifest with the blob's digest is no blob.
  evidence.Add(ObjectKind::kReferrerManifest, payload, TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
  AddGoodLegacy(evidence, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature");
}

TEST(VerifyImageTest, TheFailureThatCameFurthestIsNamed) {
  ImageEvidence evidence;
  evidence.Add(ObjectKind::kReferrerManifest, "not json", TestImage());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "malformed");
  AddGoodBundle(evidence, TestImage(), TestKey::Stranger());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature");
  AddLegacyFor(evidence, Other(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  const std::string payload = SimpleSigningFor(TestImage().text()).dump() + "x";
  AddLegacy(evidence, payload, SignText(Key(), payload));
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
  AddGoodLegacy(evidence, TestImage(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "verified");
}

TEST(VerifyImageTest, RefusesASignedPayloadWithBadJson) {
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
    AddLegacy(evidence, c.payload, SignText(Key(), c.payload));
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), c.word) << c.payload.substr(0, 300);
  }
}

TEST(VerifyImageTest, AnswersEveryAuthorityInOrder) {
  ImageEvidence evidence;
  AddGoodLegacy(evidence, TestImage(), Key());
  std::vector<KeyAuthority> authorities;
  authorities.push_back(AuthorityOf(TestKey::Stranger()));
  authorities.push_back(AuthorityOf(Key()));
  authorities.push_back(AuthorityOf(Key(), HashAlgorithm::kSha512));
  authorities.push_back(AuthorityOf(TestKey::Shared(KeyType::kRsa)));
  const ImageVerdict verdict =
      VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), authorities);
  ASSERT_EQ(verdict.authorities.size(), authorities.size());
  const bool kVerified[] = {false, true, false, false};
  for (std::size_t i = 0; i < authorities.size(); ++i) {
    EXPECT_EQ(verdict.authorities[i].authority, authorities[i].id);
    EXPECT_EQ(std::holds_alternative<VerifiedSignature>(verdict.authorities[i].outcome),
              kVerified[i]);
  }
  EXPECT_TRUE(VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), {}).authorities.empty());
}

TEST(AuthorityHashTest, DependsOnKeyAndHash) {
  const PublicKey key = Key().public_key();
  const AuthorityHash plain = AuthorityHash::OfKey(key, std::nullopt);
  EXPECT_EQ(plain, AuthorityHash::OfKey(Key().public_key(), std::nullopt));
  EXPECT_EQ(plain.bytes().size(), 32U);
  EXPECT_NE(plain.bytes(), key.fingerprint());
  EXPECT_NE(plain, AuthorityHash::OfKey(TestKey::Stranger().public_key(), std::nullopt));
  std::vector<AuthorityHash> all = {plain};
  for (const HashAlgorithm hash : {HashAlgorithm::kSha224, HashAlgorithm::kSha256,
                                   HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    const AuthorityHash other = AuthorityHash::OfKey(key, hash);
    EXPECT_THAT(all, ::testing::Not(::testing::Contains(other)));
    all.push_back(other);
  }
  EXPECT_THAT(AuthorityHash::FromBytes(plain.bytes()), IsOkAndHolds(plain));
  EXPECT_THAT(AuthorityHash::FromBytes(base::ByteBuffer(31)), FailsWith(Reason::kMalformed));
  EXPECT_THAT(AuthorityHash::FromBytes(base::ByteBuffer(33)), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
