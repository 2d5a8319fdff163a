// One fault at a time in everything that a valid signature is made of. What still verifies is
// listed by name: it is what the formats leave without meaning, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "image_evidence.h"
#include "json_mutations.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AddBundleText;
using sigward::testing::AddLegacyText;
using sigward::testing::BundleFor;
using sigward::testing::DescriptorOf;
using sigward::testing::ImageEvidence;
using sigward::testing::kBundleType;
using sigward::testing::LegacyLayer;
using sigward::testing::ManifestOf;
using sigward::testing::Mutation;
using sigward::testing::MutationsOf;
using sigward::testing::ReferrerOf;
using sigward::testing::SignText;
using sigward::testing::SimpleSigningFor;
using sigward::testing::StatementFor;
using sigward::testing::TestImage;
using sigward::testing::TestKey;
using sigward::testing::VerifyOne;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const TestKey& Key() {
  return TestKey::Shared(KeyType::kEcdsaP256);
}

struct Outcome {
  std::size_t cases = 0;
  std::vector<std::string> verified;
};

/// Verifies each single-fault neighbour of DOCUMENT, put into an evidence by BUILD.
Outcome Corrupt(const Json& document,
                const std::function<void(ImageEvidence&, const Json&)>& build) {
  ImageEvidence good;
  build(good, document);
  EXPECT_EQ(VerifyOne(good, Key()).word(), "verified");
  Outcome out;
  for (const Mutation& mutation : MutationsOf(document)) {
    ImageEvidence evidence;
    build(evidence, mutation.document);
    ++out.cases;
    if (VerifyOne(evidence, Key()).verified()) {
      out.verified.push_back(mutation.name);
    }
  }
  return out;
}

TEST(SingleFaultTest, LegacyPayloadSignedAgain) {
  const Outcome outcome =
      Corrupt(SimpleSigningFor(TestImage().text()), [](ImageEvidence& evidence, const Json& json) {
        AddLegacyText(evidence, TestImage(), json.dump(), SignText(Key(), json.dump()));
      });
  EXPECT_EQ(outcome.cases, 28U);
  EXPECT_THAT(
      outcome.verified,
      UnorderedElementsAre("changed /critical/identity/docker-reference", "changed /optional/env",
                           "null /optional/env", "removed /optional/env", "renamed /optional/env",
                           "null /optional", "removed /optional"));
}

TEST(SingleFaultTest, LegacyPayloadNotSignedAgain) {
  const Json good = SimpleSigningFor(TestImage().text());
  const std::string signature = SignText(Key(), good.dump());
  const Outcome outcome = Corrupt(good, [&](ImageEvidence& evidence, const Json& json) {
    AddLegacyText(evidence, TestImage(), json.dump(), signature);
  });
  EXPECT_EQ(outcome.cases, 28U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(SingleFaultTest, LegacyManifest) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const Outcome outcome = Corrupt(ManifestOf({LegacyLayer(payload, SignText(Key(), payload))}),
                                  [&](ImageEvidence& evidence, const Json& json) {
                                    evidence.AddBlob(payload);
                                    evidence.AddLegacy(json, TestImage());
                                  });
  EXPECT_EQ(outcome.cases, 47U);
  EXPECT_THAT(outcome.verified,
              UnorderedElementsAre("changed /config/mediaType", "changed /config/size",
                                   "changed /layers/0/mediaType", "removed /mediaType",
                                   "renamed /mediaType"));
}

TEST(SingleFaultTest, EveryByteOfALegacyPayload) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const std::string signature = SignText(Key(), payload);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    std::string changed = payload;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    ImageEvidence evidence;
    AddLegacyText(evidence, TestImage(), changed, signature);
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature") << i;
  }
}

TEST(SingleFaultTest, EveryCharacterOfALegacySignature) {
  const std::string payload = SimpleSigningFor(TestImage().text()).dump();
  const std::string signature = SignText(Key(), payload);
  for (std::size_t i = 0; i < signature.size(); ++i) {
    for (const char other : {'A', 'B', '=', '-', '_', ' ', '\n'}) {
      std::string changed = signature;
      if (changed[i] == other) {
        continue;
      }
      changed[i] = other;
      ImageEvidence evidence;
      AddLegacyText(evidence, TestImage(), payload, changed);
      EXPECT_FALSE(VerifyOne(evidence, Key()).verified()) << i << other;
    }
  }
}

TEST(SingleFaultTest, Bundle) {
  const Outcome outcome = Corrupt(BundleFor(Key(), StatementFor(TestImage()).dump()),
                                  [](ImageEvidence& evidence, const Json& json) {
                                    AddBundleText(evidence, TestImage(), json.dump());
                                  });
  EXPECT_EQ(outcome.cases, 34U);
  EXPECT_THAT(outcome.verified,
              UnorderedElementsAre("changed /verificationMaterial/publicKey/hint",
                                   "null /verificationMaterial/publicKey/hint",
                                   "removed /verificationMaterial/publicKey/hint"));
}

TEST(SingleFaultTest, StatementSignedAgain) {
  const Outcome outcome =
      Corrupt(StatementFor(TestImage()), [](ImageEvidence& evidence, const Json& json) {
        AddBundleText(evidence, TestImage(), BundleFor(Key(), json.dump()).dump());
      });
  EXPECT_EQ(outcome.cases, 23U);
  EXPECT_THAT(outcome.verified,
              UnorderedElementsAre("null /predicate", "removed /predicate", "renamed /predicate"));
}

TEST(SingleFaultTest, StatementNotSignedAgain) {
  const std::string good = StatementFor(TestImage()).dump();
  const Json bundle = BundleFor(Key(), good);
  std::size_t cases = 0;
  for (const Mutation& mutation : MutationsOf(StatementFor(TestImage()))) {
    Json changed = BundleFor(Key(), mutation.document.dump());
    changed["dsseEnvelope"]["signatures"] = bundle["dsseEnvelope"]["signatures"];
    ImageEvidence evidence;
    AddBundleText(evidence, TestImage(), changed.dump());
    EXPECT_EQ(VerifyOne(evidence, Key()).word(), "bad-signature") << mutation.name;
    ++cases;
  }
  EXPECT_EQ(cases, 23U);
}

TEST(SingleFaultTest, BundleManifest) {
  const std::string bundle = BundleFor(Key(), StatementFor(TestImage()).dump()).dump();
  const Outcome outcome = Corrupt(ReferrerOf({DescriptorOf(kBundleType, bundle)}, TestImage()),
                                  [&](ImageEvidence& evidence, const Json& json) {
                                    evidence.AddBlob(bundle);
                                    evidence.AddReferrer(json, TestImage());
                                  });
  EXPECT_EQ(outcome.cases, 55U);
  EXPECT_THAT(
      outcome.verified,
      UnorderedElementsAre("changed /config/mediaType", "changed /config/size",
                           "changed /layers/0/mediaType", "changed /subject/mediaType",
                           "changed /subject/size", "removed /mediaType", "renamed /mediaType"));
}

}  // namespace
}  // namespace sigward::verifier
