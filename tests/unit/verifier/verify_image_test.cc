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
using sigward::testing::AddLegacyText;
using sigward::testing::AuthorityOf;
using sigward::testing::BundleFor;
using sigward::testing::DescriptorOf;
using sigward::testing::FailsWith;
using sigward::testing::ImageEvidence;
using sigward::testing::IsOkAndHolds;
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

constexpr KeyType kAllTypes[] = {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kEcdsaP521,
                                 KeyType::kRsa, KeyType::kEd25519};

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
    EXPECT_EQ(verdict.signature().authority(),
              std::get<KeyAuthority>(AuthorityOf(TestKey::Shared(type))).id);
    const Digest payload = Digest::Of(base::AsBytes(SimpleSigningFor(TestImage().text()).dump()));
    EXPECT_THAT(verdict.signature().proof(), ElementsAre(manifest, payload));
  }
}

TEST(VerifyImageTest, AcceptsALegacySignatureThatIsAReferrer) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const Json layer = LegacyLayer(payload, SignText(Key(), payload));
  const Json stray = DescriptorOf("a/b", "x");
  ImageEvidence evidence;
  evidence.AddBlob(payload);
  const Digest manifest =
      evidence.AddReferrer(ReferrerOf({stray, layer}, TestImage()), TestImage());
  const OneVerdict verdict = VerifyOne(evidence, Key());
  ASSERT_EQ(verdict.word(), "verified");
  EXPECT_EQ(verdict.signature().format(), SignatureFormat::kCosignLegacy);
  EXPECT_EQ(verdict.signature().docker_reference(), "registry.example/app");
  EXPECT_THAT(verdict.signature().proof(),
              ElementsAre(manifest, Digest::Of(base::AsBytes(payload))));

  ImageEvidence without_subject;
  without_subject.AddBlob(payload);
  without_subject.AddReferrer(ManifestOf({layer}), TestImage());
  EXPECT_EQ(VerifyOne(without_subject, Key()).word(), "digest-mismatch");
  ImageEvidence for_another;
  for_another.AddBlob(payload);
  for_another.AddReferrer(ReferrerOf({layer}, Other()), TestImage());
  EXPECT_EQ(VerifyOne(for_another, Key()).word(), "digest-mismatch");
}

/// The word for a bundle that says MEDIA_TYPE of itself, in a layer of type LAYER_TYPE.
std::string WordFor(const std::string& media_type, const std::string& layer_type,
                    const Json& log_entries) {
  Json bundle = BundleFor(Key(), StatementFor(TestImage()).dump());
  bundle["mediaType"] = media_type;
  bundle["verificationMaterial"]["tlogEntries"] = log_entries;
  ImageEvidence evidence;
  evidence.AddBlob(bundle.dump());
  evidence.AddReferrer(ReferrerOf({DescriptorOf(layer_type, bundle.dump())}, TestImage()),
                       TestImage());
  return VerifyOne(evidence, Key()).word();
}

TEST(VerifyImageTest, AcceptsABundleOfEveryVersionWhateverItsLayerSays) {
  const std::string types[] = {"application/vnd.dev.sigstore.bundle+json;version=0.1",
                               "application/vnd.dev.sigstore.bundle+json;version=0.2",
                               "application/vnd.dev.sigstore.bundle.v0.3+json"};
  const Json promised = Json::array({{{"inclusionPromise", {{"signedEntryTimestamp", "AAAA"}}}}});
  for (const std::string& type : types) {
    for (const std::string& layer_type : types) {
      EXPECT_EQ(WordFor(type, layer_type, Json::array()), "verified") << type << layer_type;
      // The rules are those of the document's own version: what a layer claims loosens nothing.
      EXPECT_EQ(WordFor(type, layer_type, promised), type == types[0] ? "verified" : "malformed")
          << type << layer_type;
    }
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
      AddLegacyText(evidence, TestImage(), payload, SignText(key, payload, signs));
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
  AddLegacyText(evidence, TestImage(), payload, SignText(Key(), payload));
  EXPECT_EQ(VerifyOne(evidence, Key()).word(), "digest-mismatch");
}

TEST(VerifyImageTest, AnswersEveryAuthorityInOrder) {
  ImageEvidence evidence;
  AddGoodLegacy(evidence, TestImage(), Key());
  ChainMemory memory;
  std::vector<ImageAuthority> authorities;
  authorities.push_back(AuthorityOf(TestKey::Stranger()));
  authorities.push_back(AuthorityOf(Key()));
  authorities.push_back(AuthorityOf(Key(), HashAlgorithm::kSha512));
  authorities.push_back(AuthorityOf(TestKey::Shared(KeyType::kRsa)));
  const ImageVerdict verdict =
      VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), authorities, memory);
  ASSERT_EQ(verdict.authorities.size(), authorities.size());
  const bool kVerified[] = {false, true, false, false};
  for (std::size_t i = 0; i < authorities.size(); ++i) {
    EXPECT_EQ(verdict.authorities[i].authority, std::get<KeyAuthority>(authorities[i]).id);
    EXPECT_EQ(std::holds_alternative<VerifiedSignature>(verdict.authorities[i].outcome),
              kVerified[i]);
  }
  EXPECT_TRUE(
      VerifyImage(TestImage(), LinuxAmd64(), evidence.evidence(), {}, memory).authorities.empty());
}

TEST(AuthorityHashTest, IsOfTheWholeContent) {
  const AuthorityHash plain = AuthorityHash::Of("a rule");
  EXPECT_EQ(plain, AuthorityHash::Of("a rule"));
  EXPECT_NE(plain, AuthorityHash::Of("a rule "));
  EXPECT_NE(base::EncodeHex(plain.bytes()), Digest::Of(base::AsBytes("a rule")).hex());
  EXPECT_THAT(AuthorityHash::FromBytes(plain.bytes()), IsOkAndHolds(plain));
  EXPECT_THAT(AuthorityHash::FromBytes(base::ByteBuffer(31)), FailsWith(Reason::kMalformed));
  EXPECT_THAT(AuthorityHash::FromBytes(base::ByteBuffer(33)), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
