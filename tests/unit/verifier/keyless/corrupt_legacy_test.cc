// From a valid legacy signature: each value in each annotation spoilt, one at a time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "keyless/deep_mutations.h"
#include "keyless/image_fixture.h"

namespace sigward::verifier {
namespace {

using base::Json;
using sigward::testing::AskLayer;
using sigward::testing::DeepMutationsOf;
using sigward::testing::DemandsWithoutLog;
using sigward::testing::FlippedThrice;
using sigward::testing::ImageEvidence;
using sigward::testing::kCertificateAnnotation;
using sigward::testing::kChainAnnotation;
using sigward::testing::Keyed;
using sigward::testing::Keyless;
using sigward::testing::kLegacyAnnotation;
using sigward::testing::kRekorAnnotation;
using sigward::testing::kTimestampAnnotation;
using sigward::testing::LegacyLayerOf;
using sigward::testing::LegacyPlan;
using sigward::testing::LegacyPlanByKey;
using sigward::testing::PemOf;
using sigward::testing::SignatureParts;
using sigward::testing::SigningPlan;
using sigward::testing::Sigstore;
using sigward::testing::TextMutation;
using sigward::testing::TimestampAuthority;
using sigward::testing::UsualDemands;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Outcome {
  std::size_t cases = 0;
  std::vector<std::string> verified;
};

/// Each fault of the JSON text in the annotation NAME of PARTS; what is swapped in is OTHER's.
Outcome CorruptJson(const SignatureParts& parts, const SignatureParts& other, const char* name,
                    const ImageAuthority& authority) {
  const Json good = LegacyLayerOf(parts);
  EXPECT_EQ(AskLayer(parts, good, authority), "verified");
  EXPECT_EQ(AskLayer(other, LegacyLayerOf(other), authority), "verified");
  const auto text_of = [&](const Json& layer) {
    return Json::parse(layer["annotations"][name].get<std::string>());
  };
  Outcome out;
  for (const TextMutation& mutation :
       DeepMutationsOf(text_of(good), text_of(LegacyLayerOf(other)))) {
    Json layer = good;
    layer["annotations"][name] = mutation.text;
    ++out.cases;
    if (AskLayer(parts, layer, authority) == "verified") {
      out.verified.push_back(mutation.name);
    }
  }
  return out;
}

/// Each fault of BYTES, put into a layer by BUILD.
Outcome CorruptBytes(const SignatureParts& parts, base::ByteView bytes,
                     const std::function<void(Json&, base::ByteView)>& build) {
  Outcome out;
  Json layer = LegacyLayerOf(parts);
  build(layer, bytes);
  EXPECT_EQ(AskLayer(parts, layer, Keyless()), "verified");
  const std::string good(bytes.begin(), bytes.end());
  std::vector<std::string> changed = FlippedThrice(good);
  changed.push_back(good + good);
  changed.push_back(good + '\0');
  changed.push_back(good.substr(1));
  changed.push_back(good.substr(0, good.size() - 1));
  for (const std::string& one : changed) {
    build(layer, base::AsBytes(one));
    ++out.cases;
    if (AskLayer(parts, layer, Keyless()) == "verified") {
      out.verified.push_back(std::to_string(out.cases));
    }
  }
  return out;
}

TEST(CorruptLegacyTest, LogEntry) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  const SignatureParts other = Sigstore().Make(LegacyPlan());
  const Outcome outcome = CorruptJson(parts, other, kRekorAnnotation, Keyless());
  EXPECT_EQ(outcome.cases, 47U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(CorruptLegacyTest, LogEntryBesideAKey) {
  const SignatureParts parts = Sigstore().Make(LegacyPlanByKey());
  const SignatureParts other = Sigstore().Make(LegacyPlanByKey());
  const Outcome outcome = CorruptJson(parts, other, kRekorAnnotation, Keyed(&UsualDemands()));
  EXPECT_EQ(outcome.cases, 47U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(CorruptLegacyTest, TimeStamp) {
  SigningPlan plan = LegacyPlan();
  plan.stamped = TimestampAuthority::kNow;
  const SignatureParts parts = Sigstore().Make(plan);
  const SignatureParts other = Sigstore().Make(plan);
  const Outcome outcome =
      CorruptJson(parts, other, kTimestampAnnotation, Keyless(DemandsWithoutLog()));
  EXPECT_EQ(outcome.cases, 10U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(CorruptLegacyTest, Signature) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  const Outcome outcome =
      CorruptBytes(parts, parts.logged.signature, [](Json& layer, base::ByteView bytes) {
        layer["annotations"][kLegacyAnnotation] = base::EncodeBase64(bytes);
      });
  EXPECT_EQ(outcome.cases, 7U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(CorruptLegacyTest, Certificate) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  const Outcome outcome =
      CorruptBytes(parts, *parts.logged.certificate, [](Json& layer, base::ByteView bytes) {
        layer["annotations"][kCertificateAnnotation] = PemOf("CERTIFICATE", bytes);
      });
  EXPECT_EQ(outcome.cases, 7U);
  EXPECT_THAT(outcome.verified, IsEmpty());
}

TEST(CorruptLegacyTest, IssuersAreTrustedForNothing) {
  const SignatureParts parts = Sigstore().Make(LegacyPlan());
  const Outcome outcome =
      CorruptBytes(parts, parts.issuers.front(), [](Json& layer, base::ByteView bytes) {
        layer["annotations"][kChainAnnotation] = PemOf("CERTIFICATE", bytes);
      });
  EXPECT_EQ(outcome.cases, 7U);
  // A changed middle or end still is a certificate, and the trusted root has the true one.
  EXPECT_THAT(outcome.verified, ElementsAre("2", "3"));
}

TEST(CorruptLegacyTest, EveryByteOfAPayload) {
  const SignatureParts good = Sigstore().Make(LegacyPlan());
  for (std::size_t i = 0; i < good.logged.payload.size(); ++i) {
    SignatureParts parts = good;
    parts.logged.payload[i] = static_cast<char>(parts.logged.payload[i] ^ 1);
    // The entry names the digest of the payload, so it is the first to tell.
    EXPECT_EQ(AskLayer(parts, LegacyLayerOf(parts), Keyless()), "log-mismatch") << i;
  }
}

}  // namespace
}  // namespace sigward::verifier
