#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "image_evidence.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AddGoodBundle;
using sigward::testing::AddGoodLegacy;
using sigward::testing::ImageEvidence;
using sigward::testing::IndexEntry;
using sigward::testing::IndexOf;
using sigward::testing::OneVerdict;
using sigward::testing::TestKey;
using sigward::testing::VerifyOne;
using ::testing::HasSubstr;

const TestKey& Key() {
  return TestKey::Shared(KeyType::kEcdsaP256);
}

Digest Amd64() {
  return Digest::Of(base::AsBytes("the amd64 manifest"));
}
Digest Arm64() {
  return Digest::Of(base::AsBytes("the arm64 manifest"));
}

Json GoodIndex() {
  return IndexOf({IndexEntry(Arm64(), "linux", "arm64"), IndexEntry(Amd64(), "linux", "amd64")});
}

Digest DigestOf(const Json& json) {
  return Digest::Of(base::AsBytes(json.dump()));
}

/// What is said about the image INDEX when it is brought along with a good signature of SUBJECT.
std::string WordWith(const Json& index, const Digest& subject) {
  ImageEvidence evidence;
  const Digest image = evidence.Add(ObjectKind::kImageIndex, index.dump());
  AddGoodLegacy(evidence, subject, Key());
  AddGoodBundle(evidence, subject, Key());
  return VerifyOne(evidence, Key(), image).word();
}

TEST(VerifyImageIndexTest, ASignatureOfTheNodesManifestCountsForItsIndex) {
  for (const auto add_good : {AddGoodLegacy, AddGoodBundle}) {
    ImageEvidence evidence;
    const Digest image = evidence.Add(ObjectKind::kImageIndex, GoodIndex().dump());
    const Digest manifest = add_good(evidence, Amd64(), Key());
    const OneVerdict verdict = VerifyOne(evidence, Key(), image);
    ASSERT_EQ(verdict.word(), "verified");
    EXPECT_EQ(verdict.signature().image(), image);
    EXPECT_EQ(verdict.signature().subject(), Amd64());
    ASSERT_EQ(verdict.signature().proof().size(), 3U);
    EXPECT_EQ(verdict.signature().proof()[0], manifest);
    EXPECT_EQ(verdict.signature().proof()[2], image);
  }
}

TEST(VerifyImageIndexTest, ASignatureOfTheIndexItselfNeedsNoMembership) {
  ImageEvidence evidence;
  const Digest image = evidence.Add(ObjectKind::kImageIndex, GoodIndex().dump());
  AddGoodLegacy(evidence, image, Key());
  const OneVerdict verdict = VerifyOne(evidence, Key(), image);
  ASSERT_EQ(verdict.word(), "verified");
  EXPECT_EQ(verdict.signature().subject(), image);
  EXPECT_EQ(verdict.signature().proof().size(), 2U);
}

TEST(VerifyImageIndexTest, OtherManifestsDoNotCount) {
  EXPECT_EQ(WordWith(GoodIndex(), Amd64()), "verified");
  // Of another platform.
  EXPECT_EQ(WordWith(GoodIndex(), Arm64()), "no-signature");
  // Not in the index at all.
  EXPECT_EQ(WordWith(GoodIndex(), Digest::Of(base::AsBytes("elsewhere"))), "no-signature");
  EXPECT_EQ(WordWith(IndexOf({}), Amd64()), "no-signature");
  EXPECT_EQ(WordWith(IndexOf({IndexEntry(Arm64(), "linux", "arm64")}), Amd64()), "no-signature");
}

TEST(VerifyImageIndexTest, AnIndexThatCouldBeReadInTwoWaysProvesNothing) {
  const Json good = GoodIndex();
  Json both = good;
  both["layers"] = Json::array();
  EXPECT_EQ(WordWith(both, Amd64()), "no-signature");
  Json config = good;
  config["config"] = good["manifests"][0];
  EXPECT_EQ(WordWith(config, Amd64()), "no-signature");
  Json look_alike = good;
  look_alike["Manifests"] = Json::array();
  EXPECT_EQ(WordWith(look_alike, Amd64()), "no-signature");
  Json says_manifest = good;
  says_manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json";
  EXPECT_EQ(WordWith(says_manifest, Amd64()), "no-signature");
  Json nested = good;
  nested["manifests"][0]["mediaType"] = "application/vnd.oci.image.index.v1+json";
  EXPECT_EQ(WordWith(nested, Amd64()), "no-signature");
}

TEST(VerifyImageIndexTest, ASecondManifestForThePlatformProvesNothing) {
  const Digest evil = Digest::Of(base::AsBytes("an unsigned manifest"));
  for (const char* architecture : {"amd64", "x86_64", "AMD64"}) {
    Json index = GoodIndex();
    index["manifests"].insert(index["manifests"].begin(), IndexEntry(evil, "linux", architecture));
    EXPECT_EQ(WordWith(index, Amd64()), "no-signature") << architecture;
  }
}

TEST(VerifyImageIndexTest, TheIndexMustBeTheImage) {
  const Digest image = DigestOf(GoodIndex());
  {
    // Bytes of another index under the image's digest.
    ImageEvidence evidence;
    evidence.AddAs(image, ObjectKind::kImageIndex, GoodIndex().dump() + " ");
    AddGoodLegacy(evidence, Amd64(), Key());
    EXPECT_EQ(VerifyOne(evidence, Key(), image).word(), "no-signature");
    // The right bytes behind the wrong ones are found.
    evidence.Add(ObjectKind::kImageIndex, GoodIndex().dump());
    EXPECT_EQ(VerifyOne(evidence, Key(), image).word(), "verified");
  }
  {
    // An honest index, of another image.
    ImageEvidence evidence;
    evidence.Add(ObjectKind::kImageIndex, GoodIndex().dump());
    AddGoodLegacy(evidence, Amd64(), Key());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "no-signature");
  }
  {
    // The index offered as something else.
    ImageEvidence evidence;
    evidence.AddBlob(GoodIndex().dump());
    AddGoodLegacy(evidence, Amd64(), Key());
    EXPECT_EQ(VerifyOne(evidence, Key(), image).word(), "no-signature");
  }
}

TEST(VerifyImageIndexTest, SaysWhyTheIndexDidNotHelp) {
  ImageEvidence evidence;
  const Digest image = evidence.Add(ObjectKind::kImageIndex,
                                    IndexOf({IndexEntry(Arm64(), "linux", "arm64")}).dump());
  const OneVerdict verdict = VerifyOne(evidence, Key(), image);
  EXPECT_EQ(verdict.word(), "no-signature");
  EXPECT_THAT(verdict.error().detail, HasSubstr("linux/amd64"));
}

TEST(VerifyImageIndexTest, JunkForTheIndexDoesNotPushOutTheManifests) {
  ImageEvidence evidence;
  const Digest image = evidence.Add(ObjectKind::kImageIndex, GoodIndex().dump());
  const std::string payload = sigward::testing::SimpleSigningFor(image.text()).dump();
  std::vector<Json> junk;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = base::EncodeBase64(base::AsBytes(std::to_string(i)));
    junk.push_back(sigward::testing::LegacyLayer(payload, text));
  }
  evidence.AddBlob(payload);
  evidence.AddLegacy(sigward::testing::ManifestOf(junk), image);
  AddGoodLegacy(evidence, Amd64(), Key());
  EXPECT_EQ(VerifyOne(evidence, Key(), image).word(), "verified");
}

}  // namespace
}  // namespace sigward::verifier
